// The sessions table. A row exists exactly as long as the session does: ending one deletes it.
import type { Kysely, Selectable } from 'kysely';
import type { SessionTable, StoreSchema } from './schema.ts';

type Db = Kysely<StoreSchema>;
export type SessionRow = Selectable<SessionTable>;

/** A live session with what its owner is at this moment. */
export interface SessionWithUser extends SessionRow {
  readonly username: string;
  readonly role: 'admin' | 'user';
  readonly is_active: 0 | 1;
}

export async function insertSession(db: Db, row: SessionRow): Promise<void> {
  await db.insertInto('sessions').values(row).execute();
}

export async function findSessionByHash(db: Db, tokenHash: string): Promise<SessionWithUser | undefined> {
  return db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .selectAll('sessions')
    .select(['users.username', 'users.role', 'users.is_active'])
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst();
}

/** Live sessions of one user, newest first; `limit` rows at most. */
export async function listSessionsOfUser(
  db: Db,
  options: {
    readonly userId: string;
    readonly seenAfterMs: number;
    readonly nowMs: number;
    readonly limit: number;
  },
): Promise<SessionRow[]> {
  return db
    .selectFrom('sessions')
    .selectAll()
    .where('user_id', '=', options.userId)
    .where('expires_ms', '>', options.nowMs)
    .where('last_seen_ms', '>', options.seenAfterMs)
    .orderBy('created_ms', 'desc')
    .orderBy('id', 'desc')
    .limit(options.limit)
    .execute();
}

export async function touchSession(db: Db, id: string, nowMs: number): Promise<void> {
  await db.updateTable('sessions').set({ last_seen_ms: nowMs }).where('id', '=', id).execute();
}

/** Ends one session of this user; false when there is none. */
export async function deleteSession(db: Db, options: { id: string; userId: string }): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('sessions')
    .where('id', '=', options.id)
    .where('user_id', '=', options.userId)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

export async function deleteSessionByHash(db: Db, tokenHash: string): Promise<void> {
  await db.deleteFrom('sessions').where('token_hash', '=', tokenHash).execute();
}

/** Ends all sessions of a user, or all but `exceptId`; returns how many. */
export async function deleteSessionsOfUser(db: Db, userId: string, exceptId: string | null): Promise<number> {
  let query = db.deleteFrom('sessions').where('user_id', '=', userId);
  if (exceptId !== null) query = query.where('id', '!=', exceptId);
  return Number((await query.executeTakeFirst()).numDeletedRows);
}

/** Keeps the newest `keep` sessions of a user: nobody fills the table by signing in for ever. */
export async function trimSessionsOfUser(db: Db, userId: string, keep: number): Promise<void> {
  const newest = db
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId)
    .orderBy('created_ms', 'desc')
    .orderBy('id', 'desc')
    .limit(keep);
  await db.deleteFrom('sessions').where('user_id', '=', userId).where('id', 'not in', newest).execute();
}

/** Removes what is over: past its end, or unseen since `seenBeforeMs`. */
export async function deleteOldSessions(db: Db, nowMs: number, seenBeforeMs: number): Promise<void> {
  await db
    .deleteFrom('sessions')
    .where((eb) => eb.or([eb('expires_ms', '<=', nowMs), eb('last_seen_ms', '<=', seenBeforeMs)]))
    .execute();
}
