// Opens a session for a name and a password. Owns the promise that unknown user, wrong password and disabled account
// look the same from outside, in words and in time (security.md T6).
import type { Doer, RequestOrigin } from '../../core/principal.ts';
import { AppError, appError } from '../../errors/app-error.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import type { Store } from '../../store/open-store.ts';
import { deleteSessionByHash } from '../../store/sessions.ts';
import { findUserById, findUserByName, recordSignInOfUser, type UserRow } from '../../store/users.ts';
import type { PasswordHasher } from '../passwords/password-hasher.ts';
import { recordAudit } from '../record-audit.ts';
import { hashToken, type OpenedSession, type Sessions } from './sessions.ts';
import type { Attempt, SignInThrottle } from './sign-in-throttle.ts';

/** A refusal is never answered sooner: what it cost inside (which make of hash, busy or not) stays inside. */
export const REFUSAL_FLOOR_MS = 150;

export interface SignInParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly hasher: PasswordHasher;
  readonly throttle: SignInThrottle;
  readonly sessions: Sessions;
  readonly refusalFloorMs?: number;
}

export interface SignInRequest {
  readonly username: string;
  readonly password: string;
  /** The session cookie that came with the request, if any: it ends here and a new one begins. */
  readonly replacesToken: string | null;
  readonly origin: RequestOrigin;
}

export interface SignedIn {
  readonly user: UserRow;
  readonly session: OpenedSession;
}

export type SignIn = (request: SignInRequest) => Promise<SignedIn>;

/** Throws AppError `bad_sign_in`, `sign_in_throttled` or `sign_in_busy`. */
export function createSignIn(parts: SignInParts): SignIn {
  const { store, clock, hasher, throttle } = parts;
  const floorMs = parts.refusalFloorMs ?? REFUSAL_FLOOR_MS;

  return async (request) => {
    const startedMs = clock.monotonicMs();
    const username = request.username.trim();
    const attempt: Attempt = { username, address: request.origin.address };
    await throttle.count(attempt);
    const user = await findUserByName(store.read, username);
    const verdict = await judge(attempt, request.password, user);
    const rehashed = verdict.outdated ? await hasher.hash(request.password).catch(() => null) : null;
    const opened = verdict.ok && user ? await openFor(parts, { request, attempt, user, rehashed }) : null;
    if (opened) return opened;
    await recordRefusal(parts, { request, user });
    await sleep(Math.max(0, floorMs - (clock.monotonicMs() - startedMs)));
    throw appError('bad_sign_in');
  };

  async function judge(attempt: Attempt, password: string, user: UserRow | undefined) {
    try {
      return await hasher.verify(password, user?.password_hash ?? null);
    } catch (error) {
      if (error instanceof AppError) await throttle.takeBack(attempt);
      throw error;
    }
  }
}

interface RightPassword {
  readonly request: SignInRequest;
  readonly attempt: Attempt;
  readonly user: UserRow;
  /** The same password under today's parameters, when the stored hash is older. */
  readonly rehashed: string | null;
}

/** One transaction, which looks again: a reset or a disabling that came while the hash was computed wins. */
async function openFor(parts: SignInParts, facts: RightPassword): Promise<SignedIn | null> {
  const { request, attempt, rehashed } = facts;
  const nowMs = parts.clock.nowMs();
  return parts.store.write.transaction().execute(async (trx) => {
    const user = await findUserById(trx, facts.user.id);
    if (user?.is_active !== 1 || user.password_hash !== facts.user.password_hash) return null;
    await parts.throttle.forgive(trx, attempt);
    await recordSignInOfUser(trx, user.id, {
      last_login_ms: nowMs,
      ...(rehashed === null ? {} : { password_hash: rehashed }),
    });
    if (request.replacesToken !== null) await deleteSessionByHash(trx, hashToken(request.replacesToken));
    const session = await parts.sessions.open(trx, user.id, request.origin);
    const doer = doerOfUser(user, request.origin);
    const target = { kind: 'session', id: session.id, name: null };
    await recordAudit(trx, { nowMs, doer, action: 'sign_in', target });
    return { user, session };
  });
}

/** A name that is not known is not written down: people type their password into the wrong field. */
async function recordRefusal(
  parts: SignInParts,
  facts: { request: SignInRequest; user: UserRow | undefined },
): Promise<void> {
  const { user, request } = facts;
  const { address, requestId } = request.origin;
  const doer: Doer = { kind: 'anonymous', id: null, name: 'anonymous', keyId: null, address, requestId };
  const target = { kind: 'user', id: user?.id ?? null, name: user?.username ?? null };
  const after = { reason: refusalReason(user) };
  await recordAudit(parts.store.write, {
    nowMs: parts.clock.nowMs(),
    doer,
    action: 'sign_in_failed',
    target,
    after,
  });
}

function refusalReason(user: UserRow | undefined): string {
  if (!user) return 'unknown user';
  return user.is_active === 1 ? 'wrong password' : 'disabled account';
}

function doerOfUser(user: UserRow, origin: RequestOrigin): Doer {
  const { address, requestId } = origin;
  return { kind: 'user', id: user.id, name: user.username, keyId: null, address, requestId };
}
