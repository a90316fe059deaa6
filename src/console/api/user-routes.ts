// Routes under /api/admin/users: list, create, change, disable, enable, reset the password, end sessions.
import { z } from 'zod';
import { doerOf } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import { required } from '../../lib/assert.ts';
import {
  createAccount,
  resetAccountPassword,
  setAccountActive,
  updateAccount,
} from '../../services/people/accounts.ts';
import { findUserById, pageUsers } from '../../store/users.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { cutPage, readCursor } from './cursor.ts';
import { defineRoute, type Route, type RouteInput } from './route.ts';
import { idParams, okAnswer, pageCursor, pageLimit, role, showUser, userItem } from './schemas.ts';

const TAG = 'Users';
const USERS = '/api/admin/users';

export function userRoutes(parts: ConsoleParts): Route[] {
  const disable = { active: false, word: 'disable', summary: 'Disable: ends all sessions and keys at once' };
  const enable = { active: true, word: 'enable', summary: 'Enable again' };
  return [
    list(parts),
    create(parts),
    read(parts),
    update(parts),
    activity(parts, disable),
    activity(parts, enable),
    resetPassword(parts),
  ];
}

function list(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'GET',
    path: USERS,
    access: 'admin',
    tag: TAG,
    summary: 'All users, oldest first',
    query: z.strictObject({
      limit: pageLimit,
      cursor: pageCursor,
      role: role.optional(),
      is_active: z.enum(['true', 'false']).optional(),
      search: z.string().max(100).optional(),
    }),
    answer: z.object({ users: z.array(userItem), next_cursor: z.string().nullable() }),
    handle: async ({ query }) => {
      const { limit, cursor, is_active, ...filter } = query;
      const isActive = is_active === undefined ? undefined : is_active === 'true';
      const after = readCursor(cursor);
      const rows = await pageUsers(parts.store.read, { ...filter, isActive, after, limit: limit + 1 });
      const { page, nextCursor } = cutPage(rows, limit);
      return { users: page.map(showUser), next_cursor: nextCursor };
    },
  });
}

function create(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: USERS,
    access: 'admin',
    tag: TAG,
    summary: 'Create a user',
    body: z.strictObject({
      username: z.string().max(1000),
      password: z.string().max(2000),
      role: role.default('user'),
      is_active: z.boolean().default(true),
    }),
    answer: userItem,
    failures: [400, 409],
    handle: async ({ body, ...input }) => {
      const { username, password, role, is_active: isActive } = body;
      return showUser(
        await createAccount(parts, { doer: doer(input), account: { username, password, role, isActive } }),
      );
    },
  });
}

function read(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'GET',
    path: `${USERS}/{id}`,
    access: 'admin',
    tag: TAG,
    summary: 'One user',
    params: idParams,
    answer: userItem,
    failures: [404],
    handle: async ({ params }) => {
      const user = await findUserById(parts.store.read, params.id);
      if (!user) throw appError('object_not_found', { params: { what: 'User' } });
      return showUser(user);
    },
  });
}

function update(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'PATCH',
    path: `${USERS}/{id}`,
    access: 'admin',
    tag: TAG,
    summary: 'Change role or name; a new role ends the sessions of that user',
    params: idParams,
    body: z.strictObject({ role: role.optional(), username: z.string().max(1000).optional() }),
    answer: userItem,
    failures: [400, 404, 409],
    handle: async ({ params, body, ...input }) => {
      const { username, role } = body;
      return showUser(await updateAccount(parts, { doer: doer(input), userId: params.id, username, role }));
    },
  });
}

function activity(parts: ConsoleParts, kind: { active: boolean; word: string; summary: string }): Route {
  return defineRoute({
    method: 'POST',
    path: `${USERS}/{id}/${kind.word}`,
    access: 'admin',
    tag: TAG,
    summary: kind.summary,
    params: idParams,
    answer: okAnswer,
    failures: kind.active ? [404] : [400, 404, 409],
    handle: async ({ params, ...input }) => {
      await setAccountActive(parts, { doer: doer(input), userId: params.id, active: kind.active });
      return { ok: true as const };
    },
  });
}

function resetPassword(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: `${USERS}/{id}/reset-password`,
    access: 'admin',
    tag: TAG,
    summary: 'Set a password, or generate one, and end all sessions of that user',
    params: idParams,
    body: z.strictObject({ password: z.string().max(2000).nullable().optional() }),
    answer: z.object({ id: z.string(), username: z.string(), password: z.string() }),
    failures: [400, 404],
    handle: async ({ params, body, ...input }) => {
      const act = { doer: doer(input), userId: params.id, password: body.password ?? null };
      const { user, password } = await resetAccountPassword(parts, act);
      return { id: user.id, username: user.username, password };
    },
  });
}

function doer(input: Pick<RouteInput<unknown, unknown, unknown>, 'principal' | 'visitor'>) {
  return doerOf(required(input.principal, 'the principal'), input.visitor.origin);
}
