// Counts money or tokens of one budget: what was spent in its period, and what running requests have reserved.
// What is spent equals the ledger's rows of that period; a request counts in the period in which it began.
import { type Span, spanAt } from '../core/limits/budget-period.ts';
import { amountAt, type Limit } from '../core/limits/limit.ts';
import type { LimitState } from './limiter.ts';
import type { Charge, Holding, Meter, Shortfall } from './meter.ts';

/** Running requests nearly always use less than they reserve: worth another try soon. */
const HELD_RETRY_MS = 2_000;

/** What the ledger's rows say for a period, read before the meter is made. */
export interface BudgetSeed {
  readonly span: Span;
  readonly spent: number;
}

interface PeriodCount {
  readonly span: Span;
  spent: number;
  reserved: number;
  warned: boolean;
}

export interface BudgetMeterOptions {
  readonly limit: Limit;
  readonly seed: BudgetSeed;
  /** Called once per period, when the warning threshold is crossed. */
  readonly onWarning: (state: LimitState) => void;
}

export class BudgetMeter implements Meter {
  limit: Limit;
  peak = 0;
  refusals = 0;
  readonly #ofMoney: boolean;
  readonly #onWarning: (state: LimitState) => void;
  #current: PeriodCount;
  /** Kept so that late ends, and a system clock set back, find the period they belong to. */
  #previous: PeriodCount | null = null;
  /** Requests whose time lies before every known period (a clock set far back), and the count that took them all the same. */
  readonly #strays = new Map<Holding, PeriodCount>();

  constructor(options: BudgetMeterOptions) {
    this.limit = options.limit;
    this.#ofMoney = options.limit.kind === 'budget_money';
    this.#onWarning = options.onWarning;
    this.#current = { span: options.seed.span, spent: options.seed.spent, reserved: 0, warned: false };
    this.#current.warned = this.#isNear(this.#current, options.seed.span.startMs);
  }

  fits(holding: Holding): boolean {
    if (this.#isUnpriced(holding)) return false;
    const count = this.#countAt(holding.timeMs);
    return count.spent + count.reserved + this.#need(holding) <= amountAt(this.limit, holding.timeMs);
  }

  take(holding: Holding): void {
    const count = this.#countAt(holding.timeMs);
    count.reserved += this.#need(holding);
    if (holding.timeMs < count.span.startMs) this.#strays.set(holding, count);
  }

  /** One that began before this meter's period counts in no period known here. */
  adopt(holding: Holding): void {
    if (this.#countHolding(holding.timeMs) !== null) this.take(holding);
  }

  settle(holding: Holding, charge: Charge): void {
    const count = this.#giveBack(holding);
    if (count !== null) this.#charge(count, holding.timeMs, charge);
  }

  release(holding: Holding): void {
    this.#giveBack(holding);
  }

  addCharge(timeMs: number, charge: Charge): void {
    const count = this.#countHolding(timeMs);
    if (count !== null) this.#charge(count, timeMs, charge);
  }

  shortfall(holding: Holding): Shortfall {
    const { span, spent, reserved } = this.#countAt(holding.timeMs);
    const amount = amountAt(this.limit, holding.timeMs);
    const need = this.#need(holding);
    const resetsMs = Number.isFinite(span.endMs) ? span.endMs : null;
    const known = { limit: this.limit, amount, used: spent, reserved, need, resetsMs };
    if (this.#isUnpriced(holding)) return { ...known, reason: 'unpriced', waitMs: null };
    if (need > amount) return { ...known, reason: 'too_large', waitMs: null };
    if (spent + need <= amount) return { ...known, reason: 'held', waitMs: HELD_RETRY_MS };
    return { ...known, reason: 'full', waitMs: resetsMs === null ? null : resetsMs - holding.timeMs };
  }

  state(timeMs: number): LimitState {
    const { span, spent, reserved } = this.#countAt(timeMs);
    const amount = amountAt(this.limit, timeMs);
    return {
      limit: this.limit,
      amount,
      used: spent,
      reserved,
      remaining: Math.max(0, amount - spent - reserved),
      resetsMs: Number.isFinite(span.endMs) ? span.endMs : null,
    };
  }

  #need(holding: Holding): number {
    return this.#ofMoney ? (holding.nanoUsdMax ?? 0) : holding.tokensMax;
  }

  #isUnpriced(holding: Holding): boolean {
    return this.#ofMoney && holding.nanoUsdMax === null && !this.limit.allowUnpriced;
  }

  /** Ends the reservation; answers the count that held it, or null when its period is long gone. */
  #giveBack(holding: Holding): PeriodCount | null {
    const stray = this.#strays.size > 0 ? this.#strays.get(holding) : undefined;
    if (stray !== undefined) this.#strays.delete(holding);
    const count = stray ?? this.#countHolding(holding.timeMs);
    if (count !== null) count.reserved -= this.#need(holding);
    return count;
  }

  #charge(count: PeriodCount, timeMs: number, charge: Charge): void {
    count.spent += this.#ofMoney ? charge.nanoUsd : charge.tokens;
    const share = count.spent / amountAt(this.limit, timeMs);
    if (share > this.peak) this.peak = share;
    if (count.warned || !this.#isNear(count, timeMs)) return;
    count.warned = true;
    this.#onWarning(this.state(timeMs));
  }

  #isNear(count: PeriodCount, timeMs: number): boolean {
    const { warnPercent } = this.limit;
    if (warnPercent === null) return false;
    return count.spent * 100 >= amountAt(this.limit, timeMs) * warnPercent;
  }

  /** The count that a request of `timeMs` goes by. Time before every known period goes by the oldest: never a fresh one. */
  #countAt(timeMs: number): PeriodCount {
    if (timeMs >= this.#current.span.endMs) this.#roll(timeMs);
    if (timeMs >= this.#current.span.startMs) return this.#current;
    return this.#previous ?? this.#current;
  }

  /** The count whose period holds `timeMs`; null when no known one does. */
  #countHolding(timeMs: number): PeriodCount | null {
    const count = this.#countAt(timeMs);
    return timeMs >= count.span.startMs ? count : null;
  }

  #roll(timeMs: number): void {
    const { period, timeZone } = this.limit;
    const span = spanAt(period ?? 'forever', timeZone, timeMs);
    this.#previous = this.#current;
    this.#current = { span, spent: 0, reserved: 0, warned: false };
  }
}
