// Reads usage for pages: totals, buckets and groups out of the ledger's roll-ups, with names in place of ids.
import type { TimeRange } from '../../core/time-zone.ts';
import { namesOfKeys } from '../../store/api-keys.ts';
import type { Store } from '../../store/open-store.ts';
import { subjectValue, type UsageSubject, type UsageTotals, usageTotals } from '../../store/usage-reading.ts';
import type { CounterName, Dimension } from '../../store/usage-scopes.ts';
import { usageAmounts, usageSeries } from '../../store/usage-series.ts';
import { type ShareQuestion, type SplitSubject, usageShares } from '../../store/usage-shares.ts';
import { namesOfUsers } from '../../store/users.ts';
import type { Series } from '../views/chart-scale.ts';
import { bucketsOf, type Step } from './usage-buckets.ts';
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
  /** How many days one number stands for; 1 when left out. */
  readonly daysPerStep?: number;
}

/** One entry per bucket of the span, empty ones included. */
export async function readBuckets(store: Store, question: BucketQuestion): Promise<readonly UsageBucket[]> {
  const { rows } = await usageSeries(store.read, question);
  const counted = new Map(rows.map((row) => [row.startMs, toCounters(row)]));
  return bucketsOf(question, question.step, question.timeZone).map(({ startMs, label, tick }) => ({
    startMs,
    label,
    tick,
    counters: counted.get(startMs) ?? NO_COUNTERS,
  }));
}

/** Most expensive first, with names. */
export async function readShares(store: Store, question: ShareQuestion): Promise<readonly NamedShare[]> {
  const { rows } = await usageShares(store.read, question);
  const names = await readNames(store, { by: question.by, ids: rows.map((row) => row.value) });
  return rows.map((row) => ({
    id: row.value,
    name: names.get(row.value) ?? row.value,
    counters: toCounters(row),
  }));
}

/** What each value of a dimension is called, those without a name included. */
export async function readNames(
  store: Store,
  { by, ids }: { readonly by: Dimension; readonly ids: readonly string[] },
): Promise<ReadonlyMap<string, string>> {
  const known = await namesOf(store, by, ids);
  return new Map(ids.map((id) => [id, known.get(id) ?? nameless(by, id)]));
}

/** A subject's shares by one dimension over the range of a page. */
export type ShareReader = (subject: SplitSubject, by: Dimension) => Promise<readonly NamedShare[]>;

/** For a page whose parts ask for the same shares: each is read once. At most `limit` shares of each. */
export function createShareReader(
  store: Store,
  { range, limit }: { readonly range: TimeRange; readonly limit: number },
): ShareReader {
  const known = new Map<string, Promise<readonly NamedShare[]>>();
  return (subject, by) => {
    const name = JSON.stringify([subject, by]);
    const shares = known.get(name) ?? readShares(store, { subject, by, ...range, limit });
    known.set(name, shares);
    return shares;
  };
}

/** Shares by id, for tables that show a number beside each row. */
export async function readSharesById(store: Store, question: ShareQuestion): Promise<Map<string, Counters>> {
  const { rows } = await usageShares(store.read, question);
  return new Map(rows.map((row) => [row.value, toCounters(row)]));
}

/** The counters that make up a measure. */
const COUNTERS_OF: Readonly<Record<Measure, readonly CounterName[]>> = {
  cost: ['cost_nano_usd'],
  tokens: ['prompt_tokens', 'completion_tokens'],
  requests: ['requests'],
};

/** One measure of a subject, a number for each of the buckets. */
export async function readMeasured(
  store: Store,
  facts: { readonly question: BucketQuestion; readonly starts: readonly number[]; readonly measure: Measure },
): Promise<readonly number[]> {
  const { subject } = facts.question;
  const value = subjectValue(subject);
  const apart = await readApart(store, { ...facts, kind: subject.kind, values: [value] });
  return apart.get(value) ?? facts.starts.map(() => 0);
}

/** The largest values of one dimension bucket by bucket, and what is left of the whole as one more series. */
export async function readStacked(
  store: Store,
  facts: {
    readonly question: BucketQuestion;
    readonly starts: readonly number[];
    readonly by: Dimension;
    readonly shares: readonly NamedShare[];
    /** The measure of all together, bucket by bucket. */
    readonly whole: readonly number[];
    readonly measure: Measure;
  },
): Promise<readonly Series[]> {
  const { by, starts, whole, measure } = facts;
  const shares = facts.shares
    .filter((share) => measured(share.counters, measure) > 0)
    .toSorted((a, b) => measured(b.counters, measure) - measured(a.counters, measure));
  const drawn = shares.slice(0, SERIES_DRAWN_MAX);
  const apart = await readApart(store, { ...facts, kind: by, values: drawn.map((share) => share.id) });
  const series = drawn.map(({ id, name }) => ({ name, values: apart.get(id) ?? starts.map(() => 0) }));
  const rest = whole.map((all, at) => all - series.reduce((sum, each) => sum + (each.values[at] ?? 0), 0));
  if (!rest.some((value) => value > 0)) return series;
  const name = series.length === 0 ? 'All' : `${Math.max(1, shares.length - drawn.length)} others`;
  return [...series, { name, values: rest.map((value) => Math.max(0, value)) }];
}

async function readApart(
  store: Store,
  facts: {
    readonly question: BucketQuestion;
    readonly starts: readonly number[];
    readonly measure: Measure;
    readonly kind: Dimension | 'all';
    readonly values: readonly string[];
  },
): Promise<ReadonlyMap<string, readonly number[]>> {
  const { question, starts, measure, kind, values } = facts;
  const { sinceMs, untilMs, step, timeZone, daysPerStep = 1 } = question;
  const asked = {
    kind,
    values,
    counters: COUNTERS_OF[measure],
    sinceMs,
    untilMs,
    step,
    timeZone,
    daysPerStep,
  };
  const amounts = await usageAmounts(store.read, asked);
  return new Map(
    [...amounts].map(([value, known]) => [value, starts.map((startMs) => known.get(startMs) ?? 0)]),
  );
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
