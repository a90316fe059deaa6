// Routes: POST /auth/login, POST /auth/logout, GET /auth/me, GET and POST /api/setup.
import { z } from 'zod';
import { required } from '../../lib/assert.ts';
import { signOut } from '../../services/people/own-account.ts';
import type { OpenedSession } from '../../services/people/sessions.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { clearSessionCookie, writeSessionCookie } from '../guard/session-cookie.ts';
import { defineRoute, type Route } from './route.ts';
import { isoTime, issuedKey, okAnswer, role, showKey, time } from './schemas.ts';

const TAG = 'Sign-in';
/** Longer names and passwords than any account can have are refused before they cost anything. */
const nameText = z.string().max(200);
const passwordText = z.string().max(2000);

const signedIn = z
  .object({
    id: z.string(),
    username: z.string(),
    role,
    csrf_token: z.string().meta({
      description: 'Send it as X-CSRF-Token with every change made by cookie. Valid as long as the session.',
    }),
    expires_at: time,
  })
  .meta({ id: 'SignedIn' });

export function authRoutes(parts: ConsoleParts): Route[] {
  return [login(parts), logout(parts), me(), setupState(parts), setup(parts)];
}

function login(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: '/auth/login',
    access: 'none',
    tag: TAG,
    summary: 'Sign in: sets the session cookie',
    body: z.strictObject({ username: nameText, password: passwordText }),
    answer: signedIn,
    failures: [401, 429],
    handle: async ({ body, visitor, header }) => {
      const { user, session } = await parts.signIn({
        ...body,
        replacesToken: visitor.cookieToken,
        origin: visitor.origin,
      });
      header('set-cookie', sessionCookieOf(parts, session));
      return { id: user.id, username: user.username, role: user.role, ...shown(session) };
    },
  });
}

/** Signing out twice is no error: the predecessor's programs do it. */
function logout(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: '/auth/logout',
    access: 'none',
    tag: TAG,
    summary: 'Sign out: ends the session at once and clears the cookie',
    answer: okAnswer,
    handle: async ({ session, visitor, header }) => {
      if (session) await signOut(parts, { person: session.principal, origin: visitor.origin });
      header('set-cookie', clearSessionCookie(parts.cookies));
      return { ok: true as const };
    },
  });
}

function me(): Route {
  return defineRoute({
    method: 'GET',
    path: '/auth/me',
    access: 'person',
    tag: TAG,
    summary: 'Who is signed in',
    answer: signedIn,
    handle: async (input) => {
      const session = required(input.session, 'the session of a person route');
      const { userId: id, username, role } = session.principal;
      const expires_at = isoTime(session.expiresMs);
      return { id, username, role, csrf_token: session.csrfToken, expires_at };
    },
  });
}

function setupState(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/setup',
    access: 'none',
    tag: TAG,
    summary: 'Whether the first admin is still to be made',
    answer: z.object({ open: z.boolean() }),
    handle: async () => ({ open: await parts.setup.isOpen() }),
  });
}

function setup(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/setup',
    access: 'none',
    tag: TAG,
    summary: 'Make the first admin with the code of the link printed at the start; works once',
    body: z.strictObject({ code: z.string().max(200), username: nameText, password: passwordText }),
    answer: signedIn.extend({ api_key: issuedKey }),
    failures: [400, 410],
    handle: async ({ body, visitor, header }) => {
      const { user, session, key } = await parts.setup.complete({ ...body, origin: visitor.origin });
      header('set-cookie', sessionCookieOf(parts, session));
      const api_key = { ...showKey(key.row), token: key.token };
      return { id: user.id, username: user.username, role: user.role, ...shown(session), api_key };
    },
  });
}

/** Also for the pages: the cookie lives as long as the session may. */
export function sessionCookieOf(
  parts: Pick<ConsoleParts, 'cookies' | 'clock'>,
  session: OpenedSession,
): string {
  const maxAgeSeconds = Math.max(0, Math.floor((session.expiresMs - parts.clock.nowMs()) / 1000));
  return writeSessionCookie(parts.cookies, { token: session.token, maxAgeSeconds });
}

function shown(session: OpenedSession) {
  return { csrf_token: session.csrfToken, expires_at: isoTime(session.expiresMs) };
}
