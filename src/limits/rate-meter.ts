// Counts requests or tokens of the last 60 seconds against one limit. On the monotonic clock: setting the system's
// clock neither opens a window nor shuts it. Forgets at a restart, as every rate window may.
import { amountAt, type Limit } from '../core/limits/limit.ts';
import type { LimitState } from './limiter.ts';
import type { Charge, Holding, Meter, Shortfall } from './meter.ts';
import { MinuteWindow } from './minute-window.ts';

export class RateMeter implements Meter {
  limit: Limit;
  peak = 0;
  refusals = 0;
  readonly #window = new MinuteWindow();
  readonly #ofTokens: boolean;

  constructor(limit: Limit) {
    this.limit = limit;
    this.#ofTokens = limit.kind === 'tokens_per_minute';
  }

  fits(holding: Holding): boolean {
    const sum = this.#window.sumAt(holding.monotonicMs);
    return sum + this.#need(holding) <= amountAt(this.limit, holding.timeMs);
  }

  take(holding: Holding): void {
    this.#window.add(holding.monotonicMs, this.#need(holding));
    const share = this.#window.sumAt(holding.monotonicMs) / amountAt(this.limit, holding.timeMs);
    if (share > this.peak) this.peak = share;
  }

  adopt(holding: Holding): void {
    this.take(holding);
  }

  settle(holding: Holding, charge: Charge): void {
    if (this.#ofTokens) this.#window.add(holding.monotonicMs, charge.tokens - holding.tokensMax);
  }

  release(holding: Holding): void {
    this.#window.add(holding.monotonicMs, -this.#need(holding));
  }

  /** A minute that has passed unseen is not worth reconstructing. */
  addCharge(): void {}

  shortfall(holding: Holding): Shortfall {
    const amount = amountAt(this.limit, holding.timeMs);
    const need = this.#need(holding);
    const used = this.#window.sumAt(holding.monotonicMs);
    const tooLarge = need > amount;
    return {
      limit: this.limit,
      amount,
      used,
      reserved: 0,
      need,
      reason: tooLarge ? 'too_large' : 'full',
      waitMs: tooLarge ? null : this.#window.waitMs(holding.monotonicMs, amount - need),
      resetsMs: null,
    };
  }

  state(timeMs: number, monotonicMs: number): LimitState {
    const amount = amountAt(this.limit, timeMs);
    const used = this.#window.sumAt(monotonicMs);
    return {
      limit: this.limit,
      amount,
      used,
      reserved: 0,
      remaining: Math.max(0, amount - used),
      resetsMs: null,
    };
  }

  #need(holding: Holding): number {
    return this.#ofTokens ? holding.tokensMax : 1;
  }
}
