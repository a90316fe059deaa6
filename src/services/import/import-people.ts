// Takes over users and API keys, in one transaction. Passwords and keys go on working: their hashes are kept as they are.
import type { Kysely, Transaction } from 'kysely';
import { newId } from '../../lib/id.ts';
import {
  insertImportedKey,
  insertImportedUser,
  linkImportedUser,
  listImportedKeys,
  listImportedUsers,
} from '../../store/imports.ts';
import type { StoreSchema } from '../../store/schema.ts';
import { bumpVersion } from '../../store/versions.ts';
import { parsePbkdf2Hash } from '../passwords/pbkdf2-hash.ts';
import type { ReportWriter } from './import-report.ts';
import type { PredecessorFile, PredecessorKey, PredecessorUser } from './predecessor-file.ts';
import { keyFault, readTime, type UsageOwners, userFault } from './predecessor-rows.ts';

const KEY_NAME_CHARS_MAX = 128;

export interface PeopleImport {
  readonly file: PredecessorFile;
  readonly report: ReportWriter;
  readonly nowMs: number;
  /** False in a dry run: everything is judged and nothing is written. */
  readonly write: boolean;
}

/** The ids that users and keys have here, by the numbers they had there. */
export async function importPeople(db: Kysely<StoreSchema>, job: PeopleImport): Promise<UsageOwners> {
  return db.transaction().execute(async (trx) => {
    const userIds = await importUsers(trx, job);
    const keyIds = await importKeys(trx, { job, userIds });
    if (job.write) await bumpVersion(trx, 'identity');
    return { userIds, keyIds };
  });
}

async function importUsers(trx: Transaction<StoreSchema>, job: PeopleImport): Promise<Map<number, string>> {
  const here = await listImportedUsers(trx);
  const byNumber = new Map(here.map((user) => [user.imported_id, user.id]));
  const byName = new Map(here.map((user) => [user.username, user]));
  const ids = new Map<number, string>();
  for (const user of job.file.users()) {
    const known = byNumber.get(user.id);
    const fault = userFault(user);
    if (known !== undefined) {
      ids.set(user.id, known);
      job.report.already('users');
    } else if (fault) {
      job.report.skip('users', user.id, fault);
    } else {
      const sameName = byName.get(user.username);
      const id = sameName?.id ?? newId('usr');
      ids.set(user.id, id);
      job.report.taken('users');
      if (sameName) noteSameName(job.report, user.username);
      const row = sameName ? null : toUserRow(user, { id, job });
      if (job.write && row) await insertImportedUser(trx, row);
      if (job.write && !row) await linkImportedUser(trx, id, user.id);
    }
  }
  return ids;
}

function toUserRow(user: PredecessorUser, facts: { readonly id: string; readonly job: PeopleImport }) {
  const { id, job } = facts;
  const readable = parsePbkdf2Hash(String(user.password_hash)) !== null;
  if (!readable) job.report.note(`${user.username}: the password hash cannot be read; reset the password`);
  if (user.role !== 'admin' && user.role !== 'user') {
    job.report.note(`${user.username}: the role '${user.role}' is not known here and became 'user'`);
  }
  return {
    id,
    username: user.username,
    password_hash: readable ? user.password_hash : null,
    role: user.role === 'admin' ? ('admin' as const) : ('user' as const),
    is_active: user.is_active === 1 ? (1 as const) : (0 as const),
    created_ms: readTime(user.created_at) ?? job.nowMs,
    last_login_ms: readTime(user.last_login_at),
    imported_id: user.id,
  };
}

async function importKeys(
  trx: Transaction<StoreSchema>,
  facts: { readonly job: PeopleImport; readonly userIds: ReadonlyMap<number, string> },
): Promise<Map<number, string>> {
  const { job, userIds } = facts;
  const here = await listImportedKeys(trx);
  const byNumber = new Map(here.map((key) => [key.imported_id, key.id]));
  const hashes = new Set(here.map((key) => key.token_hash));
  const ids = new Map<number, string>();
  for (const key of job.file.keys()) {
    const known = byNumber.get(key.id);
    const userId = userIds.get(key.user_id);
    const fault = keyFault(key) ?? (userId === undefined ? 'its owner was not taken' : null);
    if (known !== undefined) {
      ids.set(key.id, known);
      job.report.already('keys');
    } else if (fault || userId === undefined) {
      job.report.skip('keys', key.id, fault ?? 'its owner was not taken');
    } else if (hashes.has(key.token_hash)) {
      job.report.skip('keys', key.id, 'a key with the same hash is here already');
    } else {
      const id = newId('key');
      ids.set(key.id, id);
      hashes.add(key.token_hash);
      job.report.taken('keys');
      if (job.write) await insertImportedKey(trx, toKeyRow(key, { id, userId, nowMs: job.nowMs }));
    }
  }
  return ids;
}

/**
 * `legacy` stands for "may be of either make": the two hashes cannot be told apart by looking, so both are tried
 * when a key is used, and the first use rewrites it.
 */
function toKeyRow(
  key: PredecessorKey,
  facts: { readonly id: string; readonly userId: string; readonly nowMs: number },
) {
  const name = String(key.name).slice(0, KEY_NAME_CHARS_MAX);
  return {
    id: facts.id,
    user_id: facts.userId,
    name: name.trim() === '' ? `imported ${key.id}` : name,
    token_prefix: String(key.token_prefix).slice(0, 24),
    token_hash: key.token_hash,
    hash_kind: 'legacy' as const,
    scopes: '["use"]',
    models: null,
    addresses: null,
    tags: '[]',
    on_hang_up: 'cancel' as const,
    created_ms: readTime(key.created_at) ?? facts.nowMs,
    expires_ms: readTime(key.expires_at),
    // A revocation whose time cannot be read is a revocation all the same.
    revoked_ms: key.revoked_at === null ? null : (readTime(key.revoked_at) ?? facts.nowMs),
    last_used_ms: readTime(key.last_used_at),
    rotated_from: null,
    imported_id: key.id,
  };
}

function noteSameName(report: ReportWriter, username: string): void {
  report.note(
    `${username}: an account of this name was here already; it keeps its password and role and gets the keys and usage`,
  );
}
