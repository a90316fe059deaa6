// What is asked about usage and what is answered, and the totals of one subject. Shares are in usage-shares.ts, series in
// usage-series.ts; all of them read the roll-ups, in as few counters as cover the range (usage-hops.ts).
import { type Kysely, sql } from 'kysely';
import type { TimeRange } from '../core/time-zone.ts';
import type { StoreSchema } from './schema.ts';
import { COUNTER_SUMS, signedSums } from './usage-counter-sql.ts';
import { hopsOf, inHop } from './usage-hops.ts';
import type { UsageCounters } from './usage-schema.ts';
import { COUNTER_NAMES, type Dimension, floorTo, SLOT_MS } from './usage-scopes.ts';

type Db = Kysely<StoreSchema>;
export type UsageTotals = Readonly<UsageCounters>;

/** The house, or one value of one dimension. '' stands for rows without a user, key or provider. */
export type UsageSubject = { readonly kind: 'all' } | { readonly kind: Dimension; readonly value: string };

export interface UsageQuestion extends TimeRange {
  readonly subject: UsageSubject;
}

/** What was really counted: the range, on quarters of an hour, or on UTC days where rows were pruned. */
export interface Counted<T> {
  readonly range: TimeRange;
  readonly rows: readonly T[];
}

export const NO_TOTALS: UsageTotals = {
  requests: 0,
  failed: 0,
  prompt_tokens: 0,
  completion_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
  cost_nano_usd: 0,
  held_nano_usd: 0,
  held_tokens: 0,
  unpriced: 0,
  estimated: 0,
  unknown: 0,
  attempts: 0,
  duration_ms: 0,
};

/** Everything the subject used in the range. */
export async function usageTotals(db: Db, question: UsageQuestion): Promise<UsageTotals> {
  const hops = hopsOf(onSlots(question));
  if (hops.length === 0) return NO_TOTALS;
  const { kind } = question.subject;
  const parts = hops.map(
    (hop) => sql`
      SELECT ${signedSums(hop.sign)} FROM usage_scopes CROSS JOIN ${sql.table(hop.table)} AS r
      WHERE usage_scopes.kind = ${kind} AND usage_scopes.owner = '' AND usage_scopes.value = ${subjectValue(question.subject)}
        AND r.scope_id = usage_scopes.id AND ${inHop(hop)}`,
  );
  const rows = await sql<UsageTotals>`
    SELECT ${COUNTER_SUMS} FROM (${sql.join(parts, sql` UNION ALL `)}) AS every_part
  `.execute(db);
  return totalsOf(rows.rows[0]);
}

/** The value a subject's own counters are kept under; the house has none. */
export function subjectValue(subject: UsageSubject): string {
  return subject.kind === 'all' ? '' : subject.value;
}

/** Out to the quarter of an hour at both ends. */
export function onSlots({ sinceMs, untilMs }: TimeRange): TimeRange {
  const since = floorTo(sinceMs, SLOT_MS);
  return { sinceMs: since, untilMs: Math.max(since, -floorTo(-untilMs, SLOT_MS)) };
}

export function totalsOf(row: Partial<UsageTotals> | undefined): UsageTotals {
  const totals: UsageCounters = { ...NO_TOTALS };
  for (const name of COUNTER_NAMES) totals[name] = row?.[name] ?? 0;
  return totals;
}
