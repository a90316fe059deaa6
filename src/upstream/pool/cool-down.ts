// How long a credential rests after a failure: the ladder, lock-outs and quarantine as pure rules.
// Times are on the monotonic clock of this process; pool-state.ts carries them over a restart.
import { FAILURE_RULES } from '../../core/failure-rules.ts';
import type { FailureKind } from '../../core/usage-event.ts';

/** Rest after the 1st, 2nd, 3rd, and each further failure in a row of one credential on one model. */
export const LADDER_MS = [10_000, 30_000, 60_000, 120_000] as const;
/**
 * Faults of the provider rather than of the key (`soft`): until so many in a row a resting credential still serves when
 * nothing else is left, and after that it is tried again every LADDER_MS[0]. A blip of a provider that has one key must
 * not become an outage of ours.
 */
export const SOFT_FAILURES_MAX = 5;
/** A whole credential rests this long once LOCK_OUT_MODELS of its models are resting without a hint. */
export const LOCK_OUT_MS = 300_000;
export const LOCK_OUT_MODELS = 3;
/** After a refused key: doubled with every further refusal, up to the maximum. */
export const QUARANTINE_MS = 300_000;
export const QUARANTINE_MS_MAX = 3_600_000;
/** A quota that is used up rests at least this long when nothing says when it opens again. */
export const QUOTA_REST_MS = 120_000;

/** The rest of one credential on one model or quota group. */
export interface Rest {
  /** Failures in a row, each from a call that began after the rest before it. */
  readonly failures: number;
  /** Others are preferred until then. */
  readonly untilMs: number;
  /** It is not used at all until then. */
  readonly hardUntilMs: number;
  readonly reason: FailureKind;
  /** A provider said how long; such rests do not count towards a lock-out. */
  readonly hinted: boolean;
}

export interface Failed {
  readonly failure: FailureKind;
  readonly retryAfterMs: number | null;
  /** False when another call failed since this one began: calls that were out together are one failure, not many. */
  readonly fresh: boolean;
  readonly nowMs: number;
}

/** The rest that follows a failure, given the one before; the same rest when the failure says nothing new. */
export function restAfter(before: Rest | null, failed: Failed): Rest | null {
  const { failure, retryAfterMs, nowMs } = failed;
  const { cools } = FAILURE_RULES[failure];
  if (cools === 'none' || cools === 'quarantine') return before;
  const fresh = before === null || failed.fresh;
  const failures = fresh ? (before?.failures ?? 0) + 1 : before.failures;
  const restMs = retryAfterMs ?? ladder(failures, failure);
  const untilMs = nowMs + restMs;
  if (!fresh && untilMs <= before.untilMs) return before;
  return {
    failures,
    // A later, shorter hint never shortens a rest that is running (predecessor's E4).
    untilMs: Math.max(untilMs, before?.untilMs ?? 0),
    reason: failure,
    hinted: retryAfterMs !== null,
    hardUntilMs: Math.max(
      before?.hardUntilMs ?? 0,
      hardUntil({ cools, failures, untilMs, nowMs, retryAfterMs }),
    ),
  };
}

function hardUntil(of: {
  cools: 'hard' | 'soft';
  failures: number;
  untilMs: number;
  nowMs: number;
  retryAfterMs: number | null;
}): number {
  // What the provider asked for is kept to, whatever it was about.
  if (of.cools === 'hard' || of.retryAfterMs !== null) return of.untilMs;
  return of.failures < SOFT_FAILURES_MAX ? 0 : Math.min(of.untilMs, of.nowMs + LADDER_MS[0]);
}

/** Whether the next call after the rest goes out alone, to find out: the others would only fail together. */
export function needsProbe(rest: Rest): boolean {
  return rest.hardUntilMs > 0;
}

/** Whether so many models rest without a hint that the credential itself must be at fault. */
export function mustLockOut(rests: Iterable<Rest>, nowMs: number): boolean {
  let resting = 0;
  for (const rest of rests) if (rest.hardUntilMs > nowMs && !rest.hinted) resting += 1;
  return resting >= LOCK_OUT_MODELS;
}

export function quarantineMs(refusals: number): number {
  return Math.min(QUARANTINE_MS * 2 ** Math.max(0, refusals - 1), QUARANTINE_MS_MAX);
}

function ladder(failures: number, failure: FailureKind): number {
  const step = LADDER_MS[Math.min(failures, LADDER_MS.length) - 1] ?? LADDER_MS[0];
  return failure === 'quota_exceeded' ? Math.max(step, QUOTA_REST_MS) : step;
}
