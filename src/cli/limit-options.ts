// What stands on the command line of `limit set`, as limits to set.
import type { BudgetPeriod } from '../core/limits/budget-period.ts';
import type { LimitKind } from '../core/limits/limit.ts';
import { readUsd, readWholeNumber } from '../core/limits/read-amount.ts';
import type { SetLimitRequest } from '../services/limits/manage-limits.ts';
import { findKeyById } from '../store/api-keys.ts';
import type { Store } from '../store/open-store.ts';
import { CommandFailed } from './command-failed.ts';
import { requireUser } from './user.ts';

export interface OwnerOptions {
  readonly user?: string;
  readonly key?: string;
  readonly house?: true;
}

export interface LimitOptions extends OwnerOptions {
  readonly data?: string;
  readonly requestsPerMinute?: string;
  readonly tokensPerMinute?: string;
  readonly concurrent?: string;
  readonly budget?: string;
  readonly budgetTokens?: string;
  readonly per?: BudgetPeriod;
  readonly timeZone?: string;
  readonly warn?: string;
  readonly allowUnpriced?: boolean;
}

type Owner = Pick<SetLimitRequest, 'scope' | 'scopeId'>;
type Wanted = Omit<SetLimitRequest, 'scope' | 'scopeId'>;

/** Null when none is named. Throws CommandFailed for two owners at once or one that does not exist. */
export async function ownerOf(store: Store, options: OwnerOptions): Promise<Owner | null> {
  const named = [options.user, options.key, options.house].filter((each) => each !== undefined);
  if (named.length > 1) throw new CommandFailed('name one owner: --user, --key or --house', 2);
  if (options.house) return { scope: 'house', scopeId: null };
  if (options.user !== undefined)
    return { scope: 'user', scopeId: (await requireUser(store, options.user)).id };
  if (options.key === undefined) return null;
  if (!(await findKeyById(store.read, options.key)))
    throw new CommandFailed(`there is no key ${options.key}; tollgate key list shows all`);
  return { scope: 'key', scopeId: options.key };
}

/** Throws CommandFailed with exit status 2 when nothing is set, or a number or period is missing or wrong. */
export function readLimitOptions(options: LimitOptions): Wanted[] {
  const wanted: Wanted[] = [];
  const rate = (kind: LimitKind, name: string, text: string | undefined) => {
    if (text !== undefined) wanted.push({ kind, period: null, amount: parseAmount(name, text) });
  };
  rate('requests_per_minute', '--requests-per-minute', options.requestsPerMinute);
  rate('tokens_per_minute', '--tokens-per-minute', options.tokensPerMinute);
  rate('concurrent_requests', '--concurrent', options.concurrent);
  wanted.push(...readBudgets(options));
  if (wanted.length === 0) {
    throw new CommandFailed(
      'say what to limit: --requests-per-minute, --tokens-per-minute, --concurrent, --budget or --budget-tokens',
      2,
    );
  }
  return wanted;
}

function readBudgets(options: LimitOptions): Wanted[] {
  const { budget, budgetTokens, per, timeZone, allowUnpriced } = options;
  if (budget === undefined && budgetTokens === undefined) {
    if (per !== undefined) throw new CommandFailed('--per belongs to --budget or --budget-tokens', 2);
    return [];
  }
  if (per === undefined) throw new CommandFailed('a budget needs --per day, week, month or forever', 2);
  const shared = { period: per, timeZone, warnPercent: parseWarn(options.warn) };
  const budgets: Wanted[] = [];
  if (budget !== undefined)
    budgets.push({ ...shared, kind: 'budget_money', amount: parseUsd('--budget', budget), allowUnpriced });
  if (budgetTokens !== undefined)
    budgets.push({ ...shared, kind: 'budget_tokens', amount: parseAmount('--budget-tokens', budgetTokens) });
  return budgets;
}

function parseWarn(text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  return text === 'off' ? null : parseAmount('--warn', text.replace(/%$/, ''));
}

/** Throws CommandFailed that names the option. */
export function parseAmount(name: string, text: string): number {
  const amount = readWholeNumber(text);
  if (amount === null) throw new CommandFailed(`${name} is a whole number, not ${text}`, 2);
  return amount;
}

/** Nano-dollars. Throws CommandFailed that names the option. */
export function parseUsd(name: string, text: string): number {
  const amount = readUsd(text);
  if (amount === null)
    throw new CommandFailed(`${name} is an amount of dollars such as 25 or 0.50, not ${text}`, 2);
  return amount;
}
