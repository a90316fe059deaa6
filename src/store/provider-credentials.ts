// Queries of the provider tables. Secrets are sealed before they come here and opened after they leave.
import type { Insertable, Kysely, Selectable } from 'kysely';
import { inTransaction } from './in-transaction.ts';
import type {
  DisabledCredentialTable,
  PoolStateTable,
  ProviderCredentialTable,
  StoreSchema,
} from './schema.ts';
import { bumpVersion } from './versions.ts';

type Db = Kysely<StoreSchema>;
export type ProviderCredentialRow = Selectable<ProviderCredentialTable>;
export type DisabledCredentialRow = Selectable<DisabledCredentialTable>;
export type PoolStateRow = Selectable<PoolStateTable>;

export async function listProviderCredentials(db: Db): Promise<ProviderCredentialRow[]> {
  return db.selectFrom('provider_credentials').selectAll().orderBy('id').execute();
}

export async function insertProviderCredential(
  db: Db,
  row: Insertable<ProviderCredentialTable>,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    await trx.insertInto('provider_credentials').values(row).execute();
    await bumpVersion(trx, 'credentials');
  });
}

/** False when there is no such credential. */
export async function deleteProviderCredential(db: Db, id: string): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const result = await trx.deleteFrom('provider_credentials').where('id', '=', id).executeTakeFirst();
    await trx.deleteFrom('disabled_credentials').where('credential_id', '=', id).execute();
    await trx.deleteFrom('pool_states').where('credential_id', '=', id).execute();
    await bumpVersion(trx, 'credentials');
    return Number(result.numDeletedRows) > 0;
  });
}

/** Replaces every sealed secret in one step, or none: `reseal` may throw to call it off. */
export async function resealProviderCredentials(
  db: Db,
  reseal: (row: ProviderCredentialRow) => string,
): Promise<number> {
  return inTransaction(db, async (trx) => {
    const rows = await trx.selectFrom('provider_credentials').selectAll().execute();
    for (const row of rows) {
      const sealed = reseal(row);
      await trx.updateTable('provider_credentials').set({ sealed }).where('id', '=', row.id).execute();
    }
    await bumpVersion(trx, 'credentials');
    return rows.length;
  });
}

export async function listDisabledCredentials(db: Db): Promise<DisabledCredentialRow[]> {
  return db.selectFrom('disabled_credentials').selectAll().execute();
}

/** Switches a credential of any source off; safe to repeat. */
export async function disableCredential(db: Db, row: Insertable<DisabledCredentialTable>): Promise<void> {
  await inTransaction(db, async (trx) => {
    await trx
      .insertInto('disabled_credentials')
      .values(row)
      .onConflict((conflict) => conflict.column('credential_id').doNothing())
      .execute();
    await bumpVersion(trx, 'credentials');
  });
}

export async function enableCredential(db: Db, credentialId: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    await trx.deleteFrom('disabled_credentials').where('credential_id', '=', credentialId).execute();
    await bumpVersion(trx, 'credentials');
  });
}

export async function readPoolStates(db: Db): Promise<PoolStateRow[]> {
  return db.selectFrom('pool_states').selectAll().execute();
}

/** Writes what changed; does not raise a version, since every process keeps its own view. */
export async function writePoolStates(db: Db, rows: readonly PoolStateRow[]): Promise<void> {
  if (rows.length === 0) return;
  await db
    .insertInto('pool_states')
    .values([...rows])
    .onConflict((conflict) =>
      conflict.column('credential_id').doUpdateSet((eb) => ({
        provider: eb.ref('excluded.provider'),
        state: eb.ref('excluded.state'),
        saved_ms: eb.ref('excluded.saved_ms'),
      })),
    )
    .execute();
}
