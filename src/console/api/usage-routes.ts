// Routes: usage of me, of one user and of the house, and POST /api/admin/usage/prune.
import { z } from 'zod';
import { doerOf } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import { required } from '../../lib/assert.ts';
import { pruneUsage } from '../../services/prune-usage.ts';
import { findUserById } from '../../store/users.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { defineRoute, type Route } from './route.ts';
import { idParams } from './schemas.ts';
import { usageEventRoute } from './usage-event-routes.ts';
import { type UsageView, usageViewRoutes } from './usage-views.ts';

export function usageRoutes(parts: ConsoleParts): Route[] {
  return [
    ...viewRoutes(parts, {
      path: '/api/me/usage',
      access: 'user',
      tag: 'My usage',
      dimensions: ['model', 'key', 'provider', 'tag'],
      subjectOf: async ({ principal }) => ({
        kind: 'user',
        value: required(principal, 'the principal').userId,
      }),
    }),
    ...viewRoutes(parts, {
      path: '/api/admin/users/{id}/usage',
      access: 'admin',
      tag: 'Usage of a user',
      dimensions: ['model', 'key', 'provider', 'tag'],
      params: idParams,
      subjectOf: async ({ params }) => {
        const { id } = params as z.output<typeof idParams>;
        if (!(await findUserById(parts.store.read, id))) {
          throw appError('object_not_found', { params: { what: 'User' } });
        }
        return { kind: 'user', value: id };
      },
    }),
    ...viewRoutes(parts, {
      path: '/api/admin/usage',
      access: 'admin',
      tag: 'Usage of all',
      dimensions: ['user', 'key', 'model', 'provider', 'tag'],
      subjectOf: async () => ({ kind: 'all' }),
    }),
    prune(parts),
  ];
}

function viewRoutes(parts: ConsoleParts, view: UsageView): Route[] {
  return [...usageViewRoutes(parts, view), usageEventRoute(parts, view)];
}

function prune(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/admin/usage/prune',
    access: 'admin',
    tag: 'Usage of all',
    summary: 'Delete usage events older than USAGE_RETENTION_DAYS now; daily totals stay',
    answer: z.object({ ok: z.literal(true), deleted: z.number().int(), retention_days: z.number().int() }),
    handle: async ({ principal, visitor }) => {
      const { retentionDays } = parts;
      const doer = doerOf(required(principal, 'the principal'), visitor.origin);
      const deleted = await pruneUsage(parts, { doer, retentionDays });
      return { ok: true as const, deleted, retention_days: retentionDays };
    },
  });
}
