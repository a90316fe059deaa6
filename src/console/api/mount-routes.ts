// Turns the list of routes into a Hono app: who may call, what may come in, what goes out, and how failures are told.
// The order is fixed: identify, access, CSRF, validation, act. Nothing of a body is read for a caller without access.
import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import type { Principal } from '../../core/principal.ts';
import { appError, toAppError } from '../../errors/app-error.ts';
import type { Log } from '../../lib/log.ts';
import type { LiveSession } from '../../services/people/sessions.ts';
import { asStoreOutage } from '../../store/store-outage.ts';
import { CSRF_HEADER, type CsrfPolicy, requireOwnChange } from '../guard/csrf.ts';
import {
  type ConsoleEnv,
  readVisitor,
  requireAdmin,
  requirePrincipal,
  requireSession,
  type Visitor,
  type VisitorParts,
} from '../guard/visitor.ts';
import { encodeApiError, encodeValidationFault, toIssues, ValidationFault } from './api-error.ts';
import { readJsonBody } from './read-body.ts';
import { type Access, RawAnswer, type Route } from './route.ts';

export interface MountParts {
  readonly visitor: VisitorParts;
  readonly csrf: CsrfPolicy;
  readonly log: Log;
}

export interface ConsoleBindings {
  readonly Bindings: ConsoleEnv;
}

/** The app answers every path under its routes' prefixes, unknown ones with 404 and wrong methods with 405. */
export function mountRoutes(routes: readonly Route[], parts: MountParts): Hono<ConsoleBindings> {
  const app = new Hono<ConsoleBindings>();
  for (const route of routes) {
    app.on(route.method, honoPath(route.path), (context) => serve(route, parts, context));
  }
  for (const [path, methods] of methodsByPath(routes)) {
    app.all(honoPath(path), (context) => {
      throw appError('method_not_allowed', {
        params: { method: context.req.method, allowed: methods.join(', ') },
        headers: { allow: methods.join(', ') },
      });
    });
  }
  app.notFound((context) => {
    const params = { method: context.req.method, path: context.req.path };
    return encodeApiError(appError('not_found', { params }), context.env.requestId);
  });
  app.onError((error, context) => answerError(error, context, parts.log));
  return app;
}

async function serve(route: Route, parts: MountParts, context: Context<ConsoleBindings>): Promise<Response> {
  const { headers } = context.req.raw;
  const visitor = await readVisitor(parts.visitor, { headers, env: context.env });
  const caller = checkAccess(route.access, visitor);
  if (route.method !== 'GET') {
    requireOwnChange(parts.csrf, { headers, visitor, token: headers.get(CSRF_HEADER) });
  }
  const answerHeaders = new Headers({ 'cache-control': 'no-store' });
  const input = {
    params: validate(route.params, 'path', context.req.param()),
    query: validate(route.query, 'query', readQuery(context)),
    body: await readBody(route, context.req.raw),
    visitor,
    ...caller,
    header: (name: string, value: string) => answerHeaders.append(name, value),
  };
  const answer = await route.handle(input as Parameters<Route['handle']>[0]);
  return encodeAnswer(route, answer, answerHeaders);
}

function checkAccess(
  access: Access,
  visitor: Visitor,
): { readonly principal: Principal | null; readonly session: LiveSession | null } {
  if (access === 'none') return { principal: null, session: visitor.session };
  if (access === 'person') {
    const session = requireSession(visitor);
    return { principal: session.principal, session };
  }
  const principal = requirePrincipal(visitor);
  if (access === 'admin') requireAdmin(principal);
  return { principal, session: visitor.session };
}

async function readBody(route: Route, request: Request): Promise<unknown> {
  if (route.method === 'GET') return undefined;
  const body = await readJsonBody(request);
  if (!route.body) return undefined;
  return validate(route.body, 'body', body === undefined && route.bodyOptional ? {} : body);
}

function validate(schema: z.ZodType | null, place: 'body' | 'query' | 'path', value: unknown): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ValidationFault(toIssues(place, parsed.error));
}

/** A name given twice is an array and fits no schema: the meaning of the second one would be a guess. */
function readQuery(context: Context): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(context.req.queries()).map(([name, values]) => [
      name,
      values.length === 1 ? (values[0] ?? '') : values,
    ]),
  );
}

/** The answer passes its schema, so that nothing goes out that the schema does not name. */
function encodeAnswer(route: Route, answer: unknown, headers: Headers): Response {
  if (answer instanceof RawAnswer) {
    headers.set('content-type', answer.contentType);
    if (answer.fileName) headers.set('content-disposition', `attachment; filename="${answer.fileName}"`);
    return new Response(answer.body, { headers });
  }
  headers.set('content-type', 'application/json');
  return new Response(JSON.stringify(route.answer.parse(answer)), { headers });
}

function answerError(error: Error, context: Context<ConsoleBindings>, log: Log): Response {
  const { requestId } = context.env;
  if (error instanceof ValidationFault) return encodeValidationFault(error, requestId);
  const told = toAppError(asStoreOutage(error));
  if (told.status >= 500) {
    const { method, path } = context.req;
    log.error({ requestId, method, path, internal: told.options.internal }, 'a console request failed');
  }
  return encodeApiError(told, requestId);
}

function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { path, method } of routes) found.set(path, [...(found.get(path) ?? []), method]);
  return found;
}

/** `{id}` as Hono writes it. */
function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}
