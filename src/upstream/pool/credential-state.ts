// What the pool remembers of one credential: what is in flight, what rests and why, what was used.
// Times are monotonic milliseconds of this process. Bounded: models come from callers, so old ones make room.
import type { TokenUsage } from '../../core/token-usage.ts';
import type { FailureKind } from '../../core/usage-event.ts';
import type { Credential } from '../providers/provider-spec.ts';
import type { Rest } from './cool-down.ts';
import { USAGE_WINDOW_MS } from './pool-settings.ts';

/** More models than this on one credential: the one unused for longest is forgotten. */
export const SCOPES_PER_CREDENTIAL_MAX = 256;

export interface Tally {
  requests: number;
  successes: number;
  failures: number;
  inputCached: number;
  inputUncached: number;
  output: number;
  costNanoUsd: number;
}

/** One credential on one model, or on one quota group. */
export interface ScopeState {
  readonly key: string;
  inFlight: number;
  /** Calls out to find out whether a rest is over; 0 or 1. */
  probes: number;
  rest: Rest | null;
  /** Grows with each failure that counts; tells calls begun before it from calls begun after. */
  epoch: number;
  /** When the window of `windowRequests` began, or null before the first use. */
  windowSinceMs: number | null;
  windowRequests: number;
  /** Rest because of a custom cap: until then. */
  cappedUntilMs: number;
  lastUsedMs: number;
  readonly tally: Tally;
}

export interface CredentialState {
  credential: Credential;
  disabled: boolean;
  inFlight: number;
  /** Whether the provider has ever accepted this credential, as far as we know. */
  proven: boolean;
  /** Rest of the whole credential: quarantine or lock-out. */
  lockedUntilMs: number;
  lockReason: FailureKind | null;
  /** Refusals of the key in a row. */
  refusals: number;
  /** As ScopeState.epoch, for refusals. */
  epoch: number;
  lastError: string | null;
  readonly scopes: Map<string, ScopeState>;
  readonly tally: Tally;
}

export function newCredentialState(credential: Credential): CredentialState {
  return {
    credential,
    disabled: false,
    inFlight: 0,
    proven: false,
    lockedUntilMs: 0,
    lockReason: null,
    refusals: 0,
    epoch: 0,
    lastError: null,
    scopes: new Map(),
    tally: newTally(),
  };
}

export function newTally(): Tally {
  return {
    requests: 0,
    successes: 0,
    failures: 0,
    inputCached: 0,
    inputUncached: 0,
    output: 0,
    costNanoUsd: 0,
  };
}

export function scopeOf(state: CredentialState, key: string, nowMs: number): ScopeState {
  const known = state.scopes.get(key);
  if (known) return known;
  if (state.scopes.size >= SCOPES_PER_CREDENTIAL_MAX) forgetOldest(state);
  const scope: ScopeState = {
    key,
    inFlight: 0,
    probes: 0,
    rest: null,
    epoch: 0,
    windowSinceMs: null,
    windowRequests: 0,
    cappedUntilMs: 0,
    lastUsedMs: nowMs,
    tally: newTally(),
  };
  state.scopes.set(key, scope);
  return scope;
}

/** Requests in the running window; a window that is over starts afresh with the next use. */
export function windowRequests(scope: ScopeState, nowMs: number): number {
  return scope.windowSinceMs === null || nowMs - scope.windowSinceMs >= USAGE_WINDOW_MS
    ? 0
    : scope.windowRequests;
}

export function countUse(state: CredentialState, scope: ScopeState, nowMs: number): void {
  if (scope.windowSinceMs === null || nowMs - scope.windowSinceMs >= USAGE_WINDOW_MS) {
    scope.windowSinceMs = nowMs;
    scope.windowRequests = 0;
  }
  scope.windowRequests += 1;
  scope.lastUsedMs = nowMs;
  scope.inFlight += 1;
  state.inFlight += 1;
  state.tally.requests += 1;
  scope.tally.requests += 1;
}

export function countTokens(tally: Tally, usage: TokenUsage, costNanoUsd: number | null): void {
  const cached = usage.cachedTokens ?? 0;
  tally.inputCached += cached;
  tally.inputUncached += Math.max(0, (usage.promptTokens ?? 0) - cached);
  tally.output += usage.completionTokens ?? 0;
  tally.costNanoUsd += costNanoUsd ?? 0;
}

/** Nothing in flight and nothing resting is forgotten first; if all are busy, the map's oldest idle rest goes. */
function forgetOldest(state: CredentialState): void {
  let oldest: ScopeState | null = null;
  for (const scope of state.scopes.values()) {
    if (scope.inFlight > 0) continue;
    if (oldest === null || rank(scope) < rank(oldest)) oldest = scope;
  }
  if (oldest) state.scopes.delete(oldest.key);
}

function rank(scope: ScopeState): number {
  return scope.lastUsedMs + (scope.rest ? USAGE_WINDOW_MS : 0);
}
