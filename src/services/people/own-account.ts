// What signed-in people do with their own account: sign out, end sessions, change the password.
import { doerOf, type Principal, type RequestOrigin } from '../../core/principal.ts';
import { AppError, appError } from '../../errors/app-error.ts';
import { deleteSession, deleteSessionsOfUser } from '../../store/sessions.ts';
import { findUserById, recordSignInOfUser } from '../../store/users.ts';
import { recordAudit } from '../record-audit.ts';
import { requireGoodPassword } from './accounts.ts';
import type { OpenedSession } from './sessions.ts';
import type { SignInParts } from './sign-in.ts';

type Person = Principal & { readonly sessionId: string };

interface OwnAct {
  readonly person: Person;
  readonly origin: RequestOrigin;
}

/** Once this has answered, the session's token opens nothing. */
export async function signOut(parts: SignInParts, act: OwnAct): Promise<void> {
  await parts.store.write.transaction().execute(async (trx) => {
    await deleteSession(trx, { id: act.person.sessionId, userId: act.person.userId });
    const entry = { nowMs: parts.clock.nowMs(), doer: doerOf(act.person, act.origin) };
    await recordAudit(trx, { ...entry, action: 'sign_out' });
  });
}

/** Ends one of one's own sessions. Throws `object_not_found` for anybody else's. */
export async function endOwnSession(
  parts: SignInParts,
  act: OwnAct & { readonly sessionId: string },
): Promise<void> {
  await parts.store.write.transaction().execute(async (trx) => {
    const ended = await deleteSession(trx, { id: act.sessionId, userId: act.person.userId });
    if (!ended) throw appError('object_not_found', { params: { what: 'Session' } });
    const entry = { nowMs: parts.clock.nowMs(), doer: doerOf(act.person, act.origin) };
    const target = { kind: 'session', id: act.sessionId, name: null };
    await recordAudit(trx, { ...entry, action: 'session_end', target });
  });
}

/** Ends all of one's own sessions but the one that asks; answers how many. */
export async function endOtherSessions(parts: SignInParts, act: OwnAct): Promise<number> {
  return parts.store.write.transaction().execute(async (trx) => {
    const ended = await deleteSessionsOfUser(trx, act.person.userId, act.person.sessionId);
    const entry = { nowMs: parts.clock.nowMs(), doer: doerOf(act.person, act.origin) };
    await recordAudit(trx, { ...entry, action: 'session_end', after: { others_ended: ended } });
    return ended;
  });
}

/**
 * Needs the current password, throttled like a sign-in: a stolen session must not be a way to guess it.
 * Ends every session and opens a new one for the asker (security.md T4, T8).
 */
export async function changeOwnPassword(
  parts: SignInParts,
  act: OwnAct & { readonly current: string; readonly next: string },
): Promise<OpenedSession> {
  const { person, origin, current, next } = act;
  const attempt = { username: person.username, address: origin.address };
  requireGoodPassword(next, person.username);
  await parts.throttle.count(attempt);
  const user = await findUserById(parts.store.read, person.userId);
  const verdict = await parts.hasher.verify(current, user?.password_hash ?? null).catch(async (error) => {
    if (error instanceof AppError) await parts.throttle.takeBack(attempt);
    throw error;
  });
  if (!user || !verdict.ok) {
    const detail = 'The current password is not right';
    throw appError('invalid_request', { params: { detail }, param: 'current_password' });
  }
  const passwordHash = await parts.hasher.hash(next);
  const nowMs = parts.clock.nowMs();
  return parts.store.write.transaction().execute(async (trx) => {
    const now = await findUserById(trx, user.id);
    if (now?.is_active !== 1 || now.password_hash !== user.password_hash) {
      throw appError('conflict', { params: { detail: 'The account was changed meanwhile. Sign in again' } });
    }
    await parts.throttle.forgive(trx, attempt);
    await recordSignInOfUser(trx, user.id, { last_login_ms: nowMs, password_hash: passwordHash });
    await deleteSessionsOfUser(trx, user.id, null);
    const session = await parts.sessions.open(trx, user.id, origin);
    await recordAudit(trx, { nowMs, doer: doerOf(person, origin), action: 'password_change' });
    return session;
  });
}
