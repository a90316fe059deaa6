// Routes of limits: /api/me/limits, /api/admin/limits and its acts, the monthly report, and a user's own lists.
import { z } from 'zod';
import { BUDGET_PERIODS } from '../../core/limits/budget-period.ts';
import { LIMIT_KINDS, LIMIT_SCOPES } from '../../core/limits/limit.ts';
import { doerOf } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import { required } from '../../lib/assert.ts';
import { limitReport, monthSpan } from '../../services/limits/limit-report.ts';
import { raiseLimit, removeLimit, setLimit } from '../../services/limits/manage-limits.ts';
import { restrictUser } from '../../services/limits/restrict-user.ts';
import { listKeysOfUser } from '../../store/api-keys.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { limitItem, shownFor, showState } from './limit-shapes.ts';
import { defineRoute, type Route, type RouteInput } from './route.ts';
import { idParams, isoTime, okAnswer, time } from './schemas.ts';

const TAG = 'Limits';
const LIMITS = '/api/admin/limits';

export function limitRoutes(parts: ConsoleParts): Route[] {
  return [mine(parts), list(parts), set(parts), raise(parts), remove(parts), report(parts), access(parts)];
}

function mine(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/me/limits',
    access: 'user',
    tag: TAG,
    summary: 'What binds me and my keys, and what is left; what the whole house has used is left out',
    answer: z.object({ limits: z.array(limitItem) }),
    handle: async ({ principal }) => {
      const me = required(principal, 'the principal');
      const keys = await listKeysOfUser(parts.store.read, me.userId);
      const bound = new Set<string | null>([null, me.userId, ...keys.map(({ id }) => id)]);
      const states = (await parts.limits.states()).filter(({ limit }) => bound.has(limit.scopeId));
      return { limits: states.map((state) => shownFor(state, me.role)) };
    },
  });
}

function list(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'GET',
    path: LIMITS,
    access: 'admin',
    tag: TAG,
    summary: 'All limits as they stand',
    query: z.strictObject({
      scope: z.enum(LIMIT_SCOPES).optional(),
      scope_id: z.string().max(64).optional(),
    }),
    answer: z.object({ limits: z.array(limitItem) }),
    handle: async ({ query }) => {
      const states = (await parts.limits.states()).filter(
        ({ limit }) =>
          (query.scope === undefined || limit.scope === query.scope) &&
          (query.scope_id === undefined || limit.scopeId === query.scope_id),
      );
      return { limits: states.map(showState) };
    },
  });
}

function set(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'PUT',
    path: LIMITS,
    access: 'admin',
    tag: TAG,
    summary: 'Set a limit, or change the one of the same owner, kind and period; what is left out stays',
    body: z.strictObject({
      scope: z.enum(LIMIT_SCOPES),
      scope_id: z.string().max(64).nullable().default(null),
      kind: z.enum(LIMIT_KINDS),
      period: z.enum(BUDGET_PERIODS).nullable().default(null),
      amount: z.number().meta({ description: 'Requests, tokens, or nano-dollars for budget_money' }),
      time_zone: z.string().max(64).optional(),
      warn_percent: z.number().nullable().optional(),
      allow_unpriced: z.boolean().optional(),
    }),
    answer: limitItem,
    failures: [404],
    handle: async ({ body, ...input }) => {
      const request = {
        scope: body.scope,
        scopeId: body.scope_id,
        kind: body.kind,
        period: body.period,
        amount: body.amount,
        timeZone: body.time_zone,
        warnPercent: body.warn_percent,
        allowUnpriced: body.allow_unpriced,
      };
      const { id } = await setLimit(parts, request, doer(input));
      return showOne(parts, id);
    },
  });
}

function raise(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: `${LIMITS}/{id}/raise`,
    access: 'admin',
    tag: TAG,
    summary: 'A higher amount until a time; it ends by itself',
    params: idParams,
    body: z.strictObject({ amount: z.number(), until: time }),
    answer: limitItem,
    failures: [404],
    handle: async ({ params, body, ...input }) => {
      const request = { id: params.id, amount: body.amount, untilMs: Date.parse(body.until) };
      await raiseLimit(parts, request, doer(input));
      return showOne(parts, params.id);
    },
  });
}

function remove(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'DELETE',
    path: `${LIMITS}/{id}`,
    access: 'admin',
    tag: TAG,
    summary: 'Remove a limit',
    params: idParams,
    answer: okAnswer,
    failures: [404],
    handle: async ({ params, ...input }) => {
      await removeLimit(parts, params.id, doer(input));
      await parts.limits.reload();
      return { ok: true as const };
    },
  });
}

function report(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'GET',
    path: `${LIMITS}/report`,
    access: 'admin',
    tag: TAG,
    summary: 'Which limits somebody came near in a month, and how often they refused',
    query: z.strictObject({
      month: z
        .string()
        .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'a year and a month such as 2026-11')
        .optional(),
      near_percent: z.coerce.number().min(0).max(1_000).default(80),
    }),
    answer: z.object({
      month: z.string(),
      limits: z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          scope: z.enum(LIMIT_SCOPES).nullable(),
          scope_id: z.string().nullable(),
          peak_percent: z.number(),
          refusals: z.number(),
        }),
      ),
    }),
    handle: async ({ query }) => {
      const month = query.month ?? isoTime(parts.clock.nowMs()).slice(0, 7);
      const span = required(monthSpan(month), 'a month that the schema let through');
      const rows = await limitReport(parts.store, { ...span, nearPercent: query.near_percent });
      return {
        month,
        limits: rows.map(({ limitId, limit, name, peakPercent, refusals }) => ({
          id: limitId,
          name,
          scope: limit?.scope ?? null,
          scope_id: limit?.scopeId ?? null,
          peak_percent: peakPercent,
          refusals,
        })),
      };
    },
  });
}

function access(parts: ConsoleParts): Route {
  const list = z.array(z.string().max(1_000)).max(1_000).nullable().optional();
  return defineRoute({
    method: 'PATCH',
    path: '/api/admin/users/{id}/access',
    access: 'admin',
    tag: TAG,
    summary: 'Models and addresses of all keys of a user; null for all, a leading ! denies, a deny wins',
    params: idParams,
    body: z.strictObject({ models: list, addresses: list }),
    answer: okAnswer,
    failures: [404],
    handle: async ({ params, body, ...input }) => {
      await restrictUser(parts, { userId: params.id, ...body }, doer(input));
      await parts.reloadKeys();
      return { ok: true as const };
    },
  });
}

/** As it stands, once the server has put it in force. */
async function showOne(parts: ConsoleParts, id: string) {
  await parts.limits.reload();
  const state = (await parts.limits.states()).find(({ limit }) => limit.id === id);
  if (!state) throw appError('object_not_found', { params: { what: 'Limit' } });
  return showState(state);
}

function doer(input: Pick<RouteInput<unknown, unknown, unknown>, 'principal' | 'visitor'>) {
  return doerOf(required(input.principal, 'the principal'), input.visitor.origin);
}
