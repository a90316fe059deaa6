// How a credential fares, for people: ready, resting, refused or switched off, why, and for how much longer. Pure.
import type { FailureKind } from '../core/usage-event.ts';
import type { CredentialState } from './pool/credential-state.ts';

export interface CredentialHealth {
  readonly state: 'ready' | 'cooling' | 'quarantined' | 'disabled';
  readonly failure: FailureKind | null;
  /** Models that rest while others are served; empty when all rest or none. */
  readonly models: readonly string[];
  /** Until the first of what rests is ready; null when nothing rests. */
  readonly waitMs: number | null;
}

/** `nowMs` is monotonic, as the pool's own times are. */
export function credentialHealth(state: CredentialState, nowMs: number): CredentialHealth {
  if (state.disabled) return { state: 'disabled', failure: null, models: [], waitMs: null };
  if (state.lockedUntilMs > nowMs) {
    const isRefused = state.lockReason === 'authentication' || state.lockReason === 'forbidden';
    const waitMs = state.lockedUntilMs - nowMs;
    return { state: isRefused ? 'quarantined' : 'cooling', failure: state.lockReason, models: [], waitMs };
  }
  const resting = [...state.scopes.values()].filter((scope) => (scope.rest?.untilMs ?? 0) > nowMs);
  const [soonest] = resting.toSorted((a, b) => (a.rest?.untilMs ?? 0) - (b.rest?.untilMs ?? 0));
  if (!soonest?.rest) return { state: 'ready', failure: null, models: [], waitMs: null };
  return {
    state: 'cooling',
    failure: soonest.rest.reason,
    models: resting.map((scope) => scope.key),
    waitMs: soonest.rest.untilMs - nowMs,
  };
}
