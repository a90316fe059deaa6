// Routes under /api/me/api-keys: list, create, change, rotate, revoke. Somebody else's key is simply not there.
import { z } from 'zod';
import { required } from '../../lib/assert.ts';
import {
  createKey,
  type KeyFields,
  revokeKey,
  rotateKey,
  updateKeyFields,
} from '../../services/people/manage-keys.ts';
import { pageKeys } from '../../store/api-keys.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { cutPage, readCursor } from './cursor.ts';
import { defineRoute, type Route } from './route.ts';
import {
  createKeyBody,
  idParams,
  issuedKey,
  keyItem,
  okAnswer,
  pageCursor,
  pageLimit,
  rotateKeyBody,
  showKey,
  updateKeyBody,
} from './schemas.ts';

const TAG = 'My API keys';
const KEYS = '/api/me/api-keys';

export const keyFilter = z.strictObject({
  limit: pageLimit,
  cursor: pageCursor,
  state: z.enum(['active', 'revoked', 'expired']).optional(),
  search: z.string().max(100).optional(),
});

export function myKeyRoutes(parts: ConsoleParts): Route[] {
  return [list(parts), create(parts), update(parts), rotate(parts), revoke(parts)];
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

function update(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'PATCH',
    path: `${KEYS}/{id}`,
    access: 'user',
    tag: TAG,
    summary: 'Change name, expiry, models, addresses, tags or hang-up policy of my key',
    params: idParams,
    body: updateKeyBody,
    answer: keyItem,
    failures: [400, 404],
    handle: async ({ params, body, visitor, ...input }) => {
      const principal = required(input.principal, 'the principal');
      const target = { keyId: params.id, ownerId: principal.userId };
      const fields = readKeyFields(body);
      return showKey(await updateKeyFields(parts, { principal, origin: visitor.origin, target, fields }));
    },
  });
}

function rotate(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'POST',
    path: `${KEYS}/{id}/rotate`,
    access: 'user',
    tag: TAG,
    summary: 'Make the successor of my key; the old one ends after the grace time',
    params: idParams,
    body: rotateKeyBody,
    bodyOptional: true,
    answer: issuedKey,
    failures: [400, 404],
    handle: async ({ params, body, visitor, ...input }) => {
      const principal = required(input.principal, 'the principal');
      const target = { keyId: params.id, ownerId: principal.userId };
      const graceMs = body.grace_seconds * 1000;
      const { row, token } = await rotateKey(parts, { principal, origin: visitor.origin, target, graceMs });
      return { ...showKey(row), token };
    },
  });
}

function revoke(parts: ConsoleParts): Route {
  return defineRoute({
    method: 'DELETE',
    path: `${KEYS}/{id}`,
    access: 'user',
    tag: TAG,
    summary: 'Revoke my key: the next request with it is refused',
    params: idParams,
    answer: okAnswer,
    failures: [404],
    handle: async ({ params, visitor, ...input }) => {
      const principal = required(input.principal, 'the principal');
      const target = { keyId: params.id, ownerId: principal.userId };
      await revokeKey(parts, { principal, origin: visitor.origin, target });
      return { ok: true as const };
    },
  });
}

/** The fields of a body as the service names them; what is absent stays absent. */
export function readKeyFields(body: z.output<typeof updateKeyBody>): KeyFields {
  const { expires_at, models, addresses, tags, on_hang_up, name } = body;
  const expiresMs = expires_at === undefined || expires_at === null ? expires_at : Date.parse(expires_at);
  return { name, expiresMs, models, addresses, tags, onHangUp: on_hang_up };
}
