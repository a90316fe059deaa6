// How a limit and its state read in the JSON API.
import { z } from 'zod';
import type { Role } from '../../core/actor.ts';
import { BUDGET_PERIODS } from '../../core/limits/budget-period.ts';
import { LIMIT_KINDS, LIMIT_SCOPES } from '../../core/limits/limit.ts';
import type { LimitState } from '../../limits/limiter.ts';
import { isoTimeOrNull, time } from './schemas.ts';

export const limitItem = z
  .object({
    id: z.string(),
    scope: z.enum(LIMIT_SCOPES),
    scope_id: z.string().nullable(),
    kind: z.enum(LIMIT_KINDS),
    period: z.enum(BUDGET_PERIODS).nullable(),
    time_zone: z.string(),
    /** Requests, tokens, or nano-dollars for `budget_money`. */
    amount: z.number(),
    /** The amount in force now: a temporary raise included. */
    amount_in_force: z.number(),
    raised_amount: z.number().nullable(),
    raised_until: time.nullable(),
    warn_percent: z.number().nullable(),
    allow_unpriced: z.boolean(),
    used: z.number().nullable(),
    reserved: z.number().nullable(),
    remaining: z.number().nullable(),
    resets_at: time.nullable(),
  })
  .meta({ id: 'Limit' });

export function showState(state: LimitState): z.input<typeof limitItem> {
  const { limit } = state;
  return {
    id: limit.id,
    scope: limit.scope,
    scope_id: limit.scopeId,
    kind: limit.kind,
    period: limit.period,
    time_zone: limit.timeZone,
    amount: limit.amount,
    amount_in_force: state.amount,
    raised_amount: limit.raisedAmount,
    raised_until: isoTimeOrNull(limit.raisedUntilMs),
    warn_percent: limit.warnPercent,
    allow_unpriced: limit.allowUnpriced,
    used: state.used,
    reserved: state.reserved,
    remaining: state.remaining,
    resets_at: isoTimeOrNull(state.resetsMs),
  };
}

/** What the whole house has used is the business of admins. */
export function shownFor(state: LimitState, role: Role): z.input<typeof limitItem> {
  const shown = showState(state);
  if (state.limit.scope !== 'house' || role === 'admin') return shown;
  return { ...shown, used: null, reserved: null, remaining: null };
}
