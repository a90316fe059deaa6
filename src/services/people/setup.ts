// The first admin: by the one-time link printed at the start, or by INITIAL_ADMIN_* for unattended starts.
// There is no default account, and once any account exists this door stays shut (security.md T7).
import { createHash, timingSafeEqual } from 'node:crypto';
import { type RequestOrigin, systemDoer } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import { randomToken } from '../../lib/id.ts';
import { countUsers, findUserByName, type UserRow } from '../../store/users.ts';
import { createUser } from '../create-user.ts';
import { type IssuedKey, issueKey } from '../issue-key.ts';
import type { PasswordHasher } from '../passwords/password-hasher.ts';
import { recordAudit } from '../record-audit.ts';
import { type AccountParts, createAccount, requireGoodPassword } from './accounts.ts';
import type { KeyParts } from './manage-keys.ts';
import type { OpenedSession, Sessions } from './sessions.ts';

const CODE_BYTES = 24;
const FIRST_KEY_NAME = 'first key';

export interface SetupParts extends KeyParts {
  readonly hasher: PasswordHasher;
  readonly sessions: Sessions;
}

export interface SetupRequest {
  readonly code: string;
  readonly username: string;
  readonly password: string;
  readonly origin: RequestOrigin;
}

export interface SetupDone {
  readonly user: UserRow;
  readonly session: OpenedSession;
  readonly key: IssuedKey;
}

export interface Setup {
  /** The code of the printed link while there is no account at all, else null. Lives in memory only. */
  readonly code: string | null;
  readonly isOpen: () => Promise<boolean>;
  /** Makes the admin, signs them in and issues their first key, all or nothing. Throws `setup_closed` for all but the first. */
  readonly complete: (request: SetupRequest) => Promise<SetupDone>;
}

/** Where the link leads; the code travels in the query of one page, which no log line keeps. */
export function setupPath(code: string): string {
  return `/ui/setup?code=${code}`;
}

export async function createSetup(parts: SetupParts): Promise<Setup> {
  const isFresh = (await countUsers(parts.store.read)) === 0;
  const code = isFresh ? randomToken(CODE_BYTES) : null;
  const isOpen = async () => code !== null && (await countUsers(parts.store.read)) === 0;

  async function complete(request: SetupRequest): Promise<SetupDone> {
    if (code === null || !sameText(code, request.code) || !(await isOpen())) throw appError('setup_closed');
    requireGoodPassword(request.password, request.username.trim());
    const passwordHash = await parts.hasher.hash(request.password);
    const done = await parts.store.write.transaction().execute(async (trx) => {
      if ((await countUsers(trx)) > 0) throw appError('setup_closed');
      const inside = { ...parts, store: { ...parts.store, write: trx } };
      const account = { username: request.username, passwordHash, role: 'admin' as const };
      const user = await createUser(inside, account);
      const session = await parts.sessions.open(trx, user.id, request.origin);
      const key = await issueKey(inside, { userId: user.id, name: FIRST_KEY_NAME });
      const { address, requestId } = request.origin;
      const doer = {
        kind: 'user' as const,
        id: user.id,
        name: user.username,
        keyId: null,
        address,
        requestId,
      };
      const target = { kind: 'user', id: user.id, name: user.username };
      await recordAudit(trx, { nowMs: parts.clock.nowMs(), doer, action: 'setup', target });
      return { user, session, key };
    });
    await parts.reloadKeys();
    return done;
  }

  return { code, isOpen, complete };
}

/**
 * Creates the active admin of INITIAL_ADMIN_* when that name does not exist; an existing account is never changed.
 * Answers whether one was made. Throws AppError `invalid_request` when the password breaks the policy.
 */
export async function createInitialAdmin(
  parts: AccountParts,
  admin: { readonly username: string; readonly password: string },
): Promise<boolean> {
  const username = admin.username.trim();
  if (await findUserByName(parts.store.read, username)) return false;
  const account = { username, password: admin.password, role: 'admin' as const, isActive: true };
  await createAccount(parts, { doer: systemDoer('INITIAL_ADMIN'), account });
  return true;
}

function sameText(right: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(right), digest(given));
}
