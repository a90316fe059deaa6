// Reads usage from the roll-ups: totals, series by day or hour of the asker's clock, and shares by model, key, user and so on.
// Whole UTC days come from usage_days; the ragged ends of a range from finer counters or, for one user's or key's share, from rows.
import { type Kysely, sql } from 'kysely';
import { offsetSpans, type TimeRange } from '../core/time-zone.ts';
import { USAGE_WITH_TAGS } from './dialect/sqlite/tag-rows.ts';
import type { StoreSchema } from './schema.ts';
import { COUNTER_SUMS, ROW_COUNTERS } from './usage-counter-sql.ts';
import { prunedBeforeMs } from './usage-retention.ts';
import type { UsageCounters } from './usage-schema.ts';
import { COUNTER_NAMES, DAY_MS, floorTo, SLOT_MS } from './usage-scopes.ts';

type Db = Kysely<StoreSchema>;
export type UsageTotals = Readonly<UsageCounters>;

export const DIMENSIONS = ['user', 'key', 'model', 'provider', 'tag'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

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

const HOUR_MS = 3_600_000;

/** Everything the subject used in the range. */
export async function usageTotals(db: Db, question: UsageQuestion): Promise<UsageTotals> {
  const { inner, edges } = cut(onSlots(question));
  const { kind, owner, value } = scopeOf(question.subject);
  const parts = [rollupPart('usage_days', inner), ...edges.map((edge) => rollupPart('usage_slots', edge))];
  const rows = await sql<UsageTotals>`
    SELECT ${COUNTER_SUMS} FROM (${sql.join(parts, sql` UNION ALL `)}) AS part
    WHERE part.scope_id = (SELECT id FROM usage_scopes WHERE kind = ${kind} AND owner = ${owner} AND value = ${value})
  `.execute(db);
  return totalsOf(rows.rows[0]);
}

export interface SeriesPoint extends UsageTotals {
  /** For hours the moment the hour begins; for days the count of days since 1970 on the asker's clock. */
  readonly startMs: number;
}

export interface SeriesQuestion extends UsageQuestion {
  readonly step: 'day' | 'hour';
  /** IANA name, for example `Asia/Kathmandu`. */
  readonly timeZone: string;
}

/** Ascending; steps without usage are absent. `startMs` is the true UTC time of the step's beginning, for days as well. */
export async function usageSeries(db: Db, question: SeriesQuestion): Promise<Counted<SeriesPoint>> {
  const range = onSlots(question);
  const { kind, owner, value } = scopeOf(question.subject);
  const offset = offsetExpression(question.timeZone, range);
  const step =
    question.step === 'day'
      ? sql<number>`(bucket_ms + ${offset}) / ${sql.lit(DAY_MS)}`
      : sql<number>`bucket_ms - (bucket_ms + ${offset}) % ${sql.lit(HOUR_MS)}`;
  const rows = await sql<UsageTotals & { step: number; first_ms: number }>`
    SELECT ${step} AS step, ${COUNTER_SUMS} FROM usage_slots
    WHERE scope_id = (SELECT id FROM usage_scopes WHERE kind = ${kind} AND owner = ${owner} AND value = ${value})
      AND bucket_ms >= ${range.sinceMs} AND bucket_ms < ${range.untilMs}
    GROUP BY 1 ORDER BY 1
  `.execute(db);
  const startOf = (row: { step: number }) =>
    question.step === 'hour' ? row.step : localDayStart(question.timeZone, row.step);
  return { range, rows: rows.rows.map((row) => ({ ...totalsOf(row), startMs: startOf(row) })) };
}

export interface ShareRow extends UsageTotals {
  readonly value: string;
}

/** What can be split further: the house, one user, one key. */
export type SplitSubject =
  | { readonly kind: 'all' }
  | { readonly kind: 'user' | 'key'; readonly value: string };

export interface ShareQuestion extends TimeRange {
  readonly subject: SplitSubject;
  readonly by: Dimension;
  readonly limit?: number;
}

/** Most expensive first, then most requests, then by name. */
export async function usageShares(db: Db, question: ShareQuestion): Promise<Counted<ShareRow>> {
  const { subject, by, limit = 1_000 } = question;
  const whole = subject.kind === 'all';
  const horizonMs = whole ? Number.NEGATIVE_INFINITY : await prunedBeforeMs(db);
  const range = withinRows(onSlots(question), horizonMs);
  const { inner, edges } = cut(range);
  const kind = subject.kind === 'all' ? by : `${subject.kind}_${by}`;
  const owner = subject.kind === 'all' ? '' : subject.value;
  const sharesIn = (table: 'usage_days' | 'usage_slots', part: TimeRange) => sql`
    SELECT usage_scopes.value AS value, ${COUNTER_SUMS} FROM usage_scopes
    CROSS JOIN ${sql.table(table)} AS r
    WHERE usage_scopes.kind = ${kind} AND usage_scopes.owner = ${owner} AND r.scope_id = usage_scopes.id
      AND r.bucket_ms >= ${part.sinceMs} AND r.bucket_ms < ${part.untilMs}
    GROUP BY usage_scopes.value`;
  // CROSS JOIN keeps the planner from reading every counter of the range: names first, in their order, then the buckets
  // of each, summed as they pass.
  const fromRollups = [
    sharesIn('usage_days', inner),
    ...(whole ? edges.map((edge) => sharesIn('usage_slots', edge)) : []),
  ];
  const fromRows = subject.kind === 'all' ? [] : edges.map((edge) => rowsPart(subject, by, edge));
  const rows = await sql<ShareRow>`
    SELECT value, ${COUNTER_SUMS} FROM (${sql.join([...fromRollups, ...fromRows], sql` UNION ALL `)}) AS every
    GROUP BY value ORDER BY sum(cost_nano_usd) DESC, sum(requests) DESC, value LIMIT ${limit}
  `.execute(db);
  return { range, rows: rows.rows.map((row) => ({ ...totalsOf(row), value: row.value })) };
}

function scopeOf(subject: UsageSubject): { kind: string; owner: string; value: string } {
  return { kind: subject.kind, owner: '', value: subject.kind === 'all' ? '' : subject.value };
}

function rollupPart(table: 'usage_days' | 'usage_slots', range: TimeRange) {
  return sql`SELECT * FROM ${sql.table(table)} WHERE bucket_ms >= ${range.sinceMs} AND bucket_ms < ${range.untilMs}`;
}

/** The same counters from the rows of one user or key, for a range of less than a day. */
function rowsPart(subject: { kind: 'user' | 'key'; value: string }, by: Dimension, range: TimeRange) {
  const owner = sql.ref(`e.${subject.kind}_id`);
  const isOwner = subject.value === '' ? sql`${owner} IS NULL` : sql`${owner} = ${subject.value}`;
  const value = by === 'tag' ? sql`t.value` : sql`coalesce(${sql.ref(`e.${columnOf(by)}`)}, '')`;
  const from = by === 'tag' ? USAGE_WITH_TAGS : sql`usage_events e`;
  return sql`
    SELECT ${value} AS value, ${ROW_COUNTERS}
    FROM ${from}
    WHERE ${isOwner} AND e.time_ms >= ${range.sinceMs} AND e.time_ms < ${range.untilMs}`;
}

function columnOf(by: Exclude<Dimension, 'tag'>): string {
  return by === 'user' || by === 'key' ? `${by}_id` : by;
}

/** Out to the quarter of an hour at both ends. */
function onSlots({ sinceMs, untilMs }: TimeRange): TimeRange {
  const since = floorTo(sinceMs, SLOT_MS);
  return { sinceMs: since, untilMs: Math.max(since, -floorTo(-untilMs, SLOT_MS)) };
}

/** Where the rows of an end are gone, the range grows to the whole UTC day, which is counted for ever. */
function withinRows(range: TimeRange, horizonMs: number): TimeRange {
  return {
    sinceMs: range.sinceMs < horizonMs ? floorTo(range.sinceMs, DAY_MS) : range.sinceMs,
    untilMs: range.untilMs < horizonMs ? -floorTo(-range.untilMs, DAY_MS) : range.untilMs,
  };
}

/** Whole UTC days inside the range, and what is left over at its ends. */
function cut(range: TimeRange): { inner: TimeRange; edges: TimeRange[] } {
  const first = -floorTo(-range.sinceMs, DAY_MS);
  const last = floorTo(range.untilMs, DAY_MS);
  if (first >= last) return { inner: { sinceMs: first, untilMs: first }, edges: [range] };
  const edges = [
    { sinceMs: range.sinceMs, untilMs: first },
    { sinceMs: last, untilMs: range.untilMs },
  ];
  return {
    inner: { sinceMs: first, untilMs: last },
    edges: edges.filter((edge) => edge.sinceMs < edge.untilMs),
  };
}

function offsetExpression(timeZone: string, range: TimeRange) {
  const spans = offsetSpans(timeZone, range);
  const last = spans.at(-1)?.offsetMs ?? 0;
  if (spans.length === 1) return sql`${sql.lit(last)}`;
  const cases = spans
    .slice(0, -1)
    .map(
      (span, at) =>
        sql`WHEN bucket_ms < ${sql.lit(spans[at + 1]?.fromMs ?? 0)} THEN ${sql.lit(span.offsetMs)}`,
    );
  return sql`(CASE ${sql.join(cases, sql` `)} ELSE ${sql.lit(last)} END)`;
}

/** `day` counts days since 1970 on the zone's clock. */
function localDayStart(timeZone: string, day: number): number {
  return new Temporal.PlainDate(1970, 1, 1).add({ days: day }).toZonedDateTime(timeZone).epochMilliseconds;
}

function totalsOf(row: UsageTotals | undefined): UsageTotals {
  const totals: UsageCounters = { ...NO_TOTALS };
  for (const name of COUNTER_NAMES) totals[name] = row?.[name] ?? 0;
  return totals;
}
