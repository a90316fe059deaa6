// Queries of the limit_peaks table: how near each limit came, by UTC day.
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { inTransaction } from './in-transaction.ts';
import type { StoreSchema } from './schema.ts';

export interface PeakOfDay {
  readonly limitId: string;
  readonly dayMs: number;
  readonly peakPermille: number;
  readonly refusals: number;
}

/** Keeps the higher peak and adds the refusals. */
export async function addPeaks(db: Kysely<StoreSchema>, peaks: readonly PeakOfDay[]): Promise<void> {
  await inTransaction(db, async (trx) => {
    for (const peak of peaks) {
      await trx
        .insertInto('limit_peaks')
        .values({
          limit_id: peak.limitId,
          day_ms: peak.dayMs,
          peak_permille: peak.peakPermille,
          refusals: peak.refusals,
        })
        .onConflict((conflict) =>
          conflict.columns(['limit_id', 'day_ms']).doUpdateSet({
            peak_permille: sql<number>`CASE WHEN limit_peaks.peak_permille > excluded.peak_permille
              THEN limit_peaks.peak_permille ELSE excluded.peak_permille END`,
            refusals: sql<number>`limit_peaks.refusals + excluded.refusals`,
          }),
        )
        .execute();
    }
  });
}

/** Highest peak and all refusals of each limit from `sinceMs` until before `untilMs`. */
export async function readPeaks(
  db: Kysely<StoreSchema>,
  range: { readonly sinceMs: number; readonly untilMs: number },
): Promise<Omit<PeakOfDay, 'dayMs'>[]> {
  const rows = await db
    .selectFrom('limit_peaks')
    .select((eb) => [
      'limit_id',
      eb.fn.max('peak_permille').as('peak_permille'),
      eb.fn.sum<number>('refusals').as('refusals'),
    ])
    .where('day_ms', '>=', range.sinceMs)
    .where('day_ms', '<', range.untilMs)
    .groupBy('limit_id')
    .execute();
  return rows.map((row) => ({
    limitId: row.limit_id,
    peakPermille: Number(row.peak_permille),
    refusals: Number(row.refusals),
  }));
}
