// Routes under /api/admin for everybody's keys: list, create for a user, change, rotate, revoke.
import { z } from 'zod';
import { required } from '../../lib/assert.ts';
import { createKey } from '../../services/people/manage-keys.ts';
import { pageKeys } from '../../store/api-keys.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { cutPage, readCursor } from './cursor.ts';
import { keyFilter } from './my-key-routes.ts';
import { oneKeyRoutes, readKeyFields } from './one-key-routes.ts';
import { defineRoute, type Route } from './route.ts';
import { createKeyBody, idParams, issuedKey, ownedKeyItem, showKey, showOwnedKey } from './schemas.ts';

const TAG = 'API keys of all';
const KEYS = '/api/admin/api-keys';

export function keyRoutes(parts: ConsoleParts): Route[] {
  return [
    list(parts),
    create(parts),
    ...oneKeyRoutes(parts, {
      path: KEYS,
      access: 'admin',
      tag: TAG,
      summaries: {
        update: 'Change the fields of any key',
        rotate: 'Make the successor of any key',
        revoke: 'Revoke any key',
      },
      ownerIdOf: () => null,
    }),
  ];
}

function list(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'GET',
    path: KEYS,
    access: 'admin',
    tag: TAG,
    summary: 'The API keys of all users, newest first',
    query: keyFilter.extend({ user_id: z.string().max(64).optional() }),
    answer: z.object({ api_keys: z.array(ownedKeyItem), next_cursor: z.string().nullable() }),
    handle: async ({ query }) => {
      const { limit, cursor, user_id: userId, ...filter } = query;
      const nowMs = parts.clock.nowMs();
      const before = readCursor(cursor);
      const rows = await pageKeys(parts.store.read, { ...filter, userId, before, nowMs, limit: limit + 1 });
      const { page, nextCursor } = cutPage(rows, limit);
      return { api_keys: page.map(showOwnedKey), next_cursor: nextCursor };
    },
  });
}

function create(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/admin/users/{id}/api-keys',
    access: 'admin',
    tag: TAG,
    summary: 'Make an API key for a user; the answer shows it once',
    params: idParams,
    body: createKeyBody,
    answer: issuedKey,
    failures: [400, 404],
    handle: async ({ params, body, visitor, ...input }) => {
      const { row, token } = await createKey(parts, {
        principal: required(input.principal, 'the principal'),
        origin: visitor.origin,
        ownerId: params.id,
        name: body.name,
        fields: readKeyFields(body),
        scopes: body.scopes ?? ['use'],
      });
      return { ...showKey(row), token };
    },
  });
}
