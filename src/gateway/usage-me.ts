// GET /v1/usage/me: what the key that asks has used, and what is left to it. ?days= and ?time_zone= shape the second span.
import type { Actor } from '../core/actor.ts';
import { isTimeZone } from '../core/limits/budget-period.ts';
import { isBudget, type LimitKind } from '../core/limits/limit.ts';
import { NANO_USD_PER_USD } from '../core/price.ts';
import { lastDays } from '../core/time-zone.ts';
import { appError } from '../errors/app-error.ts';
import type { Clock } from '../lib/clock.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Limiter, LimitState } from '../limits/limiter.ts';
import type { UsageQuestion, UsageTotals } from '../store/usage-reading.ts';

export interface UsageMeDeps {
  readonly limiter: Pick<Limiter, 'statesOf'>;
  /** Reads the roll-ups: stored usage, which is at most a moment behind. */
  readonly usageTotals: (question: UsageQuestion) => Promise<UsageTotals>;
  readonly clock: Clock;
}

const DAYS_DEFAULT = 30;
const DAYS_MAX = 365;

export async function usageOfActor(actor: Actor, query: string, deps: UsageMeDeps): Promise<JsonObject> {
  const { days, timeZone } = readSpan(query);
  const nowMs = deps.clock.nowMs();
  // The master key's rows have no key.
  const subject = { kind: 'key', value: actor.keyId ?? '' } as const;
  const [today, span] = await Promise.all([
    deps.usageTotals({ subject, ...lastDays(timeZone, nowMs, 1) }),
    deps.usageTotals({ subject, ...lastDays(timeZone, nowMs, days) }),
  ]);
  const states = deps.limiter.statesOf({ userId: actor.userId, keyId: actor.keyId });
  return {
    object: 'usage',
    user: actor.name,
    time_zone: timeZone,
    today: totalsShape(today),
    days,
    last_days: totalsShape(span),
    limits: states.map((state) => shape(state, actor.role === 'admin')),
  };
}

/** Throws AppError `invalid_request` for a span that cannot be read. */
function readSpan(query: string): { days: number; timeZone: string } {
  const asked = new URLSearchParams(query);
  const days = Number(asked.get('days') ?? DAYS_DEFAULT);
  const timeZone = asked.get('time_zone') ?? 'UTC';
  const wrong = (param: string, detail: string) => appError('invalid_request', { params: { detail }, param });
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MAX)
    throw wrong('days', `'days' must be a whole number from 1 to ${DAYS_MAX}.`);
  if (!isTimeZone(timeZone))
    throw wrong('time_zone', `'time_zone' must be an IANA name such as Europe/Berlin.`);
  return { days, timeZone };
}

function totalsShape(totals: UsageTotals): JsonObject {
  return {
    requests: totals.requests,
    failed: totals.failed,
    prompt_tokens: totals.prompt_tokens,
    completion_tokens: totals.completion_tokens,
    total_tokens: totals.prompt_tokens + totals.completion_tokens,
    cached_tokens: totals.cached_tokens,
    reasoning_tokens: totals.reasoning_tokens,
    cost_usd: totals.cost_nano_usd / NANO_USD_PER_USD,
    unpriced_requests: totals.unpriced,
    estimated_requests: totals.estimated,
    unknown_requests: totals.unknown,
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
