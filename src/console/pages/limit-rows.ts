// Limits as rows of a table: states joined with the names of their owners.
import type { LimitState } from '../../limits/limiter.ts';
import { namesOfKeys } from '../../store/api-keys.ts';
import { namesOfUsers } from '../../store/users.ts';
import type { ConsoleParts } from '../console-parts.ts';
import type { LimitRow } from './limits-table.tsx';

/** `mayChange`: the reader is an admin on an admin's page. */
export async function limitRows(
  parts: Pick<ConsoleParts, 'store'>,
  states: readonly LimitState[],
  mayChange: boolean,
): Promise<LimitRow[]> {
  const idsOf = (scope: 'user' | 'key') =>
    states.flatMap(({ limit }) => (limit.scope === scope && limit.scopeId !== null ? [limit.scopeId] : []));
  const [users, keys] = await Promise.all([
    namesOfUsers(parts.store.read, [...new Set(idsOf('user'))]),
    namesOfKeys(parts.store.read, [...new Set(idsOf('key'))]),
  ]);
  return states.map((state) => {
    const { id, scope, scopeId } = state.limit;
    const name = scope === 'user' ? users.get(scopeId ?? '') : `Key ${keys.get(scopeId ?? '') ?? scopeId}`;
    return {
      state,
      owner: scope === 'house' ? null : (name ?? scopeId),
      href: mayChange ? `/ui/admin/limits/${id}` : null,
      showsUse: mayChange || scope !== 'house',
    };
  });
}
