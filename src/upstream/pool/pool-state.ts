// What the pool remembers over a restart: rests, quarantines, windows and tallies, as JSON without any secret.
// Times are written on the wall clock, since the monotonic one begins anew with each process.

import { FAILURE_RULES } from '../../core/failure-rules.ts';
import type { FailureKind } from '../../core/usage-event.ts';
import { asArray, asObject, asString, type JsonObject, parseJson } from '../../lib/json.ts';
import type { Rest } from './cool-down.ts';
import {
  type CredentialState,
  SCOPES_PER_CREDENTIAL_MAX,
  type ScopeState,
  scopeOf,
  type Tally,
} from './credential-state.ts';

export interface Moment {
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** No rest that was written down can last longer: a clock that was set wrong must not lock a key out for years. */
const REST_MS_MAX = 86_400_000 * 8;

export function writeState(state: CredentialState, at: Moment): string {
  const wall = (ms: number) => (ms === 0 ? 0 : Math.round(at.nowMs + ms - at.monotonicMs));
  return JSON.stringify({
    proven: state.proven,
    lockedUntil: wall(state.lockedUntilMs),
    lockReason: state.lockReason,
    refusals: state.refusals,
    lastError: state.lastError,
    tally: state.tally,
    scopes: [...state.scopes.values()].map((scope) => ({
      key: scope.key,
      rest: scope.rest && {
        ...scope.rest,
        untilMs: wall(scope.rest.untilMs),
        hardUntilMs: wall(scope.rest.hardUntilMs),
      },
      windowSince: scope.windowSinceMs === null ? null : wall(scope.windowSinceMs),
      windowRequests: scope.windowRequests,
      cappedUntil: wall(scope.cappedUntilMs),
      lastUsed: wall(scope.lastUsedMs),
      tally: scope.tally,
    })),
  });
}

/** Lays a written state over a fresh one. A text that cannot be read changes nothing. */
export function readState(state: CredentialState, text: string, at: Moment): void {
  const saved = asObject(parseJson(text));
  if (!saved) return;
  const monotonic = (value: unknown) => toMonotonic(value, at);
  state.proven = saved.proven === true;
  state.lockedUntilMs = monotonic(saved.lockedUntil);
  state.lockReason = failureOf(saved.lockReason);
  state.refusals = count(saved.refusals);
  state.lastError = asString(saved.lastError);
  readTally(state.tally, asObject(saved.tally));
  for (const entry of (asArray(saved.scopes) ?? []).slice(0, SCOPES_PER_CREDENTIAL_MAX)) {
    const scope = asObject(entry);
    const key = asString(scope?.key);
    if (scope && key !== null) readScope(scopeOf(state, key, at.monotonicMs), scope, monotonic);
  }
}

function readScope(scope: ScopeState, saved: JsonObject, monotonic: (value: unknown) => number): void {
  const rest = asObject(saved.rest);
  const reason = failureOf(rest?.reason);
  scope.rest = rest && reason ? readRest(rest, reason, monotonic) : null;
  // A window may have begun before this process, so that its start may lie below zero.
  scope.windowSinceMs = typeof saved.windowSince === 'number' ? monotonic(saved.windowSince) : null;
  scope.windowRequests = count(saved.windowRequests);
  scope.cappedUntilMs = monotonic(saved.cappedUntil);
  readTally(scope.tally, asObject(saved.tally));
}

function readRest(rest: JsonObject, reason: FailureKind, monotonic: (value: unknown) => number): Rest {
  return {
    reason,
    failures: count(rest.failures),
    untilMs: monotonic(rest.untilMs),
    hardUntilMs: monotonic(rest.hardUntilMs),
    hinted: rest.hinted === true,
  };
}

function toMonotonic(value: unknown, at: Moment): number {
  if (typeof value !== 'number' || value <= 0) return 0;
  return at.monotonicMs + Math.min(value - at.nowMs, REST_MS_MAX);
}

function failureOf(value: unknown): FailureKind | null {
  return typeof value === 'string' && Object.hasOwn(FAILURE_RULES, value) ? (value as FailureKind) : null;
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function readTally(tally: Tally, saved: JsonObject | null): void {
  if (!saved) return;
  for (const name of Object.keys(tally) as (keyof Tally)[]) tally[name] = count(saved[name]);
}
