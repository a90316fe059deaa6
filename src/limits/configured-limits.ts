// The house's limits as they stand in tollgate.yaml, as limits like all others. Pure; judged by whoever reads the file.
import type { BudgetPeriod } from '../core/limits/budget-period.ts';
import { type Limit, type LimitKind, WARN_PERCENT_DEFAULT } from '../core/limits/limit.ts';

const NANO_USD_PER_USD = 1_000_000_000;

/** The fields of `limits.house`. */
export interface WrittenLimits {
  readonly requests_per_minute?: number | undefined;
  readonly tokens_per_minute?: number | undefined;
  readonly concurrent?: number | undefined;
  readonly budget_usd?: number | undefined;
  readonly budget_tokens?: number | undefined;
  readonly period?: 'day' | 'week' | 'month' | 'total' | undefined;
  readonly time_zone?: string | undefined;
  readonly warn_at?: number | undefined;
  readonly allow_unpriced?: boolean | undefined;
}

/** Their ids are made from their kind, so that counters go on counting when the file is read again. */
export function configuredLimits(written: WrittenLimits): readonly Limit[] {
  const period: BudgetPeriod | null = written.period === 'total' ? 'forever' : (written.period ?? null);
  const warnPercent =
    written.warn_at === undefined ? WARN_PERCENT_DEFAULT : Math.round(written.warn_at * 100);
  const limits: Limit[] = [];
  const add = (kind: LimitKind, amount: number | undefined, budget: Partial<Limit> = {}) => {
    if (amount === undefined) return;
    limits.push({
      id: `lim_yaml_${kind}`,
      scope: 'house',
      scopeId: null,
      kind,
      amount,
      period: null,
      timeZone: written.time_zone ?? 'UTC',
      warnPercent: null,
      allowUnpriced: false,
      raisedAmount: null,
      raisedUntilMs: null,
      ...budget,
    });
  };
  const budget = { period, warnPercent: warnPercent === 0 ? null : warnPercent };
  add('requests_per_minute', written.requests_per_minute);
  add('tokens_per_minute', written.tokens_per_minute);
  add('concurrent_requests', written.concurrent);
  add('budget_money', written.budget_usd && Math.round(written.budget_usd * NANO_USD_PER_USD), {
    ...budget,
    allowUnpriced: written.allow_unpriced ?? false,
  });
  add('budget_tokens', written.budget_tokens, budget);
  return limits;
}
