// What admins do with accounts: create, rename, enable, disable, change role, reset the password. Each act, the sessions
// it ends and its audit line are one transaction; the in-memory key index hears of it before the answer goes out.
import type { Updateable } from 'kysely';
import type { Role } from '../../core/actor.ts';
import type { AuditAction } from '../../core/audit-action.ts';
import { judgeUsername } from '../../core/identity/user-rules.ts';
import { passwordFault } from '../../core/password-policy.ts';
import type { Doer } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import type { Clock } from '../../lib/clock.ts';
import { randomToken } from '../../lib/id.ts';
import type { Store } from '../../store/open-store.ts';
import type { UserTable } from '../../store/schema.ts';
import { deleteSessionsOfUser } from '../../store/sessions.ts';
import {
  countActiveAdmins,
  findUserById,
  findUserByName,
  type UserRow,
  updateUser,
} from '../../store/users.ts';
import { createUser } from '../create-user.ts';
import { isCommonPassword } from '../passwords/known-passwords.ts';
import type { PasswordHasher } from '../passwords/password-hasher.ts';
import { recordAudit } from '../record-audit.ts';
import type { SignInThrottle } from './sign-in-throttle.ts';

/** 12 random bytes are 16 URL-safe characters, the predecessor's length. */
const GENERATED_PASSWORD_BYTES = 12;

export interface AccountParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly hasher: PasswordHasher;
  readonly throttle: SignInThrottle;
  /** Makes the data plane forget what it knew of users and keys. */
  readonly reloadKeys: () => Promise<void>;
}

export interface NewAccount {
  readonly username: string;
  readonly password: string;
  readonly role: Role;
  readonly isActive: boolean;
}

/** One act on one account. */
interface AccountAct {
  readonly doer: Doer;
  readonly userId: string;
}

/** Throws `invalid_request` for a bad name or password, `conflict` for a name that is taken. */
export async function createAccount(
  parts: AccountParts,
  act: { readonly doer: Doer; readonly account: NewAccount },
): Promise<UserRow> {
  const { store, clock } = parts;
  const { role, isActive, password } = act.account;
  const username = act.account.username.trim();
  requireGoodName(username);
  requireGoodPassword(password, username);
  const passwordHash = await parts.hasher.hash(password);
  return store.write.transaction().execute(async (trx) => {
    const request = { username, passwordHash, role, isActive };
    const user = await createUser({ store: { ...store, write: trx }, clock }, request);
    const entry = { nowMs: clock.nowMs(), doer: act.doer, action: 'user_create' as const };
    const after = { username, role, is_active: isActive };
    await recordAudit(trx, { ...entry, target: targetOf(user), after });
    return user;
  });
}

/** Throws `invalid_request` for one's own account, `conflict` for the last active admin. Doing it twice does it once. */
export async function setAccountActive(
  parts: AccountParts,
  act: AccountAct & { readonly active: boolean },
): Promise<UserRow> {
  const { doer, userId, active } = act;
  if (!active && doer.id === userId) {
    throw appError('invalid_request', { params: { detail: 'Cannot disable your own account' } });
  }
  return change(parts, act, async (trx, before) => {
    if ((before.is_active === 1) === active) return null;
    if (!active && before.role === 'admin') await requireAnotherAdmin(trx, before, 'disabled');
    if (!active) await deleteSessionsOfUser(trx, userId, null);
    return { action: active ? 'user_enable' : 'user_disable', set: { is_active: active ? 1 : 0 } };
  });
}

/** Ends the sessions of that user. Throws `conflict` for the last active admin. */
export async function setAccountRole(
  parts: AccountParts,
  act: AccountAct & { readonly role: Role },
): Promise<UserRow> {
  return change(parts, act, decideRole(act.role));
}

/**
 * Name and role together, both or neither; what is undefined stays. Throws `invalid_request` for a bad name, `conflict` for a taken one
 * or for the last active admin.
 */
export async function updateAccount(
  parts: AccountParts,
  act: AccountAct & { readonly username: string | undefined; readonly role: Role | undefined },
): Promise<UserRow> {
  const { username, role } = act;
  const decisions = [
    ...(username === undefined ? [] : [decideName(username)]),
    ...(role === undefined ? [] : [decideRole(role)]),
  ];
  return change(parts, act, ...decisions);
}

function decideRole(role: Role): Decide {
  return async (trx, before) => {
    if (before.role === role) return null;
    if (before.role === 'admin') await requireAnotherAdmin(trx, before, 'demoted');
    await deleteSessionsOfUser(trx, before.id, null);
    return { action: 'user_role', set: { role }, before: { role: before.role }, after: { role } };
  };
}

function decideName(given: string): Decide {
  const username = given.trim();
  requireGoodName(username);
  return async (trx, before) => {
    if (before.username === username) return null;
    if (await findUserByName(trx, username)) {
      throw appError('conflict', { params: { detail: 'Username already exists' }, param: 'username' });
    }
    const told = { before: { username: before.username }, after: { username } };
    return { action: 'user_rename', set: { username }, ...told };
  };
}

/** Ends all sessions of that user. A null password generates one; the answer carries it in clear, once. */
export async function resetAccountPassword(
  parts: AccountParts,
  act: AccountAct & { readonly password: string | null },
): Promise<{ readonly user: UserRow; readonly password: string }> {
  const found = await requireUser(parts.store.read, act.userId);
  const password = act.password ?? randomToken(GENERATED_PASSWORD_BYTES);
  requireGoodPassword(password, found.username);
  const passwordHash = await parts.hasher.hash(password);
  const user = await change(parts, act, async (trx, before) => {
    await deleteSessionsOfUser(trx, act.userId, null);
    await parts.throttle.release(trx, before.username);
    return { action: 'user_reset_password', set: { password_hash: passwordHash } };
  });
  return { user, password };
}

interface Change {
  readonly action: AuditAction;
  readonly set: Updateable<UserTable>;
  readonly before?: Record<string, unknown>;
  readonly after?: Record<string, unknown>;
}

/** What to change, or null when there is nothing to do; a throw undoes everything. */
type Decide = (trx: Store['write'], before: UserRow) => Promise<Change | null>;

/** Decides, changes and audits in one transaction. */
async function change(parts: AccountParts, act: AccountAct, ...decisions: Decide[]): Promise<UserRow> {
  const user = await parts.store.write.transaction().execute(async (trx) => {
    let row = await requireUser(trx, act.userId);
    for (const decide of decisions) {
      const decided = await decide(trx, row);
      if (!decided) continue;
      const { set, ...told } = decided;
      await updateUser(trx, act.userId, set);
      const entry = { nowMs: parts.clock.nowMs(), doer: act.doer, target: targetOf(row) };
      await recordAudit(trx, { ...entry, ...told });
      row = await requireUser(trx, act.userId);
    }
    return row;
  });
  await parts.reloadKeys();
  return user;
}

/** Throws AppError `invalid_request` with the sentence of the policy. */
export function requireGoodPassword(password: string, username: string): void {
  const fault = passwordFault(password, { username, isCommon: isCommonPassword });
  if (fault) throw appError('invalid_request', { params: { detail: fault }, param: 'password' });
}

function requireGoodName(username: string): void {
  const fault = judgeUsername(username);
  if (fault) throw appError('invalid_request', { params: { detail: fault }, param: 'username' });
}

async function requireUser(db: Store['read'], userId: string): Promise<UserRow> {
  const user = await findUserById(db, userId);
  if (!user) throw appError('object_not_found', { params: { what: 'User' } });
  return user;
}

/** Counted inside the act's own transaction: of two demotions at once the second sees the first (security.md T25). */
async function requireAnotherAdmin(db: Store['read'], user: UserRow, verb: string): Promise<void> {
  if (user.is_active !== 1 || (await countActiveAdmins(db)) > 1) return;
  throw appError('conflict', { params: { detail: `The last active admin cannot be ${verb}` } });
}

function targetOf(user: UserRow) {
  return { kind: 'user', id: user.id, name: user.username };
}
