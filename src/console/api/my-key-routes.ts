// Routes under /api/me/api-keys: list, create, change, rotate, revoke. Somebody else's key is simply not there.
import { z } from 'zod';
import { required } from '../../lib/assert.ts';
import { createKey } from '../../services/people/manage-keys.ts';
import { pageKeys } from '../../store/api-keys.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { cutPage, readCursor } from './cursor.ts';
import { oneKeyRoutes, readKeyFields } from './one-key-routes.ts';
import { defineRoute, type Route } from './route.ts';
import { createKeyBody, issuedKey, keyItem, pageCursor, pageLimit, showKey } from './schemas.ts';

const TAG = 'My API keys';
const KEYS = '/api/me/api-keys';

export const keyFilter = z.strictObject({
  limit: pageLimit,
  cursor: pageCursor,
  state: z.enum(['active', 'revoked', 'expired']).optional(),
  search: z.string().max(100).optional(),
});

export function myKeyRoutes(parts: ConsoleParts): Route[] {
  return [
    list(parts),
    create(parts),
    ...oneKeyRoutes(parts, {
      path: KEYS,
      access: 'user',
      tag: TAG,
      summaries: {
        update: 'Change name, expiry, models, addresses, tags or hang-up policy of my key',
        rotate: 'Make the successor of my key; the old one ends after the grace time',
        revoke: 'Revoke my key: the next request with it is refused',
      },
      ownerIdOf: (caller) => caller.userId,
    }),
  ];
}

function list(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'GET',
    path: KEYS,
    access: 'user',
    tag: TAG,
    summary: 'My API keys, newest first, revoked ones included',
    query: keyFilter,
    answer: z.object({ api_keys: z.array(keyItem), next_cursor: z.string().nullable() }),
    handle: async ({ query, ...input }) => {
      const { userId } = required(input.principal, 'the principal');
      const { limit, cursor, ...filter } = query;
      const nowMs = parts.clock.nowMs();
      const before = readCursor(cursor);
      const rows = await pageKeys(parts.store.read, { ...filter, userId, before, nowMs, limit: limit + 1 });
      const { page, nextCursor } = cutPage(rows, limit);
      return { api_keys: page.map(showKey), next_cursor: nextCursor };
    },
  });
}

function create(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: KEYS,
    access: 'user',
    tag: TAG,
    summary: 'Make an API key for me; the answer shows it once',
    body: createKeyBody,
    answer: issuedKey,
    failures: [400, 403],
    handle: async ({ body, visitor, ...input }) => {
      const principal = required(input.principal, 'the principal');
      const { row, token } = await createKey(parts, {
        principal,
        origin: visitor.origin,
        ownerId: principal.userId,
        name: body.name,
        fields: readKeyFields(body),
        scopes: body.scopes ?? ['use'],
      });
      return { ...showKey(row), token };
    },
  });
}
