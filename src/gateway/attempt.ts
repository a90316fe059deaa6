// The step that calls providers: one outbound call after another until one answers or none is left.
// Retries happen only here, before a byte has gone to the caller, under one deadline. Every call leaves a record.
import { FAILURE_RULES } from '../core/failure-rules.ts';
import type { FailureKind } from '../core/usage-event.ts';
import { AppError } from '../errors/app-error.ts';
import { sleep } from '../lib/clock.ts';
import { derivedId, newId, randomFraction } from '../lib/id.ts';
import { backoffMs } from '../upstream/backoff.ts';
import {
  callUpstream,
  type UpstreamAnswer,
  type UpstreamCall,
  type UpstreamFailure,
} from '../upstream/call-upstream.ts';
import type { AcquireRequest, Acquisition, Lease } from '../upstream/pool/lease.ts';
import { type OpenAttempt, recordFailure } from './attempt-record.ts';
import type { GatewayDeps } from './deps.ts';
import { ATTEMPTS_MAX, type Exchange } from './exchange.ts';
import { failureError, type NoLease, noLeaseError } from './failure-error.ts';
import type { Target } from './plan.ts';
import { type PreparedRequest, prepareCall } from './prepare-call.ts';
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
  readonly targets: readonly Target[];
  last: UpstreamFailure | null;
  /** Why the latest target gave no lease. */
  refusal: NoLease | null;
  /** Why the first target could not be prepared, for example a feature it lacks. */
  unfit: AppError | null;
}

export function runAttempts(
  exchange: Exchange,
  targets: readonly Target[],
  deps: GatewayDeps,
): Promise<AttemptsResult> {
  return tryFrom({ exchange, deps, targets, last: null, refusal: null, unfit: null }, 0);
}

/** The first target from `index` on that can carry the request; null when none is left. */
function aimFrom(run: Run, index: number): Aim | null {
  const { exchange, targets } = run;
  for (let at = index; at < targets.length; at++) {
    const target = targets[at] as Target;
    const prepared = prepare(run, target);
    if (!prepared) continue;
    const isLast = at === targets.length - 1;
    // What is sent is all that is needed from here on; a translation still asks what it translates the answer to.
    if (isLast && prepared.call.translator === null) exchange.shedBody();
    return { target, prepared, isLast, next: at + 1 };
  }
  return null;
}

/** Null when the target cannot carry the request; another one of the chain may. */
function prepare(run: Run, target: Target): PreparedRequest | null {
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
  readonly prepared: PreparedRequest;
  readonly isLast: boolean;
  /** Index of the target after this one. */
  readonly next: number;
}

const NONE: ReadonlySet<string> = new Set();

/** Credentials that a request has called on one target. */
class Called {
  #used: Set<string> | null = null;
  /** Those whose failure may pass by itself. */
  #again: Set<string> | null = null;

  get used(): ReadonlySet<string> {
    return this.#used ?? NONE;
  }

  get mayRetry(): boolean {
    return this.#again !== null && this.#again.size > 0;
  }

  add(id: string, mayPass: boolean): void {
    this.#used ??= new Set();
    this.#used.add(id);
    if (!mayPass) return;
    this.#again ??= new Set();
    this.#again.add(id);
  }

  /** Those that may pass are open again. */
  reopen(): void {
    for (const id of this.#again ?? NONE) this.#used?.delete(id);
    this.#again = null;
  }
}

/** Calls one target until it answers or leads on to the next. One function for the whole way: nearly all go straight through. */
async function tryFrom(run: Run, index: number): Promise<AttemptsResult> {
  const { exchange } = run;
  const aim = aimFrom(run, index);
  if (!aim) return failed(run);
  const called = new Called();
  for (let turn = 0; exchange.attempts.length < ATTEMPTS_MAX; ) {
    const acquiring = acquire(run, aim, called.used);
    const acquired = acquiring instanceof Promise ? await acquiring : acquiring;
    if (acquired.kind === 'exhausted' && called.mayRetry) {
      if (!(await waitBeforeAgain(run, turn))) return failed(run);
      turn += 1;
      called.reopen();
      continue;
    }
    if (acquired.kind !== 'lease') {
      run.refusal = acquired;
      return exchange.request.signal.aborted ? failed(run) : tryFrom(run, aim.next);
    }
    const { lease } = acquired;
    if (exchange.attempts.length === 0) {
      try {
        const written = beginUsage(exchange, run.deps);
        if (written) await written;
      } catch (error) {
        lease.release({ kind: 'neutral' });
        throw error;
      }
    }
    const attempt = openAttempt(run, aim, lease);
    const call = callOf(run, aim, lease);
    const outcome = await callUpstream(call, aim.prepared.body);
    const taking = outcome.kind === 'failure' ? outcome : take(run, call, outcome);
    const result = taking instanceof Promise ? await taking : taking;
    if (result.kind === 'answer') {
      lease.prove();
      return { kind: 'answer', attempt, answer: result.answer, body: result.body };
    }
    const verdict = judge(run, attempt, outcome.kind === 'failure' ? result : unlessGone(run, result));
    if (verdict === 'stop') return failed(run);
    if (verdict === 'next') return tryFrom(run, aim.next);
    called.add(
      lease.credential.id,
      mayPass(run, result) && callsOn(exchange, attempt) < CALLS_PER_CREDENTIAL_MAX,
    );
  }
  return failed(run);
}

function failed(run: Run): AttemptsResult {
  return { kind: 'failed', error: finalError(run) };
}

/** Writes down what became of a failed call, and says where it leads. */
function judge(run: Run, attempt: OpenAttempt, failure: UpstreamFailure): 'again' | 'stop' | 'next' {
  const { exchange, deps } = run;
  recordFailure(exchange, attempt, failure, deps);
  run.last = failure;
  if (exchange.request.signal.aborted || msLeft(run) <= 0) return 'stop';
  const rule = FAILURE_RULES[failure.failure];
  if (rule.nextCredential) return 'again';
  return rule.nextTarget ? 'next' : 'stop';
}

/** An answer that breaks off because its caller left says nothing about the provider. */
function unlessGone({ exchange }: Run, failure: UpstreamFailure): UpstreamFailure {
  return exchange.request.signal.aborted ? { ...failure, failure: 'client_gone' } : failure;
}

/** At once when something is free, which is nearly always; else waits for a slot or for a short rest to end. */
function acquire(run: Run, aim: Aim, exclude: ReadonlySet<string>): Acquisition | Promise<Acquisition> {
  const { exchange, deps } = run;
  const session = exchange.clientSessionId;
  const request: AcquireRequest = {
    provider: aim.target.spec.name,
    model: aim.target.model,
    exclude,
    // Scoped to the caller's key: one caller's session id says nothing about another's (wire fact F15).
    affinity: session === null ? null : `${exchange.actor.keyId ?? 'master'}\n${session}`,
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

function callOf(run: Run, aim: Aim, lease: Lease): UpstreamCall {
  const { exchange, deps } = run;
  const { target } = aim;
  const prepared = aim.prepared.call;
  return {
    spec: target.spec,
    credential: lease.credential,
    operation: prepared.operation,
    model: target.model,
    query: prepared.query,
    headers: exchange.request.headers,
    extraHeaders: prepared.headers,
    signal: exchange.hangUp.signal,
    firstByteMs: firstByteLimit(run, aim),
    clock: deps.clock,
  };
}

function take(
  run: Run,
  call: UpstreamCall,
  answer: UpstreamAnswer,
): TakenAnswer | UpstreamFailure | Promise<TakenAnswer | UpstreamFailure> {
  return takeAnswer({
    answer,
    firstEventMs: call.firstByteMs - answer.headersMs,
    wholeAnswerMs: wholeAnswerLimit(run),
    secret: call.credential.secret,
  });
}

/** A whole answer's headers come when it is complete, so that one limit covers both. */
function wholeAnswerLimit(run: Run): number {
  return Math.max(1, Math.min(run.deps.timings.wholeAnswerMs, msLeft(run)));
}

/** A stream's headers come at once; one that keeps silent leaves time for another credential or target. */
function firstByteLimit(run: Run, aim: Aim): number {
  if (!run.exchange.facts.stream) return wholeAnswerLimit(run);
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

function openAttempt({ exchange, deps }: Run, aim: Aim, lease: Lease): OpenAttempt {
  const ordinal = exchange.attempts.length + 1;
  return {
    // Nearly every request has one attempt: it needs no random digits of its own.
    id: ordinal === 1 ? derivedId('att', exchange.id) : newId('att'),
    ordinal,
    startedWallMs: deps.clock.nowMs(),
    startedMs: deps.clock.monotonicMs(),
    target: aim.target,
    lease,
    prepared: aim.prepared.call,
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
