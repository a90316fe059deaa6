// Reads the limits, and where each new budget stands by the ledger's rows, and puts them in force in one step.
// Exact under traffic: every end is counted either from its row or from the trace of what ended meanwhile.
import { type Span, spanAt } from '../core/limits/budget-period.ts';
import type { Limit } from '../core/limits/limit.ts';
import type { Clock } from '../lib/clock.ts';
import { listLimits } from '../store/limits.ts';
import type { Store } from '../store/open-store.ts';
import {
  type Charged,
  OWNERS_MAX,
  pageChargesOfRows,
  readCharges,
  slotStart,
} from '../store/usage-charges.ts';
import type { BudgetSeed } from './budget-meter.ts';
import type { MemoryLimiter } from './memory-limiter.ts';
import type { SettledTrace } from './settled-trace.ts';

/** Requests that begin while the load starts may carry a slightly earlier time. */
const CLOCK_SLACK_MS = 60_000;
const ROWS_PER_PAGE = 5_000;

export interface LimitsLoaderDeps {
  readonly store: Store;
  readonly limiter: MemoryLimiter;
  /** Resolves when everything settled before the call is in the store. */
  readonly flush: () => Promise<void>;
  readonly clock: Clock;
  /** Limits of the configuration, which bind beside those of the store. */
  readonly configured?: () => readonly Limit[];
}

export interface LimitsLoader {
  /** The first call must be answered before the first request is served. Concurrent calls share one load, and each sees everything committed before it was made. */
  readonly reload: () => Promise<void>;
}

export function createLimitsLoader(deps: LimitsLoaderDeps): LimitsLoader {
  let loaded = false;
  let running: Promise<void> | null = null;
  let queued: Promise<void> | null = null;

  function start(): Promise<void> {
    running = loadLimits(deps, loaded)
      .then(() => {
        loaded = true;
      })
      .finally(() => {
        running = null;
      });
    return running;
  }

  return {
    reload: () => {
      if (!running) return start();
      queued ??= running
        .catch(() => {})
        .then(() => {
          queued = null;
          return start();
        });
      return queued;
    },
  };
}

/** Rejects when the store cannot be read or too much ended meanwhile; then the limits in force stay as they were. */
async function loadLimits(deps: LimitsLoaderDeps, isServing: boolean): Promise<void> {
  const { store, limiter } = deps;
  const trace = limiter.startTrace();
  // What began before the oldest request that runs now has ended: its row is there, or will be after the flush.
  const oldestMs = limiter.oldestLiveMs ?? deps.clock.nowMs();
  const cutMs = isServing ? slotStart(oldestMs - CLOCK_SLACK_MS) : Number.POSITIVE_INFINITY;
  try {
    const limits = [...(deps.configured?.() ?? []), ...(await listLimits(store.read))];
    const fresh = limiter.unseeded(limits);
    if (fresh.length > 0) await deps.flush();
    const seeds = await readSeeds(deps, { fresh, trace, cutMs });
    if (trace.overflowed) throw new Error('too many requests ended while limits were loaded');
    limiter.replace(limits, seeds);
  } catch (error) {
    limiter.dropTrace();
    throw error;
  }
}

interface SeedTask {
  readonly fresh: readonly Limit[];
  readonly trace: SettledTrace;
  /** Before it roll-ups are read, from it on single rows; plus infinity before the first request. */
  readonly cutMs: number;
}

interface OpenSeed {
  readonly limit: Limit;
  readonly span: Span;
  spent: number;
}

async function readSeeds(deps: LimitsLoaderDeps, task: SeedTask): Promise<Map<string, BudgetSeed>> {
  if (task.fresh.length === 0) return new Map();
  const nowMs = deps.clock.nowMs();
  const open = task.fresh.map(
    (limit): OpenSeed => ({
      limit,
      span: spanAt(limit.period ?? 'forever', limit.timeZone, nowMs),
      spent: 0,
    }),
  );
  await addRollups(deps.store, open, task.cutMs);
  await addRows(deps.store, open, task);
  return new Map(open.map(({ limit, span, spent }) => [limit.id, { span, spent }]));
}

const OWNER_KINDS = { house: 'all', user: 'user', key: 'key' } as const;

/** One read for all budgets of one kind of owner that began at the same time. */
async function addRollups(store: Store, open: readonly OpenSeed[], cutMs: number): Promise<void> {
  const groups = Map.groupBy(open, ({ limit, span }) => `${limit.scope} ${span.startMs}`);
  for (const seeds of groups.values()) {
    const [first] = seeds;
    if (!first) continue;
    const owners = seeds.map(({ limit }) => limit.scopeId ?? '');
    const charges = await readCharges(store.read, {
      kind: OWNER_KINDS[first.limit.scope],
      sinceMs: first.span.startMs,
      untilMs: Math.min(cutMs, first.span.endMs),
      owners: owners.length > OWNERS_MAX ? null : [...new Set(owners)],
    });
    for (const seed of seeds) seed.spent += amountOf(seed.limit, charges.get(seed.limit.scopeId ?? ''));
  }
}

async function addRows(store: Store, open: readonly OpenSeed[], task: SeedTask): Promise<void> {
  if (!Number.isFinite(task.cutMs)) return;
  const byOwner = Map.groupBy(open, ({ limit }) => limit.scopeId);
  const ofOwner = (id: string | null) => (id === null ? [] : (byOwner.get(id) ?? []));
  let after: { timeMs: number; id: string } | null = null;
  for (;;) {
    const rows = await pageChargesOfRows(store.read, { sinceMs: task.cutMs, after, limit: ROWS_PER_PAGE });
    for (const row of rows) {
      // Asked row by row: what ends while the pages are read is in the trace before it can be in a page.
      if (task.trace.has(row.id)) continue;
      const bound = [...(byOwner.get(null) ?? []), ...ofOwner(row.userId), ...ofOwner(row.keyId)];
      for (const seed of bound) if (covers(seed.span, row.timeMs)) seed.spent += amountOf(seed.limit, row);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_PER_PAGE) return;
    after = { timeMs: last.timeMs, id: last.id };
  }
}

function covers(span: Span, timeMs: number): boolean {
  return timeMs >= span.startMs && timeMs < span.endMs;
}

function amountOf(limit: Limit, charged: Charged | undefined): number {
  if (charged === undefined) return 0;
  return limit.kind === 'budget_money' ? charged.nanoUsd : charged.tokens;
}
