// The step that calls providers: one outbound call after another until one answers or none is left.
// Retries happen only here, before a byte has gone to the caller. Every call leaves a record.

import { NO_USAGE, type Provenance, type TokenUsage } from '../core/token-usage.ts';
import type { AttemptRecord, FailureKind, Outcome } from '../core/usage-event.ts';
import { type AppError, appError } from '../errors/app-error.ts';
import { newId } from '../lib/id.ts';
import { callUpstream, type UpstreamAnswer, type UpstreamFailure } from '../upstream/call-upstream.ts';
import type { Lease } from '../upstream/pool/lease.ts';
import type { GatewayDeps } from './deps.ts';
import { ATTEMPTS_MAX, type Exchange } from './exchange.ts';
import type { Target } from './plan.ts';
import { type PreparedCall, prepareCall } from './prepare-call.ts';
import { beginUsage } from './settle.ts';

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

export type AttemptsResult =
  | { readonly kind: 'answer'; readonly attempt: OpenAttempt; readonly answer: UpstreamAnswer }
  | { readonly kind: 'failed'; readonly error: AppError };

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
    durationMs: deps.clock.monotonicMs() - attempt.startedMs,
    ...end,
  };
  exchange.attempts.push(record);
}

/** Failures that another credential or target may not share. */
const OTHERS_MAY_SUCCEED: ReadonlySet<FailureKind> = new Set([
  'rate_limit',
  'quota_exceeded',
  'authentication',
  'forbidden',
  'server_error',
  'overloaded',
  'connection',
  'tls',
  'timeout_first_byte',
  'bad_answer',
  'unknown',
]);

export async function runAttempts(
  exchange: Exchange,
  targets: readonly Target[],
  deps: GatewayDeps,
): Promise<AttemptsResult> {
  const tried = new Set<string>();
  let last: UpstreamFailure | null = null;
  for (const target of targets) {
    const prepared = prepareCall(exchange, target, deps.temperatureZero);
    while (exchange.attempts.length < ATTEMPTS_MAX) {
      const acquired = deps.pool.acquire({ provider: target.spec.name, model: target.model, exclude: tried });
      if (acquired.kind !== 'lease') {
        if (acquired.kind === 'cooling' && !last)
          return { kind: 'failed', error: cooling(exchange, acquired.waitMs) };
        break;
      }
      if (exchange.attempts.length === 0) beginOrRelease(exchange, acquired.lease, deps);
      tried.add(acquired.lease.credential.id);
      const attempt = openAttempt(exchange, target, acquired.lease, prepared, deps);
      const result = await call(exchange, attempt, deps);
      if (result.kind === 'answer') return { kind: 'answer', attempt, answer: result };
      recordFailure(exchange, attempt, result, deps);
      last = result;
      if (!OTHERS_MAY_SUCCEED.has(result.failure) || isPastDeadline(exchange, deps)) {
        return { kind: 'failed', error: failureError(exchange, last) };
      }
    }
  }
  return { kind: 'failed', error: failureError(exchange, last) };
}

function beginOrRelease(exchange: Exchange, lease: Lease, deps: GatewayDeps): void {
  try {
    beginUsage(exchange, deps);
  } catch (error) {
    lease.release({ kind: 'neutral' });
    throw error;
  }
}

function openAttempt(
  exchange: Exchange,
  target: Target,
  lease: Lease,
  prepared: PreparedCall,
  { clock }: GatewayDeps,
): OpenAttempt {
  const ordinal = exchange.attempts.length + 1;
  return {
    id: newId('att'),
    ordinal,
    startedWallMs: clock.nowMs(),
    startedMs: clock.monotonicMs(),
    target,
    lease,
    prepared,
  };
}

function call(exchange: Exchange, attempt: OpenAttempt, deps: GatewayDeps) {
  const spentMs = deps.clock.monotonicMs() - exchange.startedMs;
  return callUpstream({
    spec: attempt.target.spec,
    credential: attempt.lease.credential,
    operation: attempt.prepared.operation,
    model: attempt.target.model,
    query: attempt.prepared.query,
    headers: exchange.request.headers,
    extraHeaders: attempt.prepared.headers,
    body: attempt.prepared.body,
    signal: exchange.request.signal,
    // A whole answer's headers come when it is complete; a stream's headers come at once.
    firstByteMs: exchange.facts.stream
      ? Math.max(1, deps.timings.deadlineMs - spentMs)
      : deps.timings.wholeAnswerMs,
    clock: deps.clock,
  });
}

function isPastDeadline(exchange: Exchange, deps: GatewayDeps): boolean {
  return deps.clock.monotonicMs() - exchange.startedMs >= deps.timings.deadlineMs;
}

function recordFailure(
  exchange: Exchange,
  attempt: OpenAttempt,
  failure: UpstreamFailure,
  deps: GatewayDeps,
): void {
  const isOurs = failure.failure === 'client_gone' || failure.failure === 'invalid_request';
  attempt.lease.release(
    isOurs
      ? { kind: 'neutral' }
      : { kind: 'failure', failure: failure.failure, retryAfterMs: failure.retryAfterMs },
  );
  // A call that may have reached the provider without an answer may be billed: unknown, not zero (faults.md U3).
  const unknown = failure.sent && failure.status === null;
  closeAttempt(
    exchange,
    attempt,
    {
      outcome: failure.failure === 'client_gone' ? 'aborted' : unknown ? 'unknown' : 'error',
      failure: failure.failure,
      status: failure.status,
      usage: NO_USAGE,
      provenance: unknown ? 'unknown' : 'provider',
      costNanoUsd: unknown ? null : 0,
      firstByteMs: null,
      errorMessage: failure.message,
    },
    deps,
  );
}

function cooling(exchange: Exchange, waitMs: number): AppError {
  return appError('all_targets_cooling', {
    params: { model: exchange.facts.model, seconds: Math.max(1, Math.ceil(waitMs / 1000)) },
    retryAfterMs: waitMs,
  });
}

/** What the caller is told when nothing answered. A provider's 401 or 403 is never the caller's own. */
function failureError(exchange: Exchange, failure: UpstreamFailure | null): AppError {
  const params = {
    model: exchange.facts.model,
    tried: exchange.attempts.length,
    reason: failure?.failure ?? 'no credential',
  };
  if (!failure) return appError('upstream_error', { params });
  const retry = failure.retryAfterMs === null ? {} : { retryAfterMs: failure.retryAfterMs };
  switch (failure.failure) {
    case 'rate_limit':
    case 'quota_exceeded':
      return appError('upstream_rate_limited', { params, ...retry });
    case 'timeout_first_byte':
    case 'deadline':
      return appError('upstream_timeout', { params });
    case 'invalid_request':
    case 'context_window_exceeded':
    case 'not_found':
      return appError('provider_refused', {
        params: { detail: failure.message },
        provider: {
          status: failure.status ?? 400,
          type: failure.providerError?.type ?? null,
          code: failure.providerError?.code ?? null,
        },
        ...(failure.providerError?.param && { param: failure.providerError.param }),
      });
    default:
      return appError('upstream_error', { params, ...retry });
  }
}
