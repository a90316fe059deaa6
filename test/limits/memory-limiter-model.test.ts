// Guarantee: whatever order requests are admitted, settled, released, lost and killed in, no limit is ever exceeded,
// nothing stays taken, and what is counted equals the ledger's rows. The rows here are a plain list kept beside.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { FOREVER, spanAt } from '../../src/core/limits/budget-period.ts';
import type { Limit } from '../../src/core/limits/limit.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { BudgetSeed } from '../../src/limits/budget-meter.ts';
import type { ActualUse, Admission } from '../../src/limits/limiter.ts';
import { ADMISSION_AGE_MAX_MS, MemoryLimiter } from '../../src/limits/memory-limiter.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { sampleLimit } from '../support/samples.ts';

const USERS = ['usr_a', 'usr_b'];
const KEYS = ['key_a1', 'key_a2', 'key_b1'];
const ownerOf = (key: string) => `usr_${key[4]}`;

/** What the ledger would hold: one row per ended request, orphans with their reservation. */
interface Row {
  readonly eventId: string;
  readonly timeMs: number;
  readonly monotonicMs: number;
  readonly userId: string;
  readonly keyId: string;
  readonly nanoUsd: number;
  readonly tokens: number;
}

interface Running {
  readonly admission: Admission;
  readonly row: Row;
}

class World {
  readonly clock = new ManualClock('2026-10-24T20:00:00Z');
  readonly rows: Row[] = [];
  /** Requests that were counted and not released: what the rate windows must have seen. */
  readonly sent: { row: Row; tokensCounted: number }[] = [];
  running: Running[] = [];
  lost: Running[] = [];
  limits: readonly Limit[];
  limiter: MemoryLimiter;
  count = 0;
  startedMs: number;

  constructor(limits: readonly Limit[]) {
    this.limits = limits;
    this.limiter = this.start();
    this.startedMs = this.clock.monotonicMs();
  }

  start(): MemoryLimiter {
    const limiter = new MemoryLimiter({ clock: this.clock, log: silentLog });
    limiter.replace(this.limits, this.seeds(this.limits));
    this.startedMs = this.clock.monotonicMs();
    return limiter;
  }

  seeds(limits: readonly Limit[], skip: (eventId: string) => boolean = () => false): Map<string, BudgetSeed> {
    const now = this.clock.nowMs();
    return new Map(
      limits.map((limit) => {
        const span = spanAt(limit.period ?? 'forever', limit.timeZone, now);
        const rows = this.rows.filter(({ eventId }) => !skip(eventId));
        return [limit.id, { span, spent: total(limit, rows, span.startMs, span.endMs) }];
      }),
    );
  }

  admit(keyId: string, tokensMax: number, nanoUsdMax: number): void {
    const row: Row = {
      eventId: `req_${++this.count}`,
      timeMs: this.clock.nowMs(),
      monotonicMs: this.clock.monotonicMs(),
      userId: ownerOf(keyId),
      keyId,
      nanoUsd: nanoUsdMax,
      tokens: tokensMax,
    };
    try {
      const admission = this.limiter.admit({ ...row, model: 'm', tokensMax, nanoUsdMax, shape: 'openai' });
      this.running.push({ admission, row });
    } catch {
      // A refusal; whether it was due is judged by the test of fairness below.
    }
  }

  settle(at: number, actual: ActualUse): void {
    const one = this.running.splice(at % Math.max(1, this.running.length), 1)[0];
    if (!one) return;
    one.admission.settle(actual);
    const tokens =
      actual.promptTokens === null ? one.row.tokens : actual.promptTokens + (actual.completionTokens ?? 0);
    const row = { ...one.row, nanoUsd: actual.costNanoUsd ?? one.row.nanoUsd, tokens };
    this.rows.push(row);
    this.sent.push({ row, tokensCounted: tokens });
  }

  release(at: number): void {
    this.running.splice(at % Math.max(1, this.running.length), 1)[0]?.admission.release();
  }

  /** The process dies; the next start sweeps orphans to `unknown` with what their marks held. */
  crash(): void {
    for (const { row } of this.running) this.rows.push(row);
    this.running = [];
    this.sent.length = 0;
    this.limiter = this.start();
  }

  /** Time passes until whatever ran is taken for lost. */
  expire(): void {
    this.clock.advance(ADMISSION_AGE_MAX_MS + 1);
    expect(this.limiter.expire()).toBe(this.running.length);
    for (const { row } of this.running) {
      this.rows.push(row);
      this.sent.push({ row, tokensCounted: row.tokens });
    }
    this.running = [];
  }

  /** Sets the limits anew while one request ends between the reading of the rows and the switch. */
  reload(limits: readonly Limit[], endBetween: number): void {
    const trace = this.limiter.startTrace();
    this.settle(endBetween, { costNanoUsd: 1, promptTokens: 1, completionTokens: 1 });
    const fresh = this.limiter.unseeded(limits);
    const seeds = this.seeds(fresh, (eventId) => trace.has(eventId));
    this.settle(endBetween, { costNanoUsd: 2, promptTokens: 1, completionTokens: 2 });
    this.limiter.replace(limits, seeds);
    this.limits = limits;
  }

  check(): void {
    const now = this.clock.nowMs();
    for (const state of this.limiter.allStates()) {
      const { limit, used, reserved } = state;
      const running = this.running.filter(({ row }) => binds(limit, row));
      if (limit.kind === 'concurrent_requests') expect(used).toBe(running.length);
      if (limit.period === null) continue;
      const span = spanAt(limit.period, limit.timeZone, now);
      expect(used).toBe(total(limit, this.rows, span.startMs, span.endMs));
      const held = running.map(({ row }) => row);
      expect(reserved).toBe(total(limit, held, span.startMs, span.endMs));
    }
    expect(this.limiter.liveCount).toBe(this.running.length);
  }

  /** For worlds whose limits never change: nothing is above its amount, now or in any minute gone by. */
  checkNeverOver(): void {
    for (const { limit, amount, used, reserved } of this.limiter.allStates()) {
      expect(used + reserved).toBeLessThanOrEqual(amount);
      if (limit.kind !== 'requests_per_minute' && limit.kind !== 'tokens_per_minute') continue;
      const counted = [
        ...this.sent,
        ...this.running.map(({ row }) => ({ row, tokensCounted: row.tokens })),
      ].filter(({ row }) => binds(limit, row));
      for (const { row: first } of counted) {
        const minute = counted.filter(
          ({ row }) => row.monotonicMs >= first.monotonicMs && row.monotonicMs < first.monotonicMs + 60_000,
        );
        const sum = minute.reduce(
          (all, { tokensCounted }) => all + (limit.kind === 'requests_per_minute' ? 1 : tokensCounted),
          0,
        );
        expect(sum).toBeLessThanOrEqual(amount);
      }
    }
  }
}

function binds(limit: Limit, row: Row): boolean {
  return limit.scopeId === null || limit.scopeId === row.userId || limit.scopeId === row.keyId;
}

function total(limit: Limit, rows: readonly Row[], startMs: number, endMs: number): number {
  return rows
    .filter((row) => binds(limit, row) && row.timeMs >= startMs && row.timeMs < endMs)
    .reduce((sum, row) => sum + (limit.kind === 'budget_money' ? row.nanoUsd : row.tokens), 0);
}

const scope = fc.constantFrom<Pick<Limit, 'scope' | 'scopeId'>>(
  { scope: 'house', scopeId: null },
  ...USERS.map((scopeId) => ({ scope: 'user' as const, scopeId })),
  ...KEYS.map((scopeId) => ({ scope: 'key' as const, scopeId })),
);
const what = fc.oneof(
  fc.record({
    kind: fc.constant<'requests_per_minute'>('requests_per_minute'),
    amount: fc.integer({ min: 0, max: 6 }),
  }),
  fc.record({
    kind: fc.constant<'tokens_per_minute'>('tokens_per_minute'),
    amount: fc.integer({ min: 0, max: 600 }),
  }),
  fc.record({
    kind: fc.constant<'concurrent_requests'>('concurrent_requests'),
    amount: fc.integer({ min: 0, max: 4 }),
  }),
  fc.record({
    kind: fc.constantFrom<Limit['kind']>('budget_money', 'budget_tokens'),
    amount: fc.integer({ min: 0, max: 2_000 }),
    period: fc.constantFrom<Limit['period']>('day', 'week', 'month', 'forever'),
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Auckland'),
  }),
);
const limitList = fc
  .array(fc.tuple(scope, what), { maxLength: 8 })
  .map((pairs) => pairs.map(([who, limit], at) => sampleLimit({ id: `lim_${at}`, ...who, ...limit })));

/** Never more than was reserved: that the reservation is the most a request can use is the worst case's own test. */
const share = fc.double({ min: 0, max: 1, noNaN: true });
type Step = (world: World) => void;
const admitStep = fc.tuple(fc.constantFrom(...KEYS), fc.nat(250), fc.nat(400)).map(
  ([key, tokens, nano]): Step =>
    (world) =>
      world.admit(key, tokens, nano),
);
const settleStep = fc.tuple(fc.nat(50), share, share).map(
  ([at, costShare, tokenShare]): Step =>
    (world) => {
      const one = world.running[at % Math.max(1, world.running.length)];
      if (!one) return;
      const tokens = Math.floor(one.row.tokens * tokenShare);
      const prompt = Math.floor(tokens / 3);
      world.settle(at, {
        costNanoUsd: Math.floor(one.row.nanoUsd * costShare),
        promptTokens: prompt,
        completionTokens: tokens - prompt,
      });
    },
);
const unknownStep = fc.nat(50).map(
  (at): Step =>
    (world) =>
      world.settle(at, { costNanoUsd: null, promptTokens: null, completionTokens: null }),
);
const releaseStep = fc.nat(50).map(
  (at): Step =>
    (world) =>
      world.release(at),
);
const waitStep = fc
  .constantFrom(1, 400, 999, 5_000, 30_000, 60_000, 3_600_000, 14 * 3_600_000, 40 * 86_400_000)
  .map(
    (ms): Step =>
      (world) =>
        world.clock.advance(ms),
  );
const crashStep = fc.constant<Step>((world) => world.crash());
const expireStep = fc.constant<Step>((world) => world.expire());
const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: admitStep },
    { weight: 6, arbitrary: settleStep },
    { weight: 2, arbitrary: unknownStep },
    { weight: 3, arbitrary: releaseStep },
    { weight: 4, arbitrary: waitStep },
    { weight: 1, arbitrary: crashStep },
    { weight: 1, arbitrary: expireStep },
  ),
  { maxLength: 120 },
);

test('never over the limit, and counters equal rows, after every step', () => {
  fc.assert(
    fc.property(limitList, steps, (limits, each) => {
      const world = new World(limits);
      for (const step of each) {
        step(world);
        world.check();
      }
      world.checkNeverOver();
    }),
    { numRuns: 2_000 },
  );
});

test('counters equal rows when limits change in the middle, with ends between reading and switching', () => {
  const change = fc.tuple(limitList, fc.nat(50)).map(
    ([limits, at]): Step =>
      (world) =>
        world.reload(limits, at),
  );
  const mixed = fc.array(
    fc.oneof({ weight: 4, arbitrary: steps }, { weight: 1, arbitrary: change.map((one) => [one]) }),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(limitList, mixed, (limits, groups) => {
      const world = new World(limits);
      for (const step of groups.flat()) {
        step(world);
        world.check();
      }
    }),
    { numRuns: 1_000 },
  );
});

test('never stuck: once all requests have ended and the periods are over, whatever fits an untouched limit is admitted', () => {
  fc.assert(
    fc.property(limitList, steps, fc.constantFrom(...KEYS), (limits, each, key) => {
      const world = new World(limits.filter(({ period }) => period !== 'forever'));
      for (const step of each) step(world);
      while (world.running.length > 0) world.release(0);
      world.clock.advance(70 * 86_400_000);
      for (const { used, reserved } of world.limiter.allStates()) expect([used, reserved]).toEqual([0, 0]);
      const untouched = new World(world.limits);
      world.admit(key, 100, 100);
      untouched.admit(key, 100, 100);
      expect(world.running.length).toBe(untouched.running.length);
    }),
    { numRuns: 1_000 },
  );
});

test('the spans used here cover all time', () => {
  expect(FOREVER.startMs < 0 && FOREVER.endMs > Date.parse('9999-01-01')).toBe(true);
});
