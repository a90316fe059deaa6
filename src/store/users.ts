// Queries of the users table. Changes that the data plane must learn of raise the identity version.
import type { Insertable, Kysely, Selectable, Updateable } from 'kysely';
import { containsText } from './contains-text.ts';
import { readInParts } from './in-parts.ts';
import { inTransaction } from './in-transaction.ts';
import type { StoreSchema, UserTable } from './schema.ts';
import { bumpVersion } from './versions.ts';

export type UserRow = Selectable<UserTable>;

export async function findUserById(db: Kysely<StoreSchema>, id: string): Promise<UserRow | undefined> {
  return db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findUserByName(
  db: Kysely<StoreSchema>,
  username: string,
): Promise<UserRow | undefined> {
  return db.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst();
}

export async function listUsers(db: Kysely<StoreSchema>): Promise<UserRow[]> {
  return db.selectFrom('users').selectAll().orderBy('created_ms').orderBy('id').execute();
}

export async function countUsers(db: Kysely<StoreSchema>): Promise<number> {
  const row = await db
    .selectFrom('users')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** False when the name is taken. */
export async function insertUser(db: Kysely<StoreSchema>, user: Insertable<UserTable>): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const result = await trx
      .insertInto('users')
      .values(user)
      .onConflict((conflict) => conflict.column('username').doNothing())
      .executeTakeFirst();
    await bumpVersion(trx, 'identity');
    return Number(result.numInsertedOrUpdatedRows ?? 0) === 1;
  });
}

/** False when there is no such user. */
export async function updateUser(
  db: Kysely<StoreSchema>,
  id: string,
  change: Updateable<UserTable>,
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const result = await trx.updateTable('users').set(change).where('id', '=', id).executeTakeFirst();
    await bumpVersion(trx, 'identity');
    return Number(result.numUpdatedRows) === 1;
  });
}

/** How many admins could sign in now: the rule of the last admin counts these. */
export async function countActiveAdmins(db: Kysely<StoreSchema>): Promise<number> {
  const row = await db
    .selectFrom('users')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('role', '=', 'admin')
    .where('is_active', '=', 1)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

export interface UserPage {
  readonly limit: number;
  /** Only users made after this one, in (time, id) order. */
  readonly after?: { readonly createdMs: number; readonly id: string } | undefined;
  readonly role?: 'admin' | 'user' | undefined;
  readonly isActive?: boolean | undefined;
  /** Part of the name, as typed: its `%` and `_` mean themselves. */
  readonly search?: string | undefined;
}

/** Oldest first. */
export async function pageUsers(db: Kysely<StoreSchema>, page: UserPage): Promise<UserRow[]> {
  let query = db.selectFrom('users').selectAll().orderBy('created_ms').orderBy('id').limit(page.limit);
  const { after, role, isActive, search } = page;
  if (after) {
    query = query.where((eb) =>
      eb.or([
        eb('created_ms', '>', after.createdMs),
        eb.and([eb('created_ms', '=', after.createdMs), eb('id', '>', after.id)]),
      ]),
    );
  }
  if (role !== undefined) query = query.where('role', '=', role);
  if (isActive !== undefined) query = query.where('is_active', '=', isActive ? 1 : 0);
  if (search) query = query.where(containsText('username', search));
  return query.execute();
}

/** The data plane need not learn of a sign-in: the identity version stays. */
export async function recordSignInOfUser(
  db: Kysely<StoreSchema>,
  id: string,
  change: { readonly last_login_ms: number; readonly password_hash?: string },
): Promise<void> {
  await db.updateTable('users').set(change).where('id', '=', id).execute();
}

export async function namesOfUsers(
  db: Kysely<StoreSchema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await readInParts(ids, (part) =>
    db.selectFrom('users').select(['id', 'username']).where('id', 'in', part).execute(),
  );
  return new Map(rows.map((row) => [row.id, row.username]));
}

/** Names of everybody up to `limit`, by name: for choosing one. */
export async function chooseUsers(db: Kysely<StoreSchema>, limit: number): Promise<[string, string][]> {
  const rows = await db
    .selectFrom('users')
    .select(['id', 'username'])
    .orderBy('username')
    .limit(limit)
    .execute();
  return rows.map((row) => [row.id, row.username]);
}
