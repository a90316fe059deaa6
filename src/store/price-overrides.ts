// Prices set here. Append-only: setting a price retires the one before it, and every version can be looked up later.
import type { Kysely, Selectable } from 'kysely';
import { inTransaction } from './in-transaction.ts';
import type { StoreSchema } from './schema.ts';
import type { PriceOverrideTable } from './usage-schema.ts';
import { bumpVersion } from './versions.ts';

type Db = Kysely<StoreSchema>;
export type PriceOverrideRow = Selectable<PriceOverrideTable>;

export interface NewPriceOverride {
  readonly id: string;
  readonly pattern: string;
  /** JSON of dollars per million tokens. */
  readonly price: string;
  readonly createdMs: number;
  readonly createdBy: string | null;
}

/** In force, newest first. */
export async function listPriceOverrides(db: Db): Promise<PriceOverrideRow[]> {
  const inForce = db.selectFrom('price_overrides').selectAll().where('retired_ms', 'is', null);
  return inForce.orderBy('id', 'desc').execute();
}

/** Retires what was set for the same pattern. */
export async function setPriceOverride(db: Db, price: NewPriceOverride): Promise<void> {
  await inTransaction(db, async (trx) => {
    await retire(trx, price.pattern, price.createdMs);
    const { id, pattern, createdMs, createdBy } = price;
    await trx
      .insertInto('price_overrides')
      .values({
        id,
        pattern,
        price: price.price,
        created_ms: createdMs,
        created_by: createdBy,
        retired_ms: null,
      })
      .execute();
    await bumpVersion(trx, 'prices');
  });
}

/** The bundled price counts again. Answers false when nothing was set for the pattern. */
export async function retirePriceOverride(db: Db, pattern: string, nowMs: number): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const retired = await retire(trx, pattern, nowMs);
    if (retired) await bumpVersion(trx, 'prices');
    return retired;
  });
}

async function retire(db: Db, pattern: string, nowMs: number): Promise<boolean> {
  const result = await db
    .updateTable('price_overrides')
    .set({ retired_ms: nowMs })
    .where('pattern', '=', pattern)
    .where('retired_ms', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
