// Keys as the pages show them, made from rows of the store and the roll-ups of their use.

import type { Principal } from '../../core/principal.ts';
import { asArray, parseJson } from '../../lib/json.ts';
import type { KeyWithUsername } from '../../store/api-keys.ts';
import type { KeyRow } from './keys-pages.tsx';
import type { Counters } from './usage-model.ts';

export function keyRow(
  row: KeyWithUsername,
  facts: { readonly viewer: Principal; readonly usage: ReadonlyMap<string, Counters> },
): KeyRow {
  const isAdmin = facts.viewer.role === 'admin';
  return {
    id: row.id,
    name: row.name,
    prefix: row.token_prefix,
    owner: row.username,
    ownerHref: isAdmin ? `/ui/admin/users/${row.user_id}` : null,
    href: `/ui/keys/${row.id}`,
    createdMs: row.created_ms,
    expiresMs: row.expires_ms,
    revokedMs: row.revoked_ms,
    lastUsedMs: row.last_used_ms,
    models: listOf(row.models),
    addresses: listOf(row.addresses),
    scopes: listOf(row.scopes) ?? [],
    tags: listOf(row.tags) ?? [],
    onHangUp: row.on_hang_up,
    usage: facts.usage.get(row.id) ?? null,
  };
}

function listOf(text: string | null): readonly string[] | null {
  return text === null ? null : (asArray(parseJson(text)) ?? []).map(String);
}
