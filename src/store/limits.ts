// Queries of the limits table. Every change raises the version that tells running servers to load limits anew.
import type { Kysely, Selectable } from 'kysely';
import type { Limit } from '../core/limits/limit.ts';
import { inTransaction } from './in-transaction.ts';
import type { LimitTable, StoreSchema } from './schema.ts';
import { bumpVersion } from './versions.ts';

export async function listLimits(db: Kysely<StoreSchema>): Promise<Limit[]> {
  const rows = await db
    .selectFrom('limits')
    .selectAll()
    .orderBy('scope')
    .orderBy('scope_id')
    .orderBy('kind')
    .orderBy('period')
    .execute();
  return rows.map(toLimit);
}

export async function findLimit(db: Kysely<StoreSchema>, id: string): Promise<Limit | undefined> {
  const row = await db.selectFrom('limits').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toLimit(row);
}

/** The limit of the same owner, kind and period, if there is one. */
export async function findSameLimit(
  db: Kysely<StoreSchema>,
  like: Pick<Limit, 'scope' | 'scopeId' | 'kind' | 'period'>,
): Promise<Limit | undefined> {
  const row = await db
    .selectFrom('limits')
    .selectAll()
    .where('scope', '=', like.scope)
    .where('scope_id', like.scopeId === null ? 'is' : '=', like.scopeId)
    .where('kind', '=', like.kind)
    .where('period', like.period === null ? 'is' : '=', like.period)
    .executeTakeFirst();
  return row && toLimit(row);
}

export async function countLimits(db: Kysely<StoreSchema>): Promise<number> {
  const row = await db
    .selectFrom('limits')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Inserts the limit, or overwrites the one with its id. */
export async function saveLimit(db: Kysely<StoreSchema>, limit: Limit, nowMs: number): Promise<void> {
  const change = {
    amount: limit.amount,
    time_zone: limit.timeZone,
    warn_percent: limit.warnPercent,
    allow_unpriced: limit.allowUnpriced ? (1 as const) : (0 as const),
    raised_amount: limit.raisedAmount,
    raised_until_ms: limit.raisedUntilMs,
    updated_ms: nowMs,
  };
  const { id, scope, kind, period } = limit;
  await inTransaction(db, async (trx) => {
    await trx
      .insertInto('limits')
      .values({ id, scope, scope_id: limit.scopeId, kind, period, created_ms: nowMs, ...change })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(change))
      .execute();
    await bumpVersion(trx, 'limits');
  });
}

/** False when there is no such limit. */
export async function deleteLimit(db: Kysely<StoreSchema>, id: string): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const result = await trx.deleteFrom('limits').where('id', '=', id).executeTakeFirst();
    await bumpVersion(trx, 'limits');
    return Number(result.numDeletedRows) === 1;
  });
}

function toLimit(row: Selectable<LimitTable>): Limit {
  return {
    id: row.id,
    scope: row.scope,
    scopeId: row.scope_id,
    kind: row.kind,
    amount: row.amount,
    period: row.period,
    timeZone: row.time_zone,
    warnPercent: row.warn_percent,
    allowUnpriced: row.allow_unpriced === 1,
    raisedAmount: row.raised_amount,
    raisedUntilMs: row.raised_until_ms,
  };
}
