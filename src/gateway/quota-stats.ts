// GET /v1/providers, and GET and POST /v1/quota-stats for admins, with the predecessor's field names.
import type { Actor } from '../core/actor.ts';
import { appError } from '../errors/app-error.ts';
import type { Clock } from '../lib/clock.ts';
import { asString, type JsonObject } from '../lib/json.ts';
import type { Pool } from '../upstream/pool/pool.ts';
import { quotaStats } from '../upstream/quota-stats.ts';
import { recheckCredentials } from '../upstream/recheck-credentials.ts';

export interface QuotaDeps {
  readonly pool: Pick<Pool, 'pools' | 'provider' | 'wake'>;
  readonly clock: Clock;
  /** Reads stored credentials anew. */
  readonly reloadCredentials: () => Promise<void>;
}

/** What is configured, never what could be (the predecessor's E17). */
export function listProviders(pool: Pick<Pool, 'pools'>): readonly string[] {
  return pool.pools().map(({ spec }) => spec.name);
}

/** Throws AppError `admin_required` for others than admins, `invalid_request` for a provider that is not there. */
export function readQuotaStats(actor: Actor, query: string, deps: QuotaDeps): JsonObject {
  requireAdmin(actor);
  const provider = new URLSearchParams(query).get('provider');
  return statsFor(provider === null || provider === '' ? null : provider, deps);
}

interface RefreshOrder {
  readonly action: 'reload' | 'force_refresh';
  readonly scope: 'all' | 'provider' | 'credential';
  readonly provider: string | null;
  readonly credential: string | null;
}

/** `force_refresh` asks providers whether their keys work; it costs no tokens. */
export async function refreshQuotaStats(
  actor: Actor,
  body: JsonObject,
  deps: QuotaDeps,
): Promise<JsonObject> {
  requireAdmin(actor);
  const order = readOrder(body);
  const startedMs = deps.clock.monotonicMs();
  const provider = order.provider === null ? null : specName(order.provider, deps);
  const outcome = order.action === 'reload' ? await reload(deps) : await check(order, provider, deps);
  const { action, scope, credential } = order;
  return {
    ...statsFor(provider, deps),
    data_source: 'refreshed',
    refresh_result: {
      action,
      scope,
      provider,
      credential,
      duration_ms: Math.round(deps.clock.monotonicMs() - startedMs),
      ...outcome,
    },
  };
}

async function reload(deps: QuotaDeps): Promise<JsonObject> {
  await deps.reloadCredentials();
  return { success: true, message: 'Provider keys read anew.' };
}

async function check(order: RefreshOrder, provider: string | null, deps: QuotaDeps): Promise<JsonObject> {
  const { pool, clock } = deps;
  const result = await recheckCredentials({
    pool,
    clock,
    only: (each, state) =>
      (provider === null || each.spec.name === provider) &&
      (order.credential === null || state.credential.id === order.credential),
  });
  if (order.credential !== null && result.checked === 0)
    throw bad('credential', `There is no provider key '${order.credential.slice(0, 64)}'.`);
  return {
    success: result.errors.length === 0,
    credentials_refreshed: result.checked,
    success_count: result.checked - result.errors.length,
    failed_count: result.errors.length,
    errors: [...result.errors],
  };
}

function readOrder(body: JsonObject): RefreshOrder {
  const action = body.action ?? 'reload';
  const scope = body.scope ?? 'all';
  if (action !== 'reload' && action !== 'force_refresh')
    throw bad('action', "'action' must be 'reload' or 'force_refresh'.");
  if (scope !== 'all' && scope !== 'provider' && scope !== 'credential')
    throw bad('scope', "'scope' must be 'all', 'provider' or 'credential'.");
  const provider = asString(body.provider);
  const credential = asString(body.credential);
  if (scope !== 'all' && provider === null)
    throw bad('provider', `'provider' is required for scope '${scope}'.`);
  if (scope === 'credential' && credential === null)
    throw bad('credential', "'credential' is required for scope 'credential'.");
  return {
    action,
    scope,
    provider: scope === 'all' ? null : provider,
    credential: scope === 'credential' ? credential : null,
  };
}

function statsFor(provider: string | null, deps: QuotaDeps): JsonObject {
  const { pool, clock } = deps;
  const at = { nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
  return quotaStats(pool.pools(), at, provider === null ? null : specName(provider, deps));
}

function specName(provider: string, { pool }: QuotaDeps): string {
  const spec = pool.provider(provider);
  if (!spec) throw bad('provider', `There is no provider '${provider.slice(0, 64)}' here.`);
  return spec.name;
}

function requireAdmin(actor: Actor): void {
  if (actor.role !== 'admin') throw appError('admin_required');
}

function bad(param: string, detail: string) {
  return appError('invalid_request', { params: { detail }, param });
}
