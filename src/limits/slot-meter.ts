// Counts requests that run now against one limit. A slot is taken at admission and given back at the request's end.
import { amountAt, type Limit } from '../core/limits/limit.ts';
import type { LimitState } from './limiter.ts';
import type { Holding, Meter, Shortfall } from './meter.ts';

/** Nobody knows when a running request ends; a second is short for people and long for a machine. */
const SLOT_RETRY_MS = 1_000;

export class SlotMeter implements Meter {
  limit: Limit;
  peak = 0;
  refusals = 0;
  #taken = 0;

  constructor(limit: Limit) {
    this.limit = limit;
  }

  fits(holding: Holding): boolean {
    return this.#taken < amountAt(this.limit, holding.timeMs);
  }

  take(holding: Holding): void {
    this.#taken += 1;
    const share = this.#taken / amountAt(this.limit, holding.timeMs);
    if (share > this.peak) this.peak = share;
  }

  adopt(holding: Holding): void {
    this.take(holding);
  }

  settle(): void {
    this.#taken -= 1;
  }

  release(): void {
    this.#taken -= 1;
  }

  /** What has ended holds no slot. */
  addCharge(): void {}

  shortfall(holding: Holding): Shortfall {
    const amount = amountAt(this.limit, holding.timeMs);
    return {
      limit: this.limit,
      amount,
      used: this.#taken,
      reserved: 0,
      need: 1,
      reason: amount === 0 ? 'too_large' : 'full',
      waitMs: amount === 0 ? null : SLOT_RETRY_MS,
      resetsMs: null,
    };
  }

  state(timeMs: number): LimitState {
    const amount = amountAt(this.limit, timeMs);
    return {
      limit: this.limit,
      amount,
      used: this.#taken,
      reserved: 0,
      remaining: Math.max(0, amount - this.#taken),
      resetsMs: null,
    };
  }
}
