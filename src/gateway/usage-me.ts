// GET /v1/usage/me: what is left to the key that asks.
import type { Actor } from '../core/actor.ts';
import { isBudget, type LimitKind } from '../core/limits/limit.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Limiter, LimitState } from '../limits/limiter.ts';

export function usageOfActor(actor: Actor, limiter: Pick<Limiter, 'statesOf'>): JsonObject {
  const states = limiter.statesOf({ userId: actor.userId, keyId: actor.keyId });
  return {
    object: 'usage',
    user: actor.name,
    limits: states.map((state) => shape(state, actor.role === 'admin')),
  };
}

const UNITS: Readonly<Record<LimitKind, string>> = {
  requests_per_minute: 'requests',
  tokens_per_minute: 'tokens',
  concurrent_requests: 'requests',
  budget_money: 'nano_usd',
  budget_tokens: 'tokens',
};

/** What the whole house has spent is the admins' business; its limits are everybody's. */
function shape(
  { limit, amount, used, reserved, remaining, resetsMs }: LimitState,
  isAdmin: boolean,
): JsonObject {
  const shown = limit.scope !== 'house' || isAdmin;
  return {
    scope: limit.scope,
    kind: limit.kind,
    unit: UNITS[limit.kind],
    limit: amount,
    used: shown ? used : null,
    reserved: shown ? reserved : null,
    remaining: shown ? remaining : null,
    ...(isBudget(limit.kind) && {
      period: limit.period,
      time_zone: limit.timeZone,
      resets_at: resetsMs === null ? null : new Date(resetsMs).toISOString(),
    }),
  };
}
