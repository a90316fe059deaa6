// What can be done to one API key: change, rotate, revoke. The same for one's own keys as for anybody's, but for whose are found.
import type { z } from 'zod';
import type { Principal } from '../../core/principal.ts';
import { required } from '../../lib/assert.ts';
import {
  type KeyFields,
  type KeyTarget,
  revokeKey,
  rotateKey,
  updateKeyFields,
} from '../../services/people/manage-keys.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { defineRoute, type Route } from './route.ts';
import { idParams, issuedKey, keyItem, okAnswer, rotateKeyBody, showKey, updateKeyBody } from './schemas.ts';

export interface KeyGroup {
  /** Path of the list; a key stands below it by its id. */
  readonly path: string;
  readonly access: 'admin' | 'user';
  readonly tag: string;
  readonly summaries: Readonly<Record<'update' | 'rotate' | 'revoke', string>>;
  /** Whose keys are found: anybody else's is simply not there. Null for all. */
  readonly ownerIdOf: (caller: Principal) => string | null;
}

export function oneKeyRoutes(parts: ConsoleParts, group: KeyGroup): Route[] {
  return [update(parts, group), rotate(parts, group), revoke(parts, group)];
}

function update(parts: ConsoleParts, group: KeyGroup): Route {
  return defineRoute({
    method: 'PATCH',
    path: `${group.path}/{id}`,
    access: group.access,
    tag: group.tag,
    summary: group.summaries.update,
    params: idParams,
    body: updateKeyBody,
    answer: keyItem,
    failures: [400, 404],
    handle: async ({ params, body, visitor, ...input }) => {
      const principal = required(input.principal, 'the principal');
      const target = targetOf(group, params.id, principal);
      const fields = readKeyFields(body);
      return showKey(await updateKeyFields(parts, { principal, origin: visitor.origin, target, fields }));
    },
  });
}

function rotate(parts: ConsoleParts, group: KeyGroup): Route {
  return defineRoute({
    method: 'POST',
    path: `${group.path}/{id}/rotate`,
    access: group.access,
    tag: group.tag,
    summary: group.summaries.rotate,
    params: idParams,
    body: rotateKeyBody,
    bodyOptional: true,
    answer: issuedKey,
    failures: [400, 404],
    handle: async ({ params, body, visitor, ...input }) => {
      const principal = required(input.principal, 'the principal');
      const target = targetOf(group, params.id, principal);
      const graceMs = body.grace_seconds * 1000;
      const { row, token } = await rotateKey(parts, { principal, origin: visitor.origin, target, graceMs });
      return { ...showKey(row), token };
    },
  });
}

function revoke(parts: ConsoleParts, group: KeyGroup): Route {
  return defineRoute({
    method: 'DELETE',
    path: `${group.path}/{id}`,
    access: group.access,
    tag: group.tag,
    summary: group.summaries.revoke,
    params: idParams,
    answer: okAnswer,
    failures: [404],
    handle: async ({ params, visitor, ...input }) => {
      const principal = required(input.principal, 'the principal');
      const target = targetOf(group, params.id, principal);
      await revokeKey(parts, { principal, origin: visitor.origin, target });
      return { ok: true as const };
    },
  });
}

function targetOf(group: KeyGroup, keyId: string, caller: Principal): KeyTarget {
  return { keyId, ownerId: group.ownerIdOf(caller) };
}

/** The fields of a body as the service names them; what is absent stays absent. */
export function readKeyFields(body: z.output<typeof updateKeyBody>): KeyFields {
  const { expires_at, models, addresses, tags, on_hang_up, name } = body;
  const expiresMs = expires_at === undefined || expires_at === null ? expires_at : Date.parse(expires_at);
  return { name, expiresMs, models, addresses, tags, onHangUp: on_hang_up };
}
