// What a page is to the server: who may see it, what it is handed, and what it may answer. No page reads a request by itself.
import type { Child } from 'hono/jsx';
import type { Principal, RequestOrigin } from '../../core/principal.ts';
import type { LiveSession } from '../../services/people/sessions.ts';
import type { Frame } from '../views/frame.ts';

export type PageAccess = 'none' | 'person' | 'admin';

export interface PageRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Fields of a posted form; empty for GET. A name given twice keeps the first value. */
  readonly form: Readonly<Record<string, string>>;
  readonly headers: Headers;
  readonly origin: RequestOrigin;
  /** The session cookie as it came, valid or not. */
  readonly cookieToken: string | null;
  readonly frame: Frame;
  /** This server as the reader's browser calls it, without a trailing slash. */
  readonly serverOrigin: string;
}

export interface PersonRequest extends PageRequest {
  readonly session: LiveSession;
  readonly principal: Principal;
}

/** A rendered page, with cookies to set where there are any. */
export class PageAnswer {
  readonly html: Child;
  readonly status: number;
  readonly cookies: readonly string[];
  /** True for a piece that replaces part of a page instead of a whole page. */
  readonly isPiece: boolean;

  constructor(
    html: Child,
    options: { status?: number; cookies?: readonly string[]; isPiece?: boolean } = {},
  ) {
    this.html = html;
    this.status = options.status ?? 200;
    this.cookies = options.cookies ?? [];
    this.isPiece = options.isPiece ?? false;
  }
}

/** Go elsewhere after a form was taken (303), so that loading again does not post again. */
export class Redirect {
  readonly to: string;
  readonly cookies: readonly string[];

  constructor(to: string, cookies: readonly string[] = []) {
    this.to = to;
    this.cookies = cookies;
  }
}

export type Answer = PageAnswer | Redirect | Response;

interface RouteBase {
  readonly method: 'GET' | 'POST';
  /** With `:name` parts, as Hono writes them. */
  readonly path: string;
}

export interface OpenRoute extends RouteBase {
  readonly access: 'none';
  readonly handle: (request: PageRequest) => Promise<Answer>;
}

export interface PersonRoute extends RouteBase {
  readonly access: 'person' | 'admin';
  readonly handle: (request: PersonRequest) => Promise<Answer>;
}

export type PageRoute = OpenRoute | PersonRoute;

type Handle<R> = (request: R) => Promise<Answer> | Answer;

export function openPage(method: 'GET' | 'POST', path: string, handle: Handle<PageRequest>): PageRoute {
  return { method, path, access: 'none', handle: async (request) => handle(request) };
}

export function personPage(method: 'GET' | 'POST', path: string, handle: Handle<PersonRequest>): PageRoute {
  return { method, path, access: 'person', handle: async (request) => handle(request) };
}

export function adminPage(method: 'GET' | 'POST', path: string, handle: Handle<PersonRequest>): PageRoute {
  return { method, path, access: 'admin', handle: async (request) => handle(request) };
}
