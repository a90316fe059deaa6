// Takes old usage rows out in small bites, so that the write lock is never held for long. Roll-ups stay for ever.
import { CompiledQuery, type Kysely } from 'kysely';
import type { PruneBite, PruneReport } from './dialect/sqlite/prune-usage.ts';
import type { Store } from './open-store.ts';
import type { StoreSchema } from './schema.ts';
import { DAY_MS, floorTo } from './usage-scopes.ts';

/** Rows with an earlier time have been pruned, as whole UTC days; minus infinity before the first prune. */
export async function prunedBeforeMs(db: Kysely<StoreSchema>): Promise<number> {
  const row = await db
    .selectFrom('usage_state')
    .select('value')
    .where('name', '=', 'pruned_before_ms')
    .executeTakeFirst();
  return row?.value ?? Number.NEGATIVE_INFINITY;
}

/** The day from which on rows are kept. */
export function retentionStartMs(nowMs: number, retentionDays: number): number {
  return floorTo(nowMs - retentionDays * DAY_MS, DAY_MS);
}

/** Deletes at most `rowsMax` of the oldest rows and their attempts, in one short transaction. */
export async function pruneUsageBite(store: Store, bite: PruneBite): Promise<PruneReport> {
  const result = await store.write.executeQuery<PruneReport>(
    CompiledQuery.raw('CALL prune_usage(?)', [bite]),
  );
  const report = result.rows[0];
  if (!report) throw new Error('the database answered nothing to prune_usage');
  return report;
}
