// The step that calls providers: one outbound call after another until one answers or none is left.
// Retries happen only here, before a byte has gone to the caller, under one deadline. Every call leaves a record.
import { FAILURE_RULES } from '../core/failure-rules.ts';
import type { FailureKind } from '../core/usage-event.ts';
import { AppError } from '../errors/app-error.ts';
import { sleep } from '../lib/clock.ts';
import { newId, randomFraction } from '../lib/id.ts';
import { backoffMs } from '../upstream/backoff.ts';
import { callUpstream, type UpstreamAnswer, type UpstreamFailure } from '../upstream/call-upstream.ts';
import type { AcquireRequest, Acquisition, Lease } from '../upstream/pool/lease.ts';
import { type OpenAttempt, recordFailure } from './attempt-record.ts';
import type { GatewayDeps } from './deps.ts';
import { ATTEMPTS_MAX, type Exchange } from './exchange.ts';
import { failureError, type NoLease, noLeaseError } from './failure-error.ts';
import type { Target } from './plan.ts';
import { type PreparedCall, prepareCall } from './prepare-call.ts';
import { beginUsage } from './settle.ts';
import { type TakenAnswer, type TakenBody, takeAnswer } from './take-answer.ts';

export type AttemptsResult =
  | {
      readonly kind: 'answer';
      readonly attempt: OpenAttempt;
      readonly answer: UpstreamAnswer;
      readonly body: TakenBody;
    }
  | { readonly kind: 'failed'; readonly error: AppError };

/** Calls of one request on one credential: the second only for failures that pass by themselves. */
const CALLS_PER_CREDENTIAL_MAX = 2;

/** What one request has learnt so far. */
interface Run {
  readonly exchange: Exchange;
  readonly deps: GatewayDeps;
  last: UpstreamFailure | null;
  /** Why the latest target gave no lease. */
  refusal: NoLease | null;
  /** Why the first target could not be prepared, for example a feature it lacks. */
  unfit: AppError | null;
}

/** `stop` ends the request, `next` goes on to the next target. */
type TargetResult = Extract<AttemptsResult, { kind: 'answer' }> | 'stop' | 'next';

export async function runAttempts(
  exchange: Exchange,
  targets: readonly Target[],
  deps: GatewayDeps,
): Promise<AttemptsResult> {
  const run: Run = { exchange, deps, last: null, refusal: null, unfit: null };
  for (const [index, target] of targets.entries()) {
    const prepared = prepare(run, target);
    if (!prepared) continue;
    const result = await tryTarget(run, { target, prepared, isLast: index === targets.length - 1 });
    if (result === 'stop') break;
    if (result !== 'next') return result;
  }
  return { kind: 'failed', error: finalError(run) };
}

/** Null when the target cannot carry the request; another one of the chain may. */
function prepare(run: Run, target: Target): PreparedCall | null {
  try {
    return prepareCall(run.exchange, target, run.deps.temperatureZero);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'unsupported_feature') throw error;
    run.unfit ??= error;
    return null;
  }
}

interface Aim {
  readonly target: Target;
  readonly prepared: PreparedCall;
  readonly isLast: boolean;
}

async function tryTarget(run: Run, aim: Aim): Promise<TargetResult> {
  const { exchange, deps } = run;
  const used = new Set<string>();
  /** Credentials whose failure may pass by itself. */
  const again = new Set<string>();
  for (let turn = 0; exchange.attempts.length < ATTEMPTS_MAX; ) {
    const acquired = await acquire(run, aim, used);
    if (acquired.kind === 'exhausted' && again.size > 0) {
      if (!(await waitBeforeAgain(run, turn))) return 'stop';
      turn += 1;
      for (const id of again) used.delete(id);
      again.clear();
      continue;
    }
    if (acquired.kind !== 'lease') {
      run.refusal = acquired;
      return exchange.request.signal.aborted ? 'stop' : 'next';
    }
    if (exchange.attempts.length === 0) beginOrRelease(run, acquired.lease);
    const { attempt, result } = await callOnce(run, aim, acquired.lease);
    if (result.kind === 'answer') {
      acquired.lease.prove();
      return { kind: 'answer', attempt, answer: result.answer, body: result.body };
    }
    recordFailure(exchange, attempt, result, deps);
    run.last = result;
    const rule = FAILURE_RULES[result.failure];
    if (exchange.request.signal.aborted || msLeft(run) <= 0) return 'stop';
    if (!rule.nextCredential) return rule.nextTarget ? 'next' : 'stop';
    const { id } = acquired.lease.credential;
    used.add(id);
    if (mayPass(run, result) && callsOn(exchange, attempt) < CALLS_PER_CREDENTIAL_MAX) again.add(id);
  }
  return 'stop';
}

/** At once when something is free, which is nearly always; else waits for a slot or for a short rest to end. */
async function acquire(run: Run, aim: Aim, exclude: ReadonlySet<string>): Promise<Acquisition> {
  const { exchange, deps } = run;
  const { keyId } = exchange.actor;
  const session = exchange.facts.clientSessionId;
  const request: AcquireRequest = {
    provider: aim.target.spec.name,
    model: aim.target.model,
    exclude,
    // Scoped to the caller's key: one caller's session id says nothing about another's (wire fact F15).
    affinity: session === null ? null : `${keyId ?? 'master'}\n${session}`,
  };
  const acquired = deps.pool.acquire(request);
  if (acquired.kind !== 'busy' && acquired.kind !== 'cooling') return acquired;
  // An outage is told at once; only a provider's limit is worth waiting out, and only when nothing else may answer.
  const isLimit = acquired.kind === 'busy' || isLimitReason(acquired.reason);
  if (!isLimit) return acquired;
  return deps.pool.acquireWithin(request, {
    waitMs: Math.min(msLeft(run), deps.timings.poolWaitMs),
    coolingMs: aim.isLast ? deps.timings.shortRestMs : 0,
    signal: exchange.request.signal,
  });
}

async function callOnce(
  run: Run,
  aim: Aim,
  lease: Lease,
): Promise<{ attempt: OpenAttempt; result: TakenAnswer | UpstreamFailure }> {
  const { exchange, deps } = run;
  const attempt = openAttempt(run, aim, lease);
  // A whole answer's headers come when it is complete, so that one limit covers both.
  const wholeAnswerMs = Math.max(1, Math.min(deps.timings.wholeAnswerMs, msLeft(run)));
  const firstByteMs = exchange.facts.stream ? firstByteLimit(run, aim) : wholeAnswerMs;
  const outcome = await callUpstream({
    spec: aim.target.spec,
    credential: lease.credential,
    operation: aim.prepared.operation,
    model: aim.target.model,
    query: aim.prepared.query,
    headers: exchange.request.headers,
    extraHeaders: aim.prepared.headers,
    body: aim.prepared.body,
    signal: exchange.hangUp.signal,
    firstByteMs,
    clock: deps.clock,
  });
  if (outcome.kind === 'failure') return { attempt, result: outcome };
  const result = await takeAnswer({
    answer: outcome,
    firstEventMs: firstByteMs - outcome.headersMs,
    wholeAnswerMs,
    secret: lease.credential.secret,
  });
  if (result.kind === 'failure' && exchange.request.signal.aborted)
    return { attempt, result: { ...result, failure: 'client_gone' } };
  return { attempt, result };
}

/** A stream's headers come at once; one that keeps silent leaves time for another credential or target. */
function firstByteLimit(run: Run, aim: Aim): number {
  const leftMs = Math.max(1, msLeft(run));
  const others = !aim.isLast || run.deps.pool.size(aim.target.spec.name) > 1;
  return others ? Math.min(leftMs, run.deps.timings.firstByteMs) : leftMs;
}

/** False when the wait does not fit the deadline, or the caller has gone. */
async function waitBeforeAgain(run: Run, turn: number): Promise<boolean> {
  const { exchange } = run;
  const waitMs = backoffMs(turn, randomFraction());
  if (waitMs >= msLeft(run) || exchange.request.signal.aborted) return false;
  await sleep(waitMs, exchange.request.signal).catch(() => {});
  return !exchange.request.signal.aborted;
}

/** A limit passes when its provider says so, and soon; an outage may. */
function mayPass({ deps }: Run, { failure, retryAfterMs }: UpstreamFailure): boolean {
  if (!FAILURE_RULES[failure].sameCredential) return false;
  if (failure !== 'rate_limit') return true;
  return retryAfterMs !== null && retryAfterMs <= deps.timings.shortRestMs;
}

function isLimitReason(reason: FailureKind | null): boolean {
  return reason === 'rate_limit' || reason === 'quota_exceeded';
}

function callsOn(exchange: Exchange, attempt: OpenAttempt): number {
  const { id } = attempt.lease.credential;
  const { model } = attempt.target;
  return exchange.attempts.filter((each) => each.credentialId === id && each.model === model).length;
}

function beginOrRelease({ exchange, deps }: Run, lease: Lease): void {
  try {
    beginUsage(exchange, deps);
  } catch (error) {
    lease.release({ kind: 'neutral' });
    throw error;
  }
}

function openAttempt({ exchange, deps }: Run, aim: Aim, lease: Lease): OpenAttempt {
  return {
    id: newId('att'),
    ordinal: exchange.attempts.length + 1,
    startedWallMs: deps.clock.nowMs(),
    startedMs: deps.clock.monotonicMs(),
    target: aim.target,
    lease,
    prepared: aim.prepared,
  };
}

function msLeft({ exchange, deps }: Run): number {
  return deps.timings.deadlineMs - (deps.clock.monotonicMs() - exchange.startedMs);
}

function finalError(run: Run): AppError {
  const { exchange, last, refusal, unfit } = run;
  const { model } = exchange.facts;
  if (last) return failureError({ model, attempts: exchange.attempts.length }, last);
  if (refusal) return noLeaseError(model, refusal);
  return unfit ?? noLeaseError(model, { kind: 'exhausted' });
}
