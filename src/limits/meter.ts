// What one limit's counter must be able to do. The limiter asks all meters whether a request fits, and only then
// has all of them take it; each meter knows nothing of the others.
import type { Limit } from '../core/limits/limit.ts';
import type { LimitState } from './limiter.ts';

/** A request as the meters see it, from admission to its end. */
export interface Holding {
  readonly eventId: string;
  readonly timeMs: number;
  readonly monotonicMs: number;
  readonly userId: string | null;
  readonly keyId: string | null;
  readonly tokensMax: number;
  readonly nanoUsdMax: number | null;
}

/** What a request counts in the end: known numbers, or its reservation where they are unknown. */
export interface Charge {
  readonly nanoUsd: number;
  readonly tokens: number;
}

/** Why a request does not fit. */
export interface Shortfall {
  readonly limit: Limit;
  readonly amount: number;
  readonly used: number;
  readonly reserved: number;
  readonly need: number;
  /** `held`: would fit if running requests turn out cheaper. `too_large`: would not even fit into an untouched limit. */
  readonly reason: 'full' | 'held' | 'too_large' | 'unpriced';
  /** After which trying again makes sense; null for never. */
  readonly waitMs: number | null;
  readonly resetsMs: number | null;
}

export interface Meter {
  limit: Limit;
  /** Highest used share so far, 0 to 1 and above; reset by whoever reports it. */
  peak: number;
  refusals: number;
  fits(holding: Holding): boolean;
  take(holding: Holding): void;
  /** Takes a request that already ran when this meter came to be. */
  adopt(holding: Holding): void;
  settle(holding: Holding, charge: Charge): void;
  release(holding: Holding): void;
  /** Counts something that ended before this meter existed, or changes what an ended request counts. */
  addCharge(timeMs: number, charge: Charge): void;
  shortfall(holding: Holding): Shortfall;
  state(timeMs: number, monotonicMs: number): LimitState;
}
