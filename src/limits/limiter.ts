// The contract of admission: what the gateway asks, what it gets, and what it owes. Any implementation (this process,
// a shared store for several replicas) passes test/limits/contract.ts. Holds no state and decides nothing.
import type { Limit } from '../core/limits/limit.ts';
import type { ErrorShape } from '../core/wire.ts';

/** One request before it is sent, with the most that it can use. */
export interface AdmitRequest {
  /** Id of the usage event that this request will become. */
  readonly eventId: string;
  /** Wall time of that event: decides into which budget period it counts. */
  readonly timeMs: number;
  /** Null for the master key, which only the house's limits bind. */
  readonly userId: string | null;
  readonly keyId: string | null;
  /** For the words of a refusal. */
  readonly model: string;
  /** Worst case, input and output together. */
  readonly tokensMax: number;
  /** Worst case; null when the model has no price. */
  readonly nanoUsdMax: number | null;
  /** In whose header names a refusal speaks. */
  readonly shape: ErrorShape;
}

/**
 * What a request used in the end; null where nobody knows, and then the reservation stands in. A known cost without any
 * count is that of a call which failed before it was billed: it used no tokens.
 */
export interface ActualUse {
  readonly costNanoUsd: number | null;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
}

/** A place taken. The gateway owes it exactly one end; a second one does nothing. */
export interface Admission {
  /** True when a budget binds: its `started` mark must be on disk before anything goes upstream. */
  readonly budgeted: boolean;
  /** What is reserved. Goes into the `started` mark, and into the event when its numbers stay unknown. */
  readonly heldNanoUsd: number | null;
  readonly heldTokens: number;
  /** The request went upstream: counts it, and turns the reservation into what was used. */
  readonly settle: (actual: ActualUse) => void;
  /** Nothing went upstream: as if the request had never been. */
  readonly release: () => void;
}

/** How one limit stands at a moment, for the caller's eyes. */
export interface LimitState {
  readonly limit: Limit;
  /** The amount in force, a temporary raise included. */
  readonly amount: number;
  readonly used: number;
  readonly reserved: number;
  readonly remaining: number;
  /** When a budget's period ends; null for limits that renew all the time and for those that never do. */
  readonly resetsMs: number | null;
}

/** Highest share and number of refusals of one limit since they were last asked for. */
export interface LimitPeak {
  readonly limitId: string;
  readonly peakPermille: number;
  readonly refusals: number;
}

export interface Limiter {
  /**
   * One atomic step over all limits that bind: takes everything or nothing. Throws AppError `rate_limited` or
   * `budget_exhausted` (429), `unpriced_model` (403) or `overloaded` (503). In this process the answer is there at once;
   * a shared implementation may answer with a promise.
   */
  readonly admit: (request: AdmitRequest) => Admission | Promise<Admission>;
  /** The limits that bind a caller, house first, as they stand now. */
  readonly statesOf: (who: { userId: string | null; keyId: string | null }) => readonly LimitState[];
}
