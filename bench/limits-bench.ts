// Prints what one admission costs with every kind of limit set on key, user and house: `bin/bun bench/limits-bench.ts`.
import { spanAt } from '../src/core/limits/budget-period.ts';
import { LIMIT_KINDS, type Limit } from '../src/core/limits/limit.ts';
import { systemClock } from '../src/lib/clock.ts';
import { silentLog } from '../src/lib/log.ts';
import { MemoryLimiter } from '../src/limits/memory-limiter.ts';

const AMOUNT = 8_000_000_000_000_000;
export const ADMISSION_MEDIAN_MAX_US = 10;

/** All kinds, and both budgets in all four periods: 11 limits on each of key, user and house. */
export function everyLimit(keyId: string, userId: string): Limit[] {
  const scopes = [
    { scope: 'house', scopeId: null },
    { scope: 'user', scopeId: userId },
    { scope: 'key', scopeId: keyId },
  ] as const;
  const limits: Limit[] = [];
  for (const scope of scopes) {
    for (const kind of LIMIT_KINDS) {
      const isBudget = kind === 'budget_money' || kind === 'budget_tokens';
      for (const period of isBudget ? (['day', 'week', 'month', 'forever'] as const) : [null]) {
        limits.push({
          id: `lim_${limits.length}_${scope.scopeId ?? 'house'}`,
          ...scope,
          kind,
          period,
          amount: AMOUNT,
          timeZone: 'Europe/Berlin',
          warnPercent: 80,
          allowUnpriced: false,
          raisedAmount: null,
          raisedUntilMs: null,
        });
      }
    }
  }
  return limits;
}

/** Microseconds per admit and settle, one figure per round of `perRound` requests with 64 running at a time. */
export function measureAdmission(options: { rounds: number; perRound: number }): number[] {
  const limiter = new MemoryLimiter({ clock: systemClock, log: silentLog });
  const limits = everyLimit('key_1', 'usr_1');
  const seeds = limits.map((limit) => {
    const span = spanAt(limit.period ?? 'forever', limit.timeZone, systemClock.nowMs());
    return [limit.id, { span, spent: 0 }] as const;
  });
  limiter.replace(limits, new Map(seeds));
  const running: ReturnType<MemoryLimiter['admit']>[] = [];
  const figures: number[] = [];
  let id = 0;
  for (let round = 0; round < options.rounds; round++) {
    const started = systemClock.monotonicMs();
    for (let i = 0; i < options.perRound; i++) {
      const admission = limiter.admit({
        eventId: String(id++),
        timeMs: systemClock.nowMs(),
        userId: 'usr_1',
        keyId: 'key_1',
        model: 'openai/gpt-5',
        tokensMax: 5_000,
        nanoUsdMax: 50_000_000,
        shape: 'openai',
      });
      running.push(admission);
      if (running.length >= 64)
        running.shift()?.settle({ costNanoUsd: 40_000, promptTokens: 100, completionTokens: 50 });
    }
    figures.push(((systemClock.monotonicMs() - started) * 1_000) / options.perRound);
  }
  return figures.sort((a, b) => a - b);
}

if (import.meta.main) {
  const figures = measureAdmission({ rounds: 300, perRound: 1_000 });
  const at = (share: number) => (figures[Math.floor(figures.length * share)] ?? Number.NaN).toFixed(2);
  console.log(
    `33 limits, admit + settle: p50 ${at(0.5)} us, p90 ${at(0.9)} us, p99 ${at(0.99)} us per request`,
  );
}
