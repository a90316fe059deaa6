// Who visits the control plane: nobody, a signed-in person, or a script with an admin API key. Also holds the two
// walls between the planes: a session never opens /v1 (nothing there reads cookies), a plain key never opens /api.
import { allowsAddress } from '../../core/limits/access-list.ts';
import type { Principal, RequestOrigin } from '../../core/principal.ts';
import { type AppError, appError } from '../../errors/app-error.ts';
import { readCredentials } from '../../services/authenticate-key.ts';
import type { KeyIndex } from '../../services/key-index.ts';
import type { LiveSession, Sessions } from '../../services/people/sessions.ts';
import { type CookiePolicy, readSessionCookie } from './session-cookie.ts';

/** What the server knows of a request before it reaches the console. */
export interface ConsoleEnv {
  readonly address: string | null;
  readonly requestId: string;
}

export interface Visitor {
  readonly origin: RequestOrigin;
  /** The session cookie as it came, valid or not: a sign-in ends what it replaces. */
  readonly cookieToken: string | null;
  readonly session: LiveSession | null;
  /** The owner of the admin key that was sent, when one was. */
  readonly keyPrincipal: Principal | null;
  /** Why a key that was sent opens nothing here. */
  readonly keyRefusal: AppError | null;
}

export interface VisitorParts {
  readonly sessions: Sessions;
  readonly keys: KeyIndex;
  readonly cookies: CookiePolicy;
}

/** Reads both kinds of credentials and refuses nothing: what a route needs is the route's business. */
export async function readVisitor(
  parts: VisitorParts,
  request: { readonly headers: Headers; readonly env: ConsoleEnv },
): Promise<Visitor> {
  const { headers, env } = request;
  const origin = { address: env.address, requestId: env.requestId, userAgent: headers.get('user-agent') };
  const cookieToken = readSessionCookie(headers.get('cookie'), parts.cookies);
  const key = readKey(parts.keys, headers, env.address);
  // A key that was sent is what the caller means; the cookie beside it is not looked at.
  const session = key || cookieToken === null ? null : await parts.sessions.find(cookieToken);
  return {
    origin,
    cookieToken,
    session,
    keyPrincipal: key?.principal ?? null,
    keyRefusal: key?.refusal ?? null,
  };
}

/** The session or the admin key's owner. Throws AppError 401 or 403 with the precise reason. */
export function requirePrincipal(visitor: Visitor): Principal {
  if (visitor.keyRefusal) throw visitor.keyRefusal;
  if (visitor.keyPrincipal) return visitor.keyPrincipal;
  return requireSession(visitor).principal;
}

/** A signed-in person; keys do not count. */
export function requireSession(visitor: Visitor): LiveSession {
  if (visitor.keyRefusal) throw visitor.keyRefusal;
  if (visitor.keyPrincipal) throw appError('session_required');
  if (visitor.session) return visitor.session;
  throw appError(visitor.cookieToken === null ? 'sign_in_required' : 'invalid_session');
}

export function requireAdmin(principal: Principal): void {
  if (principal.role !== 'admin') throw appError('admin_required');
}

interface KeyVerdict {
  readonly principal: Principal | null;
  readonly refusal: AppError | null;
}

/** The master key is not in the index: it is shared with every program of a house, so it never opens /api. */
function readKey(keys: KeyIndex, headers: Headers, address: string | null): KeyVerdict | null {
  const tokens = readCredentials(headers);
  const [token] = tokens;
  if (token === undefined) return null;
  if (tokens.length > 1) return refused(appError('conflicting_credentials'));
  const found = keys.find(token);
  if (typeof found === 'string') return refused(appError(found));
  const { userId, keyId } = found;
  if (!found.scopes.includes('admin') || found.role !== 'admin' || userId === null) {
    return refused(appError('admin_scope_required'));
  }
  if (found.addresses !== null && !allowsAddress(found.addresses, address ?? '')) {
    return refused(appError('address_not_allowed'));
  }
  const principal: Principal = {
    kind: 'key',
    userId,
    username: found.name,
    role: found.role,
    sessionId: null,
    keyId,
  };
  return { principal, refusal: null };
}

function refused(refusal: AppError): KeyVerdict {
  return { principal: null, refusal };
}
