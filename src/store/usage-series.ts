// Usage step by step, in days or hours of the asker's clock. A day of a zone is the UTC day that shares most of it, with the
// quarters of an hour between the two midnights moved to the day they belong to: a few counters a day instead of 96.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { dayStarts, offsetSpans, type TimeRange } from '../core/time-zone.ts';
import { stepRows } from './dialect/sqlite/step-rows.ts';
import type { StoreSchema } from './schema.ts';
import { COUNTER_SUMS } from './usage-counter-sql.ts';
import { nearestDay } from './usage-hops.ts';
import {
  type Counted,
  onSlots,
  subjectValue,
  totalsOf,
  type UsageQuestion,
  type UsageTotals,
} from './usage-reading.ts';
import { COUNTER_NAMES, type CounterName, type Dimension } from './usage-scopes.ts';

type Db = Kysely<StoreSchema>;

const HOUR_MS = 3_600_000;

interface Steps extends TimeRange {
  readonly step: 'day' | 'hour';
  /** IANA name, for example `Asia/Kathmandu`. */
  readonly timeZone: string;
}

export interface SeriesQuestion extends UsageQuestion, Steps {}

export interface SeriesPoint extends UsageTotals {
  /** When the day or hour begins; for the first one this may be before the range does. */
  readonly startMs: number;
}

/** Every counter of one subject, ascending; steps without usage are absent. */
export async function usageSeries(db: Db, question: SeriesQuestion): Promise<Counted<SeriesPoint>> {
  const { subject } = question;
  const range = onSlots(question);
  const wanted = wantedScopes(subject.kind, [subjectValue(subject)]);
  if (question.step === 'hour') {
    const { rows } = await sql<SeriesPoint>`
      WITH wanted AS MATERIALIZED (${wanted})
      SELECT ${hourStart(question)} AS "startMs", ${COUNTER_SUMS} FROM wanted CROSS JOIN usage_slots AS r
      WHERE r.scope_id = wanted.id AND r.bucket_ms >= ${range.sinceMs} AND r.bucket_ms < ${range.untilMs}
      GROUP BY 1 ORDER BY 1
    `.execute(db);
    return { range, rows: rows.map((row) => ({ ...totalsOf(row), startMs: row.startMs })) };
  }
  const { starts, days, ends } = daySteps(question);
  const each = (sign: 1 | -1) =>
    sql.join(COUNTER_NAMES.map((name) => sql`${sql.lit(sign)} * ${sql.ref(name)}`));
  const { rows } = await sql<UsageTotals & { step: number }>`
    WITH wanted AS MATERIALIZED (${wanted}), days AS MATERIALIZED (${stepRows(days)}),
    ends AS MATERIALIZED (${stepRows(ends)}), moved AS MATERIALIZED (
      SELECT step, ${sql.join(COUNTER_NAMES.map((name) => sql`sum(sign * ${sql.ref(name)}) AS ${sql.ref(name)}`))}
      FROM wanted CROSS JOIN ends CROSS JOIN usage_slots AS r WHERE ${inStep('ends')} GROUP BY step
    )
    SELECT step, ${COUNTER_SUMS} FROM (
      SELECT step, ${sql.join(COUNTER_NAMES.map((name) => sql.ref(name)))}
      FROM wanted CROSS JOIN days CROSS JOIN usage_days AS r WHERE ${inStep('days')}
      UNION ALL SELECT step, ${each(1)} FROM moved WHERE step < ${starts.length}
      UNION ALL SELECT step - 1, ${each(-1)} FROM moved WHERE step > 0
    ) AS every_part GROUP BY step HAVING sum(requests) > 0 ORDER BY step
  `.execute(db);
  return { range, rows: rows.map((row) => ({ ...totalsOf(row), startMs: starts[row.step] ?? 0 })) };
}

export interface AmountsQuestion extends Steps {
  readonly kind: Dimension | 'all';
  /** Each is answered apart; '' is the house's one value. */
  readonly values: readonly string[];
  /** How many days make a step, from the first day on; 1 when left out. */
  readonly daysPerStep?: number;
  /** What is summed into one number per step. */
  readonly counters: readonly CounterName[];
}

/** One number per value and step, by the moment the step begins. What is not in it is 0. */
export type Amounts = ReadonlyMap<string, ReadonlyMap<number, number>>;

interface AmountRow {
  readonly value: string;
  readonly at: number;
  readonly isMoved: 0 | 1;
  readonly amount: number | null;
}

/** The series of several values in one reading: what a chart draws, without the counters that it does not. */
export async function usageAmounts(db: Db, question: AmountsQuestion): Promise<Amounts> {
  const { kind, values } = question;
  const amounts = new Map(values.map((value) => [value, new Map<number, number>()]));
  const range = onSlots(question);
  if (values.length === 0 || range.sinceMs === range.untilMs) return amounts;
  const add = (value: string, startMs: number | undefined, amount: number) => {
    const known = amounts.get(value);
    if (known && startMs !== undefined) known.set(startMs, (known.get(startMs) ?? 0) + amount);
  };
  const amount = sql.join(
    question.counters.map((name) => sql`r.${sql.ref(name)}`),
    sql` + `,
  );
  if (question.step === 'hour') {
    const { rows } = await sql<AmountRow>`
      WITH wanted AS MATERIALIZED (${wantedScopes(kind, values)})
      SELECT value, ${hourStart(question)} AS at, sum(${amount}) AS amount FROM wanted CROSS JOIN usage_slots AS r
      WHERE r.scope_id = wanted.id AND r.bucket_ms >= ${range.sinceMs} AND r.bucket_ms < ${range.untilMs}
      GROUP BY 1, 2
    `.execute(db);
    for (const row of rows) add(row.value, row.at, row.amount ?? 0);
    return amounts;
  }
  const { starts, days, ends } = daySteps(question, question.daysPerStep);
  // A sum of its own for each value and step: grouping a join would sort every quarter of an hour first.
  const { rows } = await sql<AmountRow>`
    WITH wanted AS MATERIALIZED (${wantedScopes(kind, values)}), days AS MATERIALIZED (${stepRows(days)}),
    ends AS MATERIALIZED (${stepRows(ends)})
    SELECT value, step AS at, 0 AS "isMoved", (SELECT sum(${amount}) FROM usage_days AS r WHERE ${inStep('days')}) AS amount
    FROM wanted CROSS JOIN days
    UNION ALL
    SELECT value, step, 1, sign * (SELECT sum(${amount}) FROM usage_slots AS r WHERE ${inStep('ends')})
    FROM wanted CROSS JOIN ends
  `.execute(db);
  for (const row of rows) {
    add(row.value, starts[row.at], row.amount ?? 0);
    if (row.isMoved) add(row.value, starts[row.at - 1], -(row.amount ?? 0));
  }
  return amounts;
}

function wantedScopes(kind: Dimension | 'all', values: readonly string[]): RawBuilder<unknown> {
  return sql`SELECT id, value FROM usage_scopes WHERE kind = ${kind} AND owner = '' AND value IN (${sql.join(values)})`;
}

function inStep(steps: 'days' | 'ends'): RawBuilder<unknown> {
  const [since, until] = [sql.ref(`${steps}.since_ms`), sql.ref(`${steps}.until_ms`)];
  return sql`r.scope_id = wanted.id AND r.bucket_ms >= ${since} AND r.bucket_ms < ${until}`;
}

type StepHop = readonly [step: number, sinceMs: number, untilMs: number, sign: number];

/** The days of the question's zone, or so many of them at a time, and how each is put together; the first and last are cut to the range. */
function daySteps(
  question: Steps,
  daysPerStep = 1,
): { starts: readonly number[]; days: StepHop[]; ends: StepHop[] } {
  const range = onSlots(question);
  const starts = dayStarts(question.timeZone, range).filter((_, day) => day % daysPerStep === 0);
  const bounds = [range.sinceMs, ...starts.slice(1), range.untilMs];
  return { starts, days: wholeDays(bounds), ends: raggedEnds(bounds) };
}

/** The UTC days that stand for each step: from the midnight nearest to its beginning to the one nearest to its end. */
function wholeDays(bounds: readonly number[]): StepHop[] {
  const hops: StepHop[] = [];
  for (let step = 0; step + 1 < bounds.length; step += 1) {
    const [since, until] = [nearestDay(bounds[step] ?? 0), nearestDay(bounds[step + 1] ?? 0)];
    if (since < until) hops.push([step, since, until, 1]);
  }
  return hops;
}

/**
 * What lies between each beginning and its nearest UTC midnight: to be added to the step that begins there and taken off the
 * one before, or with sign -1 the other way round.
 */
function raggedEnds(bounds: readonly number[]): StepHop[] {
  return bounds.flatMap((boundMs, step): StepHop[] => {
    const midnight = nearestDay(boundMs);
    if (boundMs < midnight) return [[step, boundMs, midnight, 1]];
    return midnight < boundMs ? [[step, midnight, boundMs, -1]] : [];
  });
}

/** The hour of the asker's clock that holds a quarter of an hour; zones have been off by half an hour and by 45 minutes. */
function hourStart(question: Steps): RawBuilder<number> {
  const spans = offsetSpans(question.timeZone, onSlots(question));
  const last = sql.lit(spans.at(-1)?.offsetMs ?? 0);
  const cases = spans.slice(0, -1).map((span, at) => {
    const untilMs = sql.lit(spans[at + 1]?.fromMs ?? 0);
    return sql`WHEN bucket_ms < ${untilMs} THEN ${sql.lit(span.offsetMs)}`;
  });
  const offset = cases.length === 0 ? last : sql`(CASE ${sql.join(cases, sql` `)} ELSE ${last} END)`;
  return sql`bucket_ms - (bucket_ms + ${offset}) % ${sql.lit(HOUR_MS)}`;
}
