// Reads usage for pages: totals, buckets and groups out of the ledger's roll-ups, with names in place of ids.
import type { TimeRange } from '../../core/time-zone.ts';
import { namesOfKeys } from '../../store/api-keys.ts';
import type { Store } from '../../store/open-store.ts';
import {
  type Dimension,
  type ShareQuestion,
  type SplitSubject,
  type UsageSubject,
  type UsageTotals,
  usageSeries,
  usageShares,
  usageTotals,
} from '../../store/usage-reading.ts';
import { namesOfUsers } from '../../store/users.ts';
import type { Series } from '../views/chart-scale.ts';
import { type Bucket, bucketsOf, type Step } from './usage-buckets.ts';
import { type Counters, type Measure, measured, NO_COUNTERS, type UsageBucket } from './usage-model.ts';

export const HOUSE: SplitSubject = { kind: 'all' };
/** How many values of a dimension a chart draws apart; the rest is one series. */
export const SERIES_DRAWN_MAX = 6;

export interface NamedShare {
  readonly id: string;
  readonly name: string;
  readonly counters: Counters;
}

export function toCounters(totals: UsageTotals): Counters {
  return {
    requests: totals.requests,
    failed: totals.failed,
    promptTokens: totals.prompt_tokens,
    completionTokens: totals.completion_tokens,
    cachedTokens: totals.cached_tokens,
    costNanoUsd: totals.cost_nano_usd,
    unpriced: totals.unpriced,
    estimated: totals.estimated,
    unknown: totals.unknown,
    durationMs: totals.duration_ms,
  };
}

export async function readTotals(store: Store, subject: UsageSubject, range: TimeRange): Promise<Counters> {
  return toCounters(await usageTotals(store.read, { subject, ...range }));
}

export interface BucketQuestion extends TimeRange {
  readonly subject: UsageSubject;
  readonly step: Step;
  readonly timeZone: string;
}

/** One entry per bucket of the span, empty ones included. */
export async function readBuckets(store: Store, question: BucketQuestion): Promise<readonly UsageBucket[]> {
  const buckets = bucketsOf(question, question.step, question.timeZone);
  const counted = await countersByStart(store, question);
  return buckets.map(({ startMs, label, tick }) => ({
    startMs,
    label,
    tick,
    counters: counted.get(startMs) ?? NO_COUNTERS,
  }));
}

/** Most expensive first, with names. */
export async function readShares(store: Store, question: ShareQuestion): Promise<readonly NamedShare[]> {
  const { rows } = await usageShares(store.read, question);
  const names = await namesOf(
    store,
    question.by,
    rows.map((row) => row.value),
  );
  return rows.map((row) => ({
    id: row.value,
    name: names.get(row.value) ?? nameless(question.by, row.value),
    counters: toCounters(row),
  }));
}

/** Shares by id, for tables that show a number beside each row. */
export async function readSharesById(store: Store, question: ShareQuestion): Promise<Map<string, Counters>> {
  const { rows } = await usageShares(store.read, question);
  return new Map(rows.map((row) => [row.value, toCounters(row)]));
}

/** The largest values of one dimension bucket by bucket, and what is left of the whole as one more series. */
export async function readStacked(
  store: Store,
  facts: {
    readonly question: BucketQuestion;
    readonly by: Dimension;
    readonly shares: readonly NamedShare[];
    readonly whole: readonly UsageBucket[];
    readonly measure: Measure;
  },
): Promise<readonly Series[]> {
  const { question, by, whole, measure } = facts;
  const shares = facts.shares
    .filter((share) => measured(share.counters, measure) > 0)
    .toSorted((a, b) => measured(b.counters, measure) - measured(a.counters, measure));
  const buckets = bucketsOf(question, question.step, question.timeZone);
  const drawn = shares.slice(0, SERIES_DRAWN_MAX);
  const series = await Promise.all(
    drawn.map(async (share) => {
      const subject: UsageSubject = { kind: by, value: share.id };
      const counted = await countersByStart(store, { ...question, subject });
      return { name: share.name, values: valuesOf(buckets, counted, measure) };
    }),
  );
  const rest = whole.map(
    ({ counters }, at) =>
      measured(counters, measure) - series.reduce((sum, each) => sum + (each.values[at] ?? 0), 0),
  );
  if (!rest.some((value) => value > 0)) return series;
  const name = series.length === 0 ? 'All' : `${Math.max(1, shares.length - drawn.length)} others`;
  return [...series, { name, values: rest.map((value) => Math.max(0, value)) }];
}

function valuesOf(
  buckets: readonly Bucket[],
  counted: ReadonlyMap<number, Counters>,
  measure: Measure,
): readonly number[] {
  return buckets.map(({ startMs }) => measured(counted.get(startMs) ?? NO_COUNTERS, measure));
}

async function countersByStart(store: Store, question: BucketQuestion): Promise<Map<number, Counters>> {
  const { rows } = await usageSeries(store.read, question);
  return new Map(rows.map((row) => [row.startMs, toCounters(row)]));
}

async function namesOf(
  store: Store,
  by: Dimension,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (by === 'user') return namesOfUsers(store.read, ids);
  if (by === 'key') return namesOfKeys(store.read, ids);
  return new Map();
}

/** '' stands for what has none: the master key has no user and no key. */
function nameless(by: Dimension, value: string): string {
  if (value !== '') return value;
  if (by === 'user') return 'nobody (master key)';
  if (by === 'key') return 'master key';
  return `no ${by}`;
}
