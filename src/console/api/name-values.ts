// Puts names to what usage is counted under: ids of users and keys get the names they have now; '' means nobody.
import type { Kysely } from 'kysely';
import { namesOfKeys } from '../../store/api-keys.ts';
import type { StoreSchema } from '../../store/schema.ts';
import type { Dimension } from '../../store/usage-scopes.ts';
import { namesOfUsers } from '../../store/users.ts';

export async function nameValues(
  db: Kysely<StoreSchema>,
  facts: { readonly by: Dimension; readonly values: readonly string[] },
): Promise<Record<string, string | null>[]> {
  const { by, values } = facts;
  const ids = values.filter((value) => value !== '');
  if (by === 'user') {
    const names = await namesOfUsers(db, ids);
    return values.map((id) => ({ user_id: id || null, username: names.get(id) ?? null }));
  }
  if (by === 'key') {
    const names = await namesOfKeys(db, ids);
    return values.map((id) => ({ api_key_id: id || null, name: names.get(id) ?? null }));
  }
  return values.map((value) => ({ [by]: value || null }));
}
