// The credentials of one provider: builds the snapshot that the selection reads, and records what became of each call.
// Never makes a call, never waits.
import { FAILURE_RULES } from '../../core/failure-rules.ts';
import type { FailureKind } from '../../core/usage-event.ts';
import type { Credential, ProviderSpec } from '../providers/provider-spec.ts';
import type { Affinity } from './affinity.ts';
import { LOCK_OUT_MS, mustLockOut, needsProbe, quarantineMs, restAfter } from './cool-down.ts';
import {
  type CredentialState,
  countTokens,
  countUse,
  newCredentialState,
  type ScopeState,
  scopeOf,
  windowRequests,
} from './credential-state.ts';
import { type CycleMember, createFairCycle, type FairCycle } from './fair-cycle.ts';
import type { AcquireRequest, LeaseReport } from './lease.ts';
import { type CustomCap, capFor, type PoolSettings, USAGE_WINDOW_MS } from './pool-settings.ts';
import { type Candidate, type Selection, selectCredential } from './select-credential.ts';

/** Sequential mode: one entry per model or group; the oldest is forgotten. */
const STICKY_MAX = 512;

export interface Grant {
  readonly state: CredentialState;
  readonly scope: ScopeState;
  /** The epochs when the call began. */
  readonly scopeEpoch: number;
  readonly lockEpoch: number;
  /** The one call that finds out whether a rest is over. */
  probing: boolean;
}

export class ProviderPool {
  readonly spec: ProviderSpec;
  readonly settings: PoolSettings;
  readonly states: CredentialState[];
  readonly #cycle: FairCycle;
  readonly #sticky = new Map<string, string>();
  readonly #affinity: Affinity;

  constructor(options: {
    readonly spec: ProviderSpec;
    readonly settings: PoolSettings;
    readonly credentials: readonly Credential[];
    readonly affinity: Affinity;
    readonly disabled: ReadonlySet<string>;
    /** What is remembered of these credentials from before a change of configuration, by id. */
    readonly known: ReadonlyMap<string, CredentialState>;
  }) {
    this.spec = options.spec;
    this.settings = options.settings;
    this.#affinity = options.affinity;
    this.#cycle = createFairCycle(options.settings.fairCycle);
    this.states = options.credentials.map((credential) => {
      const state = options.known.get(credential.id) ?? newCredentialState(credential);
      state.credential = credential;
      state.disabled = options.disabled.has(credential.id);
      return state;
    });
  }

  /** The scope in which rests and requests are counted: the quota group, or the model itself. */
  scopeKey(model: string): string {
    return this.settings.groupOf.get(model) ?? model;
  }

  acquire(
    request: AcquireRequest,
    nowMs: number,
    chance: number,
  ): Grant | Exclude<Selection, { kind: 'pick' }> {
    const { model } = request;
    const key = this.scopeKey(model);
    const lone = this.#lone(request, key, nowMs);
    return lone ? this.#grant(lone, { key, model, nowMs }) : this.#choose(request, key, nowMs, chance);
  }

  #choose(
    request: AcquireRequest,
    key: string,
    nowMs: number,
    chance: number,
  ): Grant | Exclude<Selection, { kind: 'pick' }> {
    const { model, exclude, insist = false } = request;
    const open = this.states.filter((state) => !state.disabled && !exclude?.has(state.credential.id));
    const candidates = open.map((state) => this.#candidate(state, { model, key, nowMs, insist }));
    const affinityKey = request.affinity ? `${this.spec.name}\n${request.affinity}` : null;
    const selection = selectCredential(candidates, {
      mode: this.settings.mode,
      tolerance: this.settings.tolerance,
      stickyId: this.#sticky.get(key) ?? null,
      affinityId: affinityKey === null ? null : this.#affinity.get(affinityKey, nowMs),
      chance,
    });
    if (selection.kind !== 'pick') return selection;
    const { id } = selection.candidate;
    const state = open.find((each) => each.credential.id === id) as CredentialState;
    if (affinityKey !== null) this.#affinity.set(affinityKey, id, nowMs);
    if (this.settings.mode === 'sequential') this.#stick(key, id);
    return this.#grant(state, { key, model, nowMs });
  }

  /** The only credential of its provider when nothing stands against it: then there is nothing to choose or to weigh. */
  #lone({ exclude }: AcquireRequest, key: string, nowMs: number): CredentialState | null {
    const state = this.states[0];
    if (!state || this.states.length > 1 || state.disabled || exclude?.has(state.credential.id)) return null;
    if (this.settings.fairCycle.enabled || state.lockedUntilMs > nowMs) return null;
    const scope = state.scopes.get(key);
    if (scope && (scope.rest !== null || scope.cappedUntilMs > nowMs)) return null;
    const multiplier =
      this.settings.multipliers.get(state.credential.priority) ?? this.settings.fallbackMultiplier;
    return state.inFlight < this.settings.maxConcurrent * multiplier ? state : null;
  }

  #grant(state: CredentialState, of: { key: string; model: string; nowMs: number }): Grant {
    const { key, model, nowMs } = of;
    const scope = scopeOf(state, key, nowMs);
    countUse(state, scope, nowMs);
    if (this.settings.caps.length > 0) this.#applyCap({ state, scope, model, nowMs });
    const probing = scope.rest !== null;
    if (probing) scope.probes += 1;
    return { state, scope, scopeEpoch: scope.epoch, lockEpoch: state.epoch, probing };
  }

  /** The provider accepted the credential: its first byte is here. */
  prove(grant: Grant): void {
    grant.state.proven = true;
    grant.state.refusals = 0;
    this.#endProbe(grant);
  }

  release(grant: Grant, report: LeaseReport, nowMs: number): void {
    const { state, scope } = grant;
    state.inFlight -= 1;
    scope.inFlight -= 1;
    this.#endProbe(grant);
    if ('usage' in report && report.usage) {
      countTokens(state.tally, report.usage, report.costNanoUsd ?? null);
      countTokens(scope.tally, report.usage, report.costNanoUsd ?? null);
    }
    if (report.kind === 'success') this.#succeed(grant);
    if (report.kind === 'failure') this.#fail(grant, report, nowMs);
  }

  /** A check has shown that it works: what rests for a reason that `heals` says is over, is over. */
  recover(state: CredentialState, heals: (reason: FailureKind) => boolean): void {
    if (state.lockReason !== null && heals(state.lockReason)) {
      state.lockedUntilMs = 0;
      state.lockReason = null;
      state.refusals = 0;
      state.proven = true;
    }
    for (const scope of state.scopes.values()) if (scope.rest && heals(scope.rest.reason)) scope.rest = null;
  }

  /** The provider refused the key, in a call or in a check. */
  quarantine(state: CredentialState, nowMs: number): void {
    state.refusals += 1;
    state.epoch += 1;
    state.proven = false;
    this.#lock(state, quarantineMs(state.refusals), 'authentication', nowMs);
  }

  /** How long the credential may not be used for this scope, and 0 when it may. */
  waitMs(state: CredentialState, key: string, nowMs: number): number {
    const scope = state.scopes.get(key);
    const rest = scope?.rest?.hardUntilMs ?? 0;
    return Math.max(0, state.lockedUntilMs - nowMs, rest - nowMs, (scope?.cappedUntilMs ?? 0) - nowMs);
  }

  /** Why the credential that comes back first rests: what a caller is told hangs on it. */
  restReason(model: string, nowMs: number): FailureKind | null {
    const key = this.scopeKey(model);
    let soonest: { waitMs: number; reason: FailureKind | null } | null = null;
    for (const state of this.states) {
      const waitMs = this.waitMs(state, key, nowMs);
      if (state.disabled || (soonest && soonest.waitMs <= waitMs)) continue;
      const locked = state.lockedUntilMs - nowMs >= waitMs;
      soonest = { waitMs, reason: locked ? state.lockReason : (state.scopes.get(key)?.rest?.reason ?? null) };
    }
    return soonest?.reason ?? null;
  }

  #candidate(
    state: CredentialState,
    of: { model: string; key: string; nowMs: number; insist: boolean },
  ): Candidate {
    const { key, nowMs, insist } = of;
    const { priority, id } = state.credential;
    const scope = state.scopes.get(key);
    const multiplier = this.settings.multipliers.get(priority) ?? this.settings.fallbackMultiplier;
    const failed = scope?.rest ?? null;
    const yielding = failed !== null && failed.untilMs > nowMs;
    // After a rest one call finds out whether it is over: the others would only fail together (faults.md U11).
    const probing = (scope?.probes ?? 0) > 0;
    const mustProbe = probing && failed !== null && needsProbe(failed);
    // Where others can serve meanwhile, an untried or lately failed credential is tried with one call as well.
    const onTrial = (probing || (!state.proven && state.inFlight > 0)) && this.states.length > 1 && !insist;
    return {
      id,
      priority,
      inFlight: state.inFlight,
      optimal: this.settings.optimalConcurrent * multiplier,
      max: this.settings.maxConcurrent * multiplier,
      waitMs: this.waitMs(state, key, nowMs) || this.#cycleWaitMs(state, key, nowMs),
      yielding,
      held: mustProbe || onTrial,
      usage: scope ? windowRequests(scope, nowMs) : 0,
    };
  }

  /** Whether the fair cycle keeps the credential back. */
  sitsOut(state: CredentialState, key: string, nowMs: number): boolean {
    return this.#cycleWaitMs(state, key, nowMs) > 0;
  }

  #cycleWaitMs(state: CredentialState, key: string, nowMs: number): number {
    if (!this.settings.fairCycle.enabled) return 0;
    const member = this.#member(state, key, nowMs);
    const all = this.states.filter((each) => !each.disabled).map((each) => this.#member(each, key, nowMs));
    return this.#cycle.sitsOut(member, key, all, nowMs) ? this.#cycle.leftMs(member, key, nowMs) : 0;
  }

  #member(state: CredentialState, key: string, nowMs: number): CycleMember {
    const { id, priority } = state.credential;
    return { id, priority, restMs: this.waitMs(state, key, nowMs) };
  }

  #applyCap(of: { state: CredentialState; scope: ScopeState; model: string; nowMs: number }): void {
    const { state, scope, model, nowMs } = of;
    const group = this.settings.groupOf.get(model) ?? null;
    const cap = capFor(this.settings, { priority: state.credential.priority, model, group });
    if (!cap) return;
    const used = windowRequests(scope, nowMs);
    if (used >= cap.requests * this.settings.fairCycle.quotaThreshold)
      this.#cycle.exhaust(this.#member(state, scope.key, nowMs), scope.key, nowMs);
    if (used >= cap.requests)
      scope.cappedUntilMs = capEndMs(cap, (scope.windowSinceMs ?? nowMs) + USAGE_WINDOW_MS, nowMs);
  }

  #succeed(grant: Grant): void {
    const { state, scope } = grant;
    this.prove(grant);
    state.tally.successes += 1;
    scope.tally.successes += 1;
    // A call that began before the failure knows nothing of it.
    if (grant.scopeEpoch === scope.epoch) scope.rest = null;
  }

  #fail(grant: Grant, report: Extract<LeaseReport, { kind: 'failure' }>, nowMs: number): void {
    const { state, scope } = grant;
    const { failure, retryAfterMs } = report;
    const { cools } = FAILURE_RULES[failure];
    if (cools === 'none') return;
    state.tally.failures += 1;
    scope.tally.failures += 1;
    state.lastError = failure;
    if (cools === 'quarantine') {
      // Calls that were out together are refused together: that is one refusal.
      if (grant.lockEpoch === state.epoch) this.quarantine(state, nowMs);
    } else {
      const fresh = grant.scopeEpoch === scope.epoch;
      scope.rest = restAfter(scope.rest, { failure, retryAfterMs, fresh, nowMs });
      if (fresh) scope.epoch += 1;
      const rests = [...state.scopes.values()].flatMap((each) => each.rest ?? []);
      if (mustLockOut(rests, nowMs)) this.#lock(state, LOCK_OUT_MS, failure, nowMs);
    }
    if (this.waitMs(state, scope.key, nowMs) >= this.settings.exhaustionMs)
      this.#cycle.exhaust(this.#member(state, scope.key, nowMs), scope.key, nowMs);
  }

  #endProbe(grant: Grant): void {
    if (grant.probing) grant.scope.probes -= 1;
    grant.probing = false;
  }

  #lock(state: CredentialState, ms: number, reason: CredentialState['lockReason'], nowMs: number): void {
    state.lockedUntilMs = Math.max(state.lockedUntilMs, nowMs + ms);
    state.lockReason = reason;
  }

  #stick(key: string, id: string): void {
    if (!this.#sticky.has(key) && this.#sticky.size >= STICKY_MAX)
      this.#sticky.delete(this.#sticky.keys().next().value ?? '');
    this.#sticky.set(key, id);
  }
}

/** Never shorter than the natural reset (predecessor (d), custom caps). */
function capEndMs(cap: CustomCap, resetMs: number, nowMs: number): number {
  if (cap.coolDown.kind === 'offset') return resetMs + cap.coolDown.ms;
  if (cap.coolDown.kind === 'fixed') return Math.max(resetMs, nowMs + cap.coolDown.ms);
  return resetMs;
}
