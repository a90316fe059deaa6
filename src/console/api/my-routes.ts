// Routes under /api/me: the account, its password and its sessions. Keys are in my-key-routes.ts, usage in my-usage-routes.ts.
import { z } from 'zod';
import { required } from '../../lib/assert.ts';
import { changeOwnPassword, endOtherSessions, endOwnSession } from '../../services/people/own-account.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { sessionCookieOf } from './auth-routes.ts';
import { defineRoute, type Route } from './route.ts';
import { idParams, isoTime, okAnswer, role, sessionItem, showSession, time } from './schemas.ts';

const TAG = 'My account';

export function myRoutes(parts: ConsoleParts): Route[] {
  return [me(), sessions(parts), endSession(parts), endSessions(parts), password(parts)];
}

function me(): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/me',
    access: 'user',
    tag: TAG,
    summary: 'The account that asks',
    answer: z.object({ id: z.string(), username: z.string(), role, is_active: z.boolean() }),
    handle: async (input) => {
      const { userId: id, username, role } = required(input.principal, 'the principal');
      // A disabled account never gets here; the field is the predecessor's.
      return { id, username, role, is_active: true };
    },
  });
}

function sessions(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/me/sessions',
    access: 'person',
    tag: TAG,
    summary: 'My live sessions, newest first',
    answer: z.object({ sessions: z.array(sessionItem) }),
    handle: async (input) => {
      const { principal } = required(input.session, 'the session');
      const rows = await parts.sessions.list(principal.userId);
      return { sessions: rows.map((row) => showSession(row, principal.sessionId)) };
    },
  });
}

function endSession(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'DELETE',
    path: '/api/me/sessions/{id}',
    access: 'person',
    tag: TAG,
    summary: 'End one of my sessions',
    params: idParams,
    answer: okAnswer,
    failures: [404],
    handle: async ({ params, visitor, ...input }) => {
      const { principal: person } = required(input.session, 'the session');
      await endOwnSession(parts, { person, origin: visitor.origin, sessionId: params.id });
      return { ok: true as const };
    },
  });
}

function endSessions(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'DELETE',
    path: '/api/me/sessions',
    access: 'person',
    tag: TAG,
    summary: 'End all my sessions but this one',
    answer: z.object({ ok: z.literal(true), ended: z.number().int() }),
    handle: async ({ visitor, ...input }) => {
      const { principal: person } = required(input.session, 'the session');
      return { ok: true as const, ended: await endOtherSessions(parts, { person, origin: visitor.origin }) };
    },
  });
}

function password(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/me/password',
    access: 'person',
    tag: TAG,
    summary: 'Change my password: ends all other sessions and renews this one',
    body: z.strictObject({ current_password: z.string().max(2000), new_password: z.string().max(2000) }),
    answer: z.object({ ok: z.literal(true), csrf_token: z.string(), expires_at: time }),
    failures: [400, 429],
    handle: async ({ body, visitor, header, ...input }) => {
      const { principal: person } = required(input.session, 'the session');
      const { current_password: current, new_password: next } = body;
      const session = await changeOwnPassword(parts, { person, origin: visitor.origin, current, next });
      header('set-cookie', sessionCookieOf(parts, session));
      return { ok: true as const, csrf_token: session.csrfToken, expires_at: isoTime(session.expiresMs) };
    },
  });
}
