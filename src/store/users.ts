// Queries of the users table. Changes that the data plane must learn of raise the identity version.
import type { Insertable, Kysely, Selectable, Updateable } from 'kysely';
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
  return db.transaction().execute(async (trx) => {
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
  return db.transaction().execute(async (trx) => {
    const result = await trx.updateTable('users').set(change).where('id', '=', id).executeTakeFirst();
    await bumpVersion(trx, 'identity');
    return Number(result.numUpdatedRows) === 1;
  });
}
