// What a limit is: for whom, of what, how much, and in which words it is told to people. Pure; stored by src/store.
import { BUDGET_PERIODS, type BudgetPeriod, isTimeZone } from './budget-period.ts';

export const LIMIT_SCOPES = ['house', 'user', 'key'] as const;
export type LimitScope = (typeof LIMIT_SCOPES)[number];

export const LIMIT_KINDS = [
  'requests_per_minute',
  'tokens_per_minute',
  'concurrent_requests',
  'budget_money',
  'budget_tokens',
] as const;
export type LimitKind = (typeof LIMIT_KINDS)[number];

/** Nine million dollars in nano-dollars, just under 2^53: sums near it are still exact integers. */
export const LIMIT_AMOUNT_MAX = 9_000_000_000_000_000;
export const WARN_PERCENT_DEFAULT = 80;
/** The end of the year 9999: later times cannot be written as a date of ISO 8601. */
export const RAISE_UNTIL_MS_MAX = 253_402_300_799_999;

export interface Limit {
  readonly id: string;
  readonly scope: LimitScope;
  /** User id or key id; null for the house. */
  readonly scopeId: string | null;
  readonly kind: LimitKind;
  /** Requests, tokens or nano-dollars, by `kind`. Zero lets nothing through, save in a money budget what costs nothing. */
  readonly amount: number;
  /** For budgets; null for the others. */
  readonly period: BudgetPeriod | null;
  /** In whose calendar the period's days are counted. */
  readonly timeZone: string;
  /** Percent of the amount at which a warning is given once per period; null for never. */
  readonly warnPercent: number | null;
  /** A money budget lets models without a price through, uncounted. Off unless an admin says so. */
  readonly allowUnpriced: boolean;
  /** A temporary amount, in force until `raisedUntilMs`; both or neither. */
  readonly raisedAmount: number | null;
  readonly raisedUntilMs: number | null;
}

/** The amount in force at `timeMs`: a raise ends by itself. */
export function amountAt(limit: Limit, timeMs: number): number {
  if (limit.raisedAmount === null || limit.raisedUntilMs === null) return limit.amount;
  return timeMs < limit.raisedUntilMs ? limit.raisedAmount : limit.amount;
}

export function isBudget(kind: LimitKind): boolean {
  return kind === 'budget_money' || kind === 'budget_tokens';
}

/** What is wrong with a limit that somebody wants to set, as one sentence for that person; null when nothing is. */
export function limitFault(limit: Omit<Limit, 'id'>): string | null {
  if ((limit.scope === 'house') !== (limit.scopeId === null))
    return 'A limit of the house names nobody; a limit of a user or key names one.';
  if (isBudget(limit.kind) && limit.period === null)
    return `A budget needs a period: ${BUDGET_PERIODS.join(', ')}.`;
  if (!isBudget(limit.kind) && limit.period !== null) return 'Only a budget has a period.';
  if (!isAmount(limit.amount)) return `The amount must be a whole number from 0 to ${LIMIT_AMOUNT_MAX}.`;
  if (!isTimeZone(limit.timeZone))
    return `'${limit.timeZone}' is no time zone. Use a name such as UTC or Europe/Berlin.`;
  if (limit.warnPercent !== null && !(Number.isInteger(limit.warnPercent) && inRange(limit.warnPercent)))
    return 'The warning threshold must be a whole number of percent from 1 to 100.';
  if (limit.allowUnpriced && limit.kind !== 'budget_money')
    return 'Only a money budget can allow models without a price.';
  return raiseFault(limit);
}

function raiseFault(limit: Omit<Limit, 'id'>): string | null {
  if ((limit.raisedAmount === null) !== (limit.raisedUntilMs === null))
    return 'A temporary raise needs both an amount and an end.';
  if (limit.raisedAmount === null || limit.raisedUntilMs === null) return null;
  const ends = Number.isSafeInteger(limit.raisedUntilMs) && limit.raisedUntilMs <= RAISE_UNTIL_MS_MAX;
  if (!isAmount(limit.raisedAmount) || !ends)
    return `The raised amount must be a whole number from 0 to ${LIMIT_AMOUNT_MAX}, and its end a time.`;
  if (limit.raisedAmount <= limit.amount)
    return 'A temporary raise must be above the amount it raises; change the amount to lower it.';
  return null;
}

function isAmount(amount: number): boolean {
  return Number.isSafeInteger(amount) && amount >= 0 && amount <= LIMIT_AMOUNT_MAX;
}

function inRange(percent: number): boolean {
  return percent >= 1 && percent <= 100;
}

const KIND_NAMES: Record<LimitKind, string> = {
  requests_per_minute: 'requests per minute',
  tokens_per_minute: 'tokens per minute',
  concurrent_requests: 'requests at once',
  budget_money: 'budget',
  budget_tokens: 'token budget',
};
const PERIOD_NAMES: Record<BudgetPeriod, string> = {
  day: 'daily ',
  week: 'weekly ',
  month: 'monthly ',
  forever: 'total ',
};
const SCOPE_NAMES: Record<LimitScope, string> = {
  house: 'of this server',
  user: 'of your account',
  key: 'of this key',
};

/** "monthly budget of this key", as the person whom it binds reads it. */
export function limitName(limit: Pick<Limit, 'kind' | 'period' | 'scope'>): string {
  const period = limit.period === null ? '' : PERIOD_NAMES[limit.period];
  return `${period}${KIND_NAMES[limit.kind]} ${SCOPE_NAMES[limit.scope]}`;
}

/** "$12.50", "40,000 tokens", "3 requests". Money keeps as many decimals as it takes not to read as zero. */
export function amountText(kind: LimitKind, amount: number): string {
  if (kind === 'budget_money') return moneyText(amount);
  const unit = kind === 'budget_tokens' || kind === 'tokens_per_minute' ? 'token' : 'request';
  return `${amount.toLocaleString('en-US')} ${unit}${amount === 1 ? '' : 's'}`;
}

/** Nano-dollars as dollars: two decimals, more where the rest would be lost. */
export function moneyText(nanoUsd: number): string {
  const sign = nanoUsd < 0 ? '-' : '';
  const whole = Math.floor(Math.abs(nanoUsd) / 1_000_000_000);
  const rest = String(Math.abs(nanoUsd) % 1_000_000_000).padStart(9, '0');
  return `${sign}$${whole.toLocaleString('en-US')}.${rest.replace(/(?<=^..\d*?)0+$/, '')}`;
}
