// Turns the list of page routes into a Hono app. The order is fixed: identify, access, read the form, CSRF, act.
// Owns the headers of every HTML answer; a failure becomes a page that says what went wrong and nothing of the inside.
import { type Context, Hono } from 'hono';
import { type AppError, appError, toAppError } from '../../errors/app-error.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { asStoreOutage } from '../../store/store-outage.ts';
import { ASSET_PREFIX, type Assets } from '../assets/create-assets.ts';
import { CSRF_FIELD, type CsrfPolicy, requireOwnChange } from '../guard/csrf.ts';
import { type ConsoleEnv, readVisitor, type Visitor, type VisitorParts } from '../guard/visitor.ts';
import { errorPage } from './error-page.tsx';
import { frameOf } from './frame-of.ts';
import { type Answer, PageAnswer, type PageRequest, type PageRoute, Redirect } from './page-route.ts';
import { readForm } from './read-form.ts';

export interface ServeParts {
  readonly visitor: VisitorParts;
  readonly csrf: CsrfPolicy;
  readonly clock: Clock;
  readonly log: Log;
  readonly assets: Assets;
}

interface Bindings {
  readonly Bindings: ConsoleEnv;
}

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};
/** Smaller answers fit one packet anyway. */
const COMPRESS_FROM_CHARS = 1_400;

/** `app.fetch(request, { address, requestId })` answers every path under /ui. */
export function servePages(routes: readonly PageRoute[], parts: ServeParts): Hono<Bindings> {
  const app = new Hono<Bindings>();
  app.get(`${ASSET_PREFIX}*`, (context) => {
    const file = parts.assets.serve(context.req.path, context.req.header('accept-encoding') ?? null);
    return file ?? new Response('not found', { status: 404, headers: SECURITY_HEADERS });
  });
  for (const route of routes) {
    app.on(route.method, route.path, (context) => serve(route, parts, context));
  }
  app.all('*', (context) => fail(notFound(context), parts, context));
  app.onError((error, context) => fail(error, parts, context));
  return app;
}

async function serve(route: PageRoute, parts: ServeParts, context: Context<Bindings>): Promise<Response> {
  const { raw } = context.req;
  const visitor = await readVisitor(parts.visitor, { headers: raw.headers, env: context.env });
  const closed = refuseEntry(route, visitor, context);
  if (closed) return render(closed, context);
  const form = route.method === 'POST' ? await readForm(raw) : {};
  if (route.method === 'POST') {
    requireOwnChange(parts.csrf, { headers: raw.headers, visitor, token: form[CSRF_FIELD] ?? null });
  }
  const request = pageRequest(route, { parts, context, visitor, form });
  if (route.access === 'none') return render(await route.handle(request), context);
  const { session } = visitor;
  if (!session) throw appError('sign_in_required');
  return render(await route.handle({ ...request, session, principal: session.principal }), context);
}

/** A page for somebody signed in sends others to the sign-in and back; an admin's page is a wall for users. */
function refuseEntry(route: PageRoute, visitor: Visitor, context: Context<Bindings>): Answer | null {
  if (route.access === 'none') return null;
  if (visitor.keyPrincipal || visitor.keyRefusal) throw appError('session_required');
  if (!visitor.session) {
    const back = route.method === 'GET' ? pathAndQuery(context) : '/ui';
    const word = visitor.cookieToken === null ? '' : '&done=session_ended';
    return new Redirect(`/ui/sign-in?next=${encodeURIComponent(back)}${word}`);
  }
  if (route.access === 'admin' && visitor.session.principal.role !== 'admin') {
    throw appError('admin_required');
  }
  return null;
}

function pageRequest(
  route: PageRoute,
  facts: { parts: ServeParts; context: Context<Bindings>; visitor: Visitor; form: Record<string, string> },
): PageRequest {
  const { parts, context, visitor, form } = facts;
  const { headers } = context.req.raw;
  const path = context.req.path;
  const query = new URLSearchParams(pathAndQuery(context).split('?').slice(1).join('?'));
  const frame = frameOf({
    path,
    query,
    cookies: headers.get('cookie'),
    session: visitor.session,
    nowMs: parts.clock.nowMs(),
    assets: parts.assets.urls,
  });
  return {
    method: route.method,
    path,
    params: context.req.param() as Record<string, string>,
    query,
    form,
    headers,
    origin: visitor.origin,
    cookieToken: visitor.cookieToken,
    frame,
    serverOrigin: serverOrigin(parts.csrf.publicUrl, headers.get('host')),
  };
}

/** PUBLIC_URL, or the plain address that the browser called; a strange Host header is not repeated to anybody. */
export function serverOrigin(publicUrl: string | null, host: string | null): string {
  if (publicUrl) return publicUrl.replace(/\/+$/, '');
  return host && /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i.test(host)
    ? `http://${host}`
    : 'http://127.0.0.1:8000';
}

function pathAndQuery(context: Context<Bindings>): string {
  const { url } = context.req.raw;
  const start = url.indexOf('/', url.indexOf('://') + 3);
  return start < 0 ? '/' : url.slice(start);
}

function notFound(context: Context<Bindings>): AppError {
  return appError('not_found', { params: { method: context.req.method, path: context.req.path } });
}

async function fail(error: unknown, parts: ServeParts, context: Context<Bindings>): Promise<Response> {
  const told = toAppError(asStoreOutage(error));
  const { requestId } = context.env;
  if (told.status >= 500) {
    const { method, path } = context.req;
    parts.log.error({ requestId, method, path, internal: told.options.internal }, 'a page failed');
  }
  const { headers } = context.req.raw;
  const visitor = await readVisitor(parts.visitor, { headers, env: context.env }).catch(() => null);
  const frame = frameOf({
    path: context.req.path,
    query: new URLSearchParams(),
    cookies: headers.get('cookie'),
    session: visitor?.session ?? null,
    nowMs: parts.clock.nowMs(),
    assets: parts.assets.urls,
  });
  return render(errorPage(frame, told, requestId), context);
}

async function render(answer: Answer, context: Context<Bindings>): Promise<Response> {
  if (answer instanceof Response) return answer;
  const headers = new Headers(SECURITY_HEADERS);
  for (const cookie of answer.cookies) headers.append('set-cookie', cookie);
  if (answer instanceof Redirect) {
    headers.set('location', answer.to);
    return new Response(null, { status: 303, headers });
  }
  const body = String(await answer.html);
  const html = answer instanceof PageAnswer && answer.isPiece ? body : `<!doctype html>${body}`;
  headers.set('content-type', 'text/html; charset=utf-8');
  headers.set('vary', 'accept-encoding, cookie');
  if (html.length < COMPRESS_FROM_CHARS || !/\bgzip\b/.test(context.req.header('accept-encoding') ?? '')) {
    return new Response(html, { status: answer.status, headers });
  }
  headers.set('content-encoding', 'gzip');
  return new Response(Bun.gzipSync(html, { level: 4 }), { status: answer.status, headers });
}
