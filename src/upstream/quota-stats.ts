// The pool as GET /v1/quota-stats tells it, with the predecessor's field names. Pure.
// Where the predecessor gave a provider's key in clear (`full_path`, E28), this gives the name people know it by.
import { FAILURE_RULES } from '../core/failure-rules.ts';
import type { JsonObject } from '../lib/json.ts';
import { maskSecret } from '../lib/redact-text.ts';
import type { CredentialState, ScopeState, Tally } from './pool/credential-state.ts';
import { windowRequests } from './pool/credential-state.ts';
import { USAGE_WINDOW_MS } from './pool/pool-settings.ts';
import type { ProviderPool } from './pool/provider-pool.ts';
import { PRIORITY_DEFAULT } from './providers/provider-spec.ts';

const NANO_PER_USD = 1e9;

export interface QuotaMoment {
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** `provider` narrows to one; providers without any request are left out, as the predecessor did. */
export function quotaStats(
  pools: readonly ProviderPool[],
  at: QuotaMoment,
  provider: string | null,
): JsonObject {
  const shown = pools.filter(
    (pool) =>
      (provider === null || pool.spec.name === provider) &&
      pool.states.some((state) => state.tally.requests > 0),
  );
  const states = shown.flatMap((pool) => pool.states);
  const exhausted = shown.flatMap((pool) =>
    pool.states.filter((state) => statusOf(pool, state, at) === 'exhausted'),
  );
  const total = sum(states.map((state) => state.tally));
  return {
    providers: Object.fromEntries(shown.map((pool) => [pool.spec.name, providerStats(pool, at)])),
    summary: {
      total_providers: shown.length,
      total_credentials: states.length,
      active_credentials: states.length - exhausted.length,
      exhausted_credentials: exhausted.length,
      total_requests: total.requests,
      tokens: tokens(total),
      approx_total_cost: total.costNanoUsd / NANO_PER_USD,
    },
    data_source: 'cache',
    timestamp: at.nowMs / 1000,
  };
}

function providerStats(pool: ProviderPool, at: QuotaMoment): JsonObject {
  const total = sum(pool.states.map((state) => state.tally));
  const statuses = pool.states.map((state) => statusOf(pool, state, at));
  return {
    provider: pool.spec.name,
    credential_count: pool.states.length,
    rotation_mode: pool.settings.mode,
    active_count: statuses.filter((status) => status === 'active' || status === 'mixed').length,
    exhausted_count: statuses.filter((status) => status === 'exhausted').length,
    total_requests: total.requests,
    tokens: tokens(total),
    approx_cost: total.costNanoUsd / NANO_PER_USD,
    quota_groups: quotaGroups(pool, at),
    credentials: Object.fromEntries(
      pool.states.map((state) => [state.credential.id, credentialStats(pool, state, at)]),
    ),
  };
}

function quotaGroups(pool: ProviderPool, at: QuotaMoment): JsonObject {
  const groups = new Map<string, string[]>();
  for (const [model, group] of pool.settings.groupOf)
    groups.set(group, [...(groups.get(group) ?? []), model]);
  return Object.fromEntries(
    [...groups].map(([group, models]) => {
      const resting = pool.states.filter((state) => pool.waitMs(state, group, at.monotonicMs) > 0).length;
      return [
        group,
        { models, total: pool.states.length, active: pool.states.length - resting, exhausted: resting },
      ];
    }),
  );
}

function credentialStats(pool: ProviderPool, state: CredentialState, at: QuotaMoment): JsonObject {
  const { credential } = state;
  const groups = new Set(pool.settings.groupOf.values());
  const scopes = [...state.scopes.values()];
  return {
    stable_id: credential.id,
    accessor_masked: maskSecret(credential.secret),
    full_path: credential.label,
    identifier: credential.label,
    email: null,
    tier: null,
    priority: credential.priority === PRIORITY_DEFAULT ? null : credential.priority,
    active_requests: state.inFlight,
    status: statusOf(pool, state, at),
    totals: totals(state.tally),
    model_usage: usageOf(
      scopes.filter((scope) => !groups.has(scope.key)),
      at,
    ),
    group_usage: usageOf(
      scopes.filter((scope) => groups.has(scope.key)),
      at,
    ),
    cooldowns: cooldowns(state, scopes, at),
    fair_cycle: Object.fromEntries(
      scopes
        .filter((scope) => pool.sitsOut(state, scope.key, at.monotonicMs))
        .map((scope) => [
          scope.key,
          { exhausted: true, cycle_request_count: windowRequests(scope, at.monotonicMs) },
        ]),
    ),
  };
}

/** `mixed`: some of its models rest and some do not. `exhausted`: none can be used for a long while, or it is off. */
function statusOf(pool: ProviderPool, state: CredentialState, at: QuotaMoment): string {
  const now = at.monotonicMs;
  const refused = state.lockReason !== null && FAILURE_RULES[state.lockReason].cools === 'quarantine';
  const lockMs = state.lockedUntilMs - now;
  if (state.disabled || lockMs >= pool.settings.exhaustionMs || (lockMs > 0 && refused)) return 'exhausted';
  if (state.lockedUntilMs > now) return 'cooldown';
  const waits = [...state.scopes.keys()].map((key) => pool.waitMs(state, key, now));
  const resting = waits.filter((wait) => wait > 0);
  if (resting.length === 0) return 'active';
  if (resting.length < waits.length) return 'mixed';
  return Math.min(...resting) >= pool.settings.exhaustionMs ? 'exhausted' : 'cooldown';
}

function usageOf(scopes: readonly ScopeState[], at: QuotaMoment): JsonObject {
  return Object.fromEntries(
    scopes.map((scope) => {
      const began = scope.windowSinceMs;
      const wall = (ms: number) => (at.nowMs + ms - at.monotonicMs) / 1000;
      const window = {
        request_count: windowRequests(scope, at.monotonicMs),
        started_at: began === null ? null : wall(began),
        reset_at: began === null ? null : wall(began + USAGE_WINDOW_MS),
      };
      return [scope.key, { windows: { daily: window }, totals: totals(scope.tally) }];
    }),
  );
}

function cooldowns(state: CredentialState, scopes: readonly ScopeState[], at: QuotaMoment): JsonObject {
  const entries: [string, JsonObject][] = [];
  const add = (key: string, reason: string, untilMs: number, source: string) => {
    const leftMs = untilMs - at.monotonicMs;
    if (leftMs > 0) entries.push([key, { reason, remaining_seconds: Math.ceil(leftMs / 1000), source }]);
  };
  add('_global_', state.lockReason ?? 'unknown', state.lockedUntilMs, 'system');
  for (const scope of scopes) {
    if (scope.rest)
      add(scope.key, scope.rest.reason, scope.rest.untilMs, scope.rest.hinted ? 'provider' : 'system');
    add(scope.key, 'custom_cap', scope.cappedUntilMs, 'custom_cap');
  }
  return Object.fromEntries(entries);
}

function totals(tally: Tally): JsonObject {
  return {
    request_count: tally.requests,
    success_count: tally.successes,
    failure_count: tally.failures,
    tokens: tokens(tally),
    approx_cost: tally.costNanoUsd / NANO_PER_USD,
  };
}

function tokens(tally: Tally): JsonObject {
  const input = tally.inputCached + tally.inputUncached;
  return {
    input_cached: tally.inputCached,
    input_uncached: tally.inputUncached,
    input_cache_pct: input === 0 ? 0 : Math.round((1_000 * tally.inputCached) / input) / 10,
    output: tally.output,
  };
}

function sum(tallies: readonly Tally[]): Tally {
  const total = {
    requests: 0,
    successes: 0,
    failures: 0,
    inputCached: 0,
    inputUncached: 0,
    output: 0,
    costNanoUsd: 0,
  };
  for (const tally of tallies)
    for (const name of Object.keys(total) as (keyof Tally)[]) total[name] += tally[name];
  return total;
}
