// Counters by which a process learns that another one changed something it keeps in memory.
import type { Kysely, Transaction } from 'kysely';
import type { StoreSchema } from './schema.ts';

/** What is kept in memory and reloaded as a whole when its version rises. */
export type VersionName = 'identity' | 'credentials' | 'limits' | 'prices';

/** Raises the version within the change's own transaction. */
export async function bumpVersion(trx: Transaction<StoreSchema>, name: VersionName): Promise<void> {
  await trx
    .insertInto('versions')
    .values({ name, number: 1 })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((eb) => ({ number: eb('versions.number', '+', 1) })),
    )
    .execute();
}

/** All versions by name; a name that never changed is absent. */
export async function readVersions(db: Kysely<StoreSchema>): Promise<ReadonlyMap<string, number>> {
  const rows = await db.selectFrom('versions').selectAll().execute();
  return new Map(rows.map((row) => [row.name, row.number]));
}
