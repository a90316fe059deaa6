// Guarantee: the limiter in this process keeps the contract, and never loses a place nor grows without bound.
import { describe, expect, test } from 'bun:test';
import { spanAt } from '../../src/core/limits/budget-period.ts';
import type { Limit } from '../../src/core/limits/limit.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { BudgetSeed } from '../../src/limits/budget-meter.ts';
import type { AdmitRequest, LimitState } from '../../src/limits/limiter.ts';
import { ADMISSION_AGE_MAX_MS, MemoryLimiter } from '../../src/limits/memory-limiter.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { sampleLimit } from '../support/samples.ts';
import { limiterContract } from './contract.ts';

const USD = 1_000_000_000;
const DONE = { costNanoUsd: 0, promptTokens: 0, completionTokens: 0 };

function seedsOf(limits: readonly Limit[], timeMs: number, spent: number): Map<string, BudgetSeed> {
  const budgets = limits.filter(({ period }) => period !== null);
  return new Map(
    budgets.map((limit) => [
      limit.id,
      { span: spanAt(limit.period ?? 'forever', limit.timeZone, timeMs), spent },
    ]),
  );
}

function setUp(limits: readonly Limit[], options: { spent?: number; liveMax?: number } = {}) {
  const clock = new ManualClock();
  const warnings: LimitState[] = [];
  const limiter = new MemoryLimiter({
    clock,
    log: silentLog,
    onWarning: (state) => warnings.push(state),
    liveMax: options.liveMax ?? 1_000,
  });
  limiter.replace(limits, seedsOf(limits, clock.nowMs(), options.spent ?? 0));
  let count = 0;
  const admit = (changes: Partial<AdmitRequest> = {}) =>
    limiter.admit({
      eventId: `req_${++count}`,
      timeMs: clock.nowMs(),
      userId: 'usr_sample',
      keyId: 'key_sample',
      model: 'm',
      tokensMax: 100,
      nanoUsdMax: USD,
      shape: 'openai',
      ...changes,
    });
  return { clock, limiter, admit, warnings };
}

const budget = (changes: Partial<Limit> = {}) =>
  sampleLimit({ id: 'lim_money', kind: 'budget_money', period: 'day', amount: 10 * USD, ...changes });

describe('memory limiter', () => {
  limiterContract('memory', async (clock) => {
    const limiter = new MemoryLimiter({ clock, log: silentLog });
    return {
      limiter,
      setLimits: async (limits, spent = 0) => limiter.replace(limits, seedsOf(limits, clock.nowMs(), spent)),
    };
  });

  test('more live requests than the bound are refused as overload', () => {
    const { admit, limiter } = setUp([], { liveMax: 2 });
    admit();
    const second = admit();
    expect(() => admit()).toThrow('at its limit');
    second.release();
    admit();
    expect(limiter.liveCount).toBe(2);
  });

  test('a request that never ends is charged what it reserved; its late end is put right', () => {
    const limits = [budget(), sampleLimit({ id: 'lim_slots', kind: 'concurrent_requests', amount: 1 })];
    const { admit, limiter, clock } = setUp(limits, {});
    const lost = admit({ timeMs: clock.nowMs() + ADMISSION_AGE_MAX_MS });
    clock.advance(ADMISSION_AGE_MAX_MS - 1);
    expect(limiter.expire()).toBe(0);
    clock.advance(2);
    expect(limiter.expire()).toBe(1);
    const spent = () => limiter.statesOf({ userId: null, keyId: 'key_sample' }).map(({ used }) => used);
    expect(spent()).toEqual([USD, 0]);
    lost.settle({ costNanoUsd: USD / 4, promptTokens: 1, completionTokens: 1 });
    lost.settle({ costNanoUsd: USD / 2, promptTokens: 1, completionTokens: 1 });
    expect(spent()).toEqual([USD / 4, 0]);
    expect(limiter.liveCount).toBe(0);
  });

  test('the warning comes once per period, when the threshold is crossed', () => {
    const { admit, warnings, clock } = setUp([budget({ warnPercent: 50 })]);
    for (let i = 0; i < 4; i++) admit().settle({ ...DONE, costNanoUsd: USD });
    expect(warnings.length).toBe(0);
    for (let i = 0; i < 4; i++) admit().settle({ ...DONE, costNanoUsd: USD });
    expect(warnings.map(({ used }) => used)).toEqual([5 * USD]);
    clock.advance(24 * 3_600_000);
    admit({ nanoUsdMax: 6 * USD }).settle({ ...DONE, costNanoUsd: 6 * USD });
    expect(warnings.length).toBe(2);
  });

  test('peaks and refusals are told once', () => {
    const { admit, limiter } = setUp([sampleLimit({ amount: 4 })]);
    for (let i = 0; i < 3; i++) admit();
    expect(limiter.takePeaks()).toEqual([{ limitId: 'lim_sample', peakPermille: 750, refusals: 0 }]);
    expect(limiter.takePeaks()).toEqual([]);
    admit();
    expect(() => admit()).toThrow();
    expect(limiter.takePeaks()).toEqual([{ limitId: 'lim_sample', peakPermille: 1_000, refusals: 1 }]);
  });

  test('a budget that is set while requests end counts each end once: in the seed or from the trace', () => {
    const { admit, limiter, clock } = setUp([]);
    admit().settle({ ...DONE, costNanoUsd: USD });
    const running = admit();
    const across = admit();
    const trace = limiter.startTrace();
    across.settle({ ...DONE, costNanoUsd: 2 * USD });
    expect([trace.has('req_1'), trace.has('req_3')]).toEqual([false, true]);
    const limits = [budget()];
    expect(limiter.unseeded(limits).map(({ id }) => id)).toEqual(['lim_money']);
    limiter.replace(limits, seedsOf(limits, clock.nowMs(), USD));
    const [state] = limiter.statesOf({ userId: null, keyId: 'key_sample' });
    expect(state).toMatchObject({ used: 3 * USD, reserved: USD });
    running.settle({ ...DONE, costNanoUsd: USD / 2 });
    expect(limiter.allStates()[0]).toMatchObject({ used: 3.5 * USD, reserved: 0 });
    expect(limiter.unseeded(limits)).toEqual([]);
  });

  test('a budget that is set while a request of an earlier period runs does not count that request', () => {
    const { admit, limiter, clock } = setUp([]);
    const yesterdays = admit();
    clock.advance(24 * 3_600_000);
    const limits = [budget()];
    limiter.replace(limits, seedsOf(limits, clock.nowMs(), 0));
    expect(limiter.allStates()[0]).toMatchObject({ used: 0, reserved: 0 });
    yesterdays.settle({ ...DONE, costNanoUsd: USD });
    expect(limiter.allStates()[0]).toMatchObject({ used: 0, reserved: 0 });
  });

  test('a budget in another time zone is another counter and needs its own seed', () => {
    const { limiter } = setUp([budget()], { spent: USD });
    expect(limiter.unseeded([budget({ timeZone: 'Asia/Tokyo' })]).length).toBe(1);
    expect(limiter.unseeded([budget({ amount: 5 })]).length).toBe(0);
  });
});
