// Lets a query stand alone or take part in a larger act: Kysely refuses a transaction inside a transaction.
import type { Kysely, Transaction } from 'kysely';
import type { StoreSchema } from './schema.ts';

/** Runs `act` in the transaction that `db` already is, or in one of its own. */
export async function inTransaction<T>(
  db: Kysely<StoreSchema>,
  act: (trx: Transaction<StoreSchema>) => Promise<T>,
): Promise<T> {
  return db.isTransaction ? act(db as Transaction<StoreSchema>) : db.transaction().execute(act);
}
