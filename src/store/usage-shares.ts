// How usage divides: by one dimension, or by a pair of them, in one question each. Most expensive first.
// Whole UTC days and months come from the roll-ups. Pairs have nothing finer than a day: the ends of their range, less than
// half a day each, are added up from the rows.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { TimeRange } from '../core/time-zone.ts';
import { USAGE_WITH_TAGS } from './dialect/sqlite/tag-rows.ts';
import type { StoreSchema } from './schema.ts';
import { COUNTER_SUMS, ROW_COUNTERS, signedSums } from './usage-counter-sql.ts';
import { type Hop, hopsOf, inHop } from './usage-hops.ts';
import { type Counted, onSlots, totalsOf, type UsageTotals, usageTotals } from './usage-reading.ts';
import { prunedBeforeMs } from './usage-retention.ts';
import { DAY_MS, type Dimension, floorTo, type Pair, pairOf } from './usage-scopes.ts';

type Db = Kysely<StoreSchema>;

export interface ShareRow extends UsageTotals {
  readonly value: string;
}

/** What can be split further: the house, or one value of a dimension by those it is paired with. */
export type SplitSubject = { readonly kind: 'all' } | { readonly kind: Dimension; readonly value: string };

export interface ShareQuestion extends TimeRange {
  readonly subject: SplitSubject;
  readonly by: Dimension;
  readonly limit?: number;
}

const LIMIT = 1_000;

/** Most expensive first, then most requests, then by name. Nothing where subject and dimension are no pair. */
export async function usageShares(db: Db, question: ShareQuestion): Promise<Counted<ShareRow>> {
  const { subject, by, limit = LIMIT } = question;
  if (subject.kind === 'all') return sharesOfHouse(db, question);
  if (subject.kind === by) return shareOfItself(db, question, subject);
  const pair = pairOf(subject.kind, by);
  if (pair === null) return { range: onSlots(question), rows: [] };
  const { sinceMs, untilMs } = question;
  const isOwner = pair.owner === subject.kind;
  const side = isOwner ? { owners: [subject.value] } : { value: subject.value };
  const { range, rows } = await usageCrossing(db, { pair, ...side, sinceMs, untilMs, limit });
  return { range, rows: rows.map((row) => ({ ...row, value: isOwner ? row.value : row.owner })) };
}

export interface CrossingRow extends UsageTotals {
  readonly owner: string;
  readonly value: string;
}

export interface CrossingQuestion extends TimeRange {
  readonly pair: Pair;
  /** Whose; everybody's when left out. */
  readonly owners?: readonly string[];
  /** Of one value only; of all when left out. */
  readonly value?: string;
  readonly limit: number;
}

/** One row for each owner and value that occur together, in one reading whatever their number. */
export async function usageCrossing(db: Db, question: CrossingQuestion): Promise<Counted<CrossingRow>> {
  const { pair, owners, value, limit } = question;
  const range = withinRows(onSlots(question), await prunedBeforeMs(db));
  const kind = `${pair.owner}_${pair.of}`;
  const names = [sql`usage_scopes.kind = ${kind}`];
  if (owners) names.push(sql`usage_scopes.owner IN (${sql.join(owners)})`);
  if (value !== undefined) names.push(sql`usage_scopes.value = ${value}`);
  const parts = hopsOf(range).map((hop) =>
    hop.table === 'usage_slots' ? partFromRows(question, hop) : partFromRollup(names, hop),
  );
  return { range, rows: owners?.length === 0 ? [] : await addUp(db, parts, limit) };
}

async function sharesOfHouse(db: Db, question: ShareQuestion): Promise<Counted<ShareRow>> {
  const range = onSlots(question);
  const names = [sql`usage_scopes.kind = ${question.by}`, sql`usage_scopes.owner = ''`];
  const parts = hopsOf(range).map((hop) => partFromRollup(names, hop));
  return { range, rows: await addUp(db, parts, question.limit ?? LIMIT) };
}

async function shareOfItself(
  db: Db,
  question: ShareQuestion,
  subject: { readonly kind: Dimension; readonly value: string },
): Promise<Counted<ShareRow>> {
  const totals = await usageTotals(db, { ...question, subject });
  const rows = totals.requests > 0 ? [{ ...totals, value: subject.value }] : [];
  return { range: onSlots(question), rows };
}

async function addUp(db: Db, parts: readonly RawBuilder<unknown>[], limit: number): Promise<CrossingRow[]> {
  if (parts.length === 0) return [];
  const { rows } = await sql<CrossingRow>`
    SELECT owner, value, ${COUNTER_SUMS} FROM (${sql.join(parts, sql` UNION ALL `)}) AS every_part
    GROUP BY owner, value HAVING sum(requests) > 0
    ORDER BY sum(cost_nano_usd) DESC, sum(requests) DESC, value, owner LIMIT ${limit}
  `.execute(db);
  return rows.map((row) => ({ ...totalsOf(row), owner: row.owner, value: row.value }));
}

/**
 * CROSS JOIN keeps the planner from reading every counter of the range: names first, in their order, then the buckets of
 * each, summed as they pass.
 */
function partFromRollup(names: readonly RawBuilder<unknown>[], hop: Hop): RawBuilder<unknown> {
  return sql`
    SELECT usage_scopes.owner AS owner, usage_scopes.value AS value, ${signedSums(hop.sign)}
    FROM usage_scopes CROSS JOIN ${sql.table(hop.table)} AS r
    WHERE ${sql.join(names, sql` AND `)} AND r.scope_id = usage_scopes.id AND ${inHop(hop)}
    GROUP BY usage_scopes.owner, usage_scopes.value`;
}

/** The same counters from the rows, for less than half a day. */
function partFromRows({ pair, owners, value }: CrossingQuestion, hop: Hop): RawBuilder<unknown> {
  const conditions = [sql`e.time_ms >= ${hop.sinceMs}`, sql`e.time_ms < ${hop.untilMs}`];
  if (owners) conditions.push(isOneOf(columnOf(pair.owner), owners));
  if (value !== undefined) conditions.push(isOneOf(columnOf(pair.of), [value]));
  return sql`
    SELECT owner, value, ${signedSums(hop.sign)} FROM (
      SELECT coalesce(${columnOf(pair.owner)}, '') AS owner, coalesce(${columnOf(pair.of)}, '') AS value, ${ROW_COUNTERS}
      FROM ${pair.of === 'tag' ? USAGE_WITH_TAGS : sql`usage_events e`}
      WHERE ${sql.join(conditions, sql` AND `)}
    ) AS every_row GROUP BY owner, value`;
}

/** '' stands for rows that have none. */
function isOneOf(column: RawBuilder<unknown>, values: readonly string[]): RawBuilder<unknown> {
  const named = values.filter((value) => value !== '');
  if (named.length === values.length) return sql`${column} IN (${sql.join(named)})`;
  if (named.length === 0) return sql`${column} IS NULL`;
  return sql`(${column} IN (${sql.join(named)}) OR ${column} IS NULL)`;
}

function columnOf(dimension: Dimension): RawBuilder<unknown> {
  if (dimension === 'tag') return sql`t.value`;
  return sql.ref(dimension === 'user' || dimension === 'key' ? `e.${dimension}_id` : `e.${dimension}`);
}

/** Where the rows of an end are gone, the range grows to the whole UTC day, which is counted for ever. */
function withinRows(range: TimeRange, horizonMs: number): TimeRange {
  return {
    sinceMs: range.sinceMs < horizonMs ? floorTo(range.sinceMs, DAY_MS) : range.sinceMs,
    untilMs: range.untilMs < horizonMs ? -floorTo(-range.untilMs, DAY_MS) : range.untilMs,
  };
}
