// The record of one outbound call under its request: opened before the call, closed exactly once after it.
import { costOf } from '../core/price.ts';
import { NO_USAGE, type Provenance, type TokenUsage } from '../core/token-usage.ts';
import type { AttemptRecord, FailureKind, Outcome } from '../core/usage-event.ts';
import { estimateUsage } from '../ledger/estimate.ts';
import type { UpstreamFailure } from '../upstream/call-upstream.ts';
import type { Lease } from '../upstream/pool/lease.ts';
import type { GatewayDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';
import type { Target } from './plan.ts';
import type { PreparedCall } from './prepare-call.ts';

/** A call under way. Whoever holds it closes it exactly once. */
export interface OpenAttempt {
  readonly id: string;
  readonly ordinal: number;
  readonly startedWallMs: number;
  readonly startedMs: number;
  readonly target: Target;
  readonly lease: Lease;
  readonly prepared: PreparedCall;
}

export interface AttemptEnd {
  readonly outcome: Outcome;
  readonly failure: FailureKind | null;
  readonly status: number | null;
  readonly usage: TokenUsage;
  readonly provenance: Provenance;
  readonly costNanoUsd: number | null;
  readonly firstByteMs: number | null;
  readonly errorMessage: string | null;
}

/** Writes the record of a finished call under its request. */
export function closeAttempt(
  exchange: Exchange,
  attempt: OpenAttempt,
  end: AttemptEnd,
  deps: Pick<GatewayDeps, 'clock'>,
): void {
  const record: AttemptRecord = {
    id: attempt.id,
    ordinal: attempt.ordinal,
    startedMs: attempt.startedWallMs,
    provider: attempt.target.spec.name,
    credentialId: attempt.lease.credential.id,
    model: attempt.target.model,
    outcome: end.outcome,
    failure: end.failure,
    status: end.status,
    usage: end.usage,
    provenance: end.provenance,
    costNanoUsd: end.costNanoUsd,
    firstByteMs: end.firstByteMs,
    durationMs: deps.clock.monotonicMs() - attempt.startedMs,
    errorMessage: end.errorMessage,
  };
  exchange.attempts.push(record);
}

/** Gives the credential back with its verdict and closes the record. */
export function recordFailure(
  exchange: Exchange,
  attempt: OpenAttempt,
  failure: UpstreamFailure,
  deps: Pick<GatewayDeps, 'clock' | 'prices'>,
): void {
  const { failure: kind, retryAfterMs } = failure;
  attempt.lease.release(
    kind === 'client_gone' ? { kind: 'neutral' } : { kind: 'failure', failure: kind, retryAfterMs },
  );
  closeAttempt(
    exchange,
    attempt,
    {
      outcome: kind === 'client_gone' ? 'aborted' : isUnknown(failure) ? 'unknown' : 'error',
      failure: kind,
      status: failure.status,
      ...usageOf(exchange, attempt, failure, deps),
      firstByteMs: null,
      errorMessage: failure.message,
    },
    deps,
  );
}

/** A call that may have reached the provider without an answer may be billed: unknown, not zero (faults.md U3). */
function isUnknown(failure: UpstreamFailure): boolean {
  return failure.sent && failure.status === null;
}

function usageOf(
  exchange: Exchange,
  attempt: OpenAttempt,
  failure: UpstreamFailure,
  deps: Pick<GatewayDeps, 'prices'>,
): Pick<AttemptEnd, 'usage' | 'provenance' | 'costNanoUsd'> {
  if (isUnknown(failure)) return { usage: NO_USAGE, provenance: 'unknown', costNanoUsd: null };
  const began = failure.failure === 'interrupted' || failure.failure === 'timeout_idle';
  // A refusal costs nothing; an answer that had begun was worked on, and its prompt at least was read.
  if (!began || failure.status === null) return { usage: NO_USAGE, provenance: 'provider', costNanoUsd: 0 };
  const usage = estimateUsage({ promptBytes: exchange.promptChars, outputChars: 0, said: null });
  const { name: provider } = attempt.target.spec;
  const price = deps.prices.find({ provider, model: attempt.target.model, served: null });
  return { usage, provenance: 'estimated', costNanoUsd: costOf(price, usage).costNanoUsd };
}
