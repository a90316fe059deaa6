// What the ledger keeps: one usage event per accepted request and one attempt row per upstream call beneath it.
import type { Provenance, TokenUsage } from './token-usage.ts';

/** `started` until exactly one of the others is reached (faults.md section 2, rule 2). */
export type Outcome = 'started' | 'final' | 'error' | 'aborted' | 'unknown';

/** Why an attempt failed, or null when it did not. The ladder of consequences hangs on this word. */
export type FailureKind =
  | 'rate_limit'
  | 'quota_exceeded'
  | 'authentication'
  | 'forbidden'
  | 'server_error'
  | 'overloaded'
  | 'connection'
  | 'tls'
  | 'timeout_first_byte'
  | 'timeout_idle'
  | 'deadline'
  | 'interrupted'
  | 'bad_answer'
  | 'invalid_request'
  | 'context_window_exceeded'
  | 'not_found'
  | 'client_gone'
  | 'unknown';

/** One upstream call. Times are milliseconds; `startedMs` is wall time UTC, the others durations. */
export interface AttemptRecord {
  readonly id: string;
  readonly ordinal: number;
  readonly startedMs: number;
  readonly provider: string;
  readonly credentialId: string | null;
  readonly model: string;
  readonly outcome: Outcome;
  readonly failure: FailureKind | null;
  /** HTTP status of the provider's answer, null when none came. */
  readonly status: number | null;
  readonly usage: TokenUsage;
  readonly provenance: Provenance;
  readonly costNanoUsd: number | null;
  readonly firstByteMs: number | null;
  readonly durationMs: number;
  /** Redacted, bounded text of the provider's error. */
  readonly errorMessage: string | null;
}

export interface UsageEvent {
  /** Primary key, ours, made at the start of the request. */
  readonly id: string;
  readonly timeMs: number;
  /** The client's request id when it sent a plain one, else equal to `id`. */
  readonly requestId: string;
  readonly userId: string | null;
  readonly keyId: string | null;
  /** Session id of the client program, when it sent one. Groups rows; never trusted for rights. */
  readonly clientSessionId: string | null;
  readonly tags: readonly string[];
  readonly endpoint: string;
  readonly provider: string | null;
  readonly modelAsked: string | null;
  readonly modelServed: string | null;
  readonly status: number;
  readonly outcome: Outcome;
  readonly streamed: boolean;
  readonly usage: TokenUsage;
  readonly provenance: Provenance;
  /** Null with `unpriced` true when no price is known; never zero for unknown. */
  readonly costNanoUsd: number | null;
  readonly unpriced: boolean;
  readonly priceVersion: string | null;
  /**
   * What stands against budgets while the true numbers are unknown: the request's reservation, taken from its
   * `started` mark when the process died, or kept when the end could not be metered. Null once the numbers are known
   * and for requests without a budget. Without it a crash would hand out again what the provider has billed.
   */
  readonly heldNanoUsd: number | null;
  readonly heldTokens: number | null;
  readonly firstByteMs: number | null;
  readonly durationMs: number;
  readonly finishReason: string | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly attempts: readonly AttemptRecord[];
}

/** A request that has begun: enough to give it its row should the process die. */
export interface StartedMark {
  readonly id: string;
  readonly timeMs: number;
  readonly requestId: string;
  readonly userId: string | null;
  readonly keyId: string | null;
  readonly clientSessionId: string | null;
  readonly tags: readonly string[];
  readonly endpoint: string;
  readonly provider: string | null;
  readonly modelAsked: string | null;
  readonly streamed: boolean;
  /** The request's budget reservation, null without a budget. */
  readonly heldNanoUsd: number | null;
  readonly heldTokens: number | null;
}

/** What an event counts against a money budget: its cost, or what is held for it while the cost is unknown. */
export function chargedNanoUsd(event: Pick<UsageEvent, 'costNanoUsd' | 'heldNanoUsd'>): number {
  return event.costNanoUsd ?? event.heldNanoUsd ?? 0;
}

/**
 * What an event counts against a token budget: the comparable totals, or what is held while both are unknown.
 * A known cost without any count is that of a call which failed before it was billed: it used nothing.
 */
export function chargedTokens(event: Pick<UsageEvent, 'usage' | 'costNanoUsd' | 'heldTokens'>): number {
  const { promptTokens, completionTokens } = event.usage;
  if (promptTokens === null && completionTokens === null)
    return event.costNanoUsd === null ? (event.heldTokens ?? 0) : 0;
  return (promptTokens ?? 0) + (completionTokens ?? 0);
}
