// Remembers how far the predecessor's database was taken over, so that a second run adds nothing, even after
// the imported usage rows were pruned. Also the few identity writes that only an import makes.
import type { Insertable, Kysely } from 'kysely';
import type { ApiKeyTable, StoreSchema, UserTable } from './schema.ts';

type Db = Kysely<StoreSchema>;

export interface ImportMark {
  readonly fingerprint: string;
  /** The last usage row that was taken. */
  readonly usageId: number;
}

export async function readImportMark(db: Db, source: string): Promise<ImportMark | null> {
  const row = await db.selectFrom('imports').selectAll().where('source', '=', source).executeTakeFirst();
  return row ? { fingerprint: row.fingerprint, usageId: row.usage_id } : null;
}

export async function writeImportMark(
  db: Db,
  mark: ImportMark & { readonly source: string; readonly nowMs: number },
): Promise<void> {
  const values = { fingerprint: mark.fingerprint, usage_id: mark.usageId, time_ms: mark.nowMs };
  await db
    .insertInto('imports')
    .values({ source: mark.source, ...values })
    .onConflict((conflict) => conflict.column('source').doUpdateSet(values))
    .execute();
}

/** Imported users by the number they had: id here and name. */
export async function listImportedUsers(
  db: Db,
): Promise<readonly { id: string; username: string; imported_id: number | null }[]> {
  return db.selectFrom('users').select(['id', 'username', 'imported_id']).execute();
}

export async function listImportedKeys(
  db: Db,
): Promise<readonly { id: string; token_hash: string; imported_id: number | null }[]> {
  return db.selectFrom('api_keys').select(['id', 'token_hash', 'imported_id']).execute();
}

export async function insertImportedUser(db: Db, row: Insertable<UserTable>): Promise<void> {
  await db.insertInto('users').values(row).execute();
}

/** Joins an account that is here already with the one of the same name there. */
export async function linkImportedUser(db: Db, id: string, importedId: number): Promise<void> {
  await db.updateTable('users').set({ imported_id: importedId }).where('id', '=', id).execute();
}

export async function insertImportedKey(db: Db, row: Insertable<ApiKeyTable>): Promise<void> {
  await db.insertInto('api_keys').values(row).execute();
}
