// Queries of the api_keys table. Every change raises the identity version.
import type { Insertable, Kysely, Selectable, Updateable } from 'kysely';
import { containsText } from './contains-text.ts';
import { readInParts } from './in-parts.ts';
import { inTransaction } from './in-transaction.ts';
import type { ApiKeyTable, StoreSchema } from './schema.ts';
import { bumpVersion } from './versions.ts';

export type ApiKeyRow = Selectable<ApiKeyTable>;

/** A key with what its owner decides about it. */
export interface ApiKeyWithOwner extends ApiKeyRow {
  readonly username: string;
  readonly role: 'admin' | 'user';
  readonly is_active: 0 | 1;
  /** The owner's own lists, which bind beside the key's. */
  readonly user_models: string | null;
  readonly user_addresses: string | null;
}

/** All keys that were not revoked before `revokedSinceMs`: what the in-memory index needs to answer precisely. */
export async function loadKeysWithOwners(
  db: Kysely<StoreSchema>,
  revokedSinceMs: number,
): Promise<ApiKeyWithOwner[]> {
  return db
    .selectFrom('api_keys')
    .innerJoin('users', 'users.id', 'api_keys.user_id')
    .selectAll('api_keys')
    .select([
      'users.username',
      'users.role',
      'users.is_active',
      'users.models as user_models',
      'users.addresses as user_addresses',
    ])
    .where((eb) =>
      eb.or([eb('api_keys.revoked_ms', 'is', null), eb('api_keys.revoked_ms', '>=', revokedSinceMs)]),
    )
    .execute();
}

export async function findKeyById(db: Kysely<StoreSchema>, id: string): Promise<ApiKeyRow | undefined> {
  return db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Newest first, revoked ones included. */
export async function listKeysOfUser(db: Kysely<StoreSchema>, userId: string): Promise<ApiKeyRow[]> {
  return db
    .selectFrom('api_keys')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('created_ms', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

export async function insertKey(db: Kysely<StoreSchema>, key: Insertable<ApiKeyTable>): Promise<void> {
  await inTransaction(db, async (trx) => {
    await trx.insertInto('api_keys').values(key).execute();
    await bumpVersion(trx, 'identity');
  });
}

/** False when there is no such key. */
export async function updateKey(
  db: Kysely<StoreSchema>,
  id: string,
  change: Updateable<ApiKeyTable>,
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const result = await trx.updateTable('api_keys').set(change).where('id', '=', id).executeTakeFirst();
    await bumpVersion(trx, 'identity');
    return Number(result.numUpdatedRows) === 1;
  });
}

/** Sets the time of revocation once; a key that is revoked already keeps its time. */
export async function revokeKeyRow(db: Kysely<StoreSchema>, id: string, nowMs: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    await trx
      .updateTable('api_keys')
      .set({ revoked_ms: nowMs })
      .where('id', '=', id)
      .where('revoked_ms', 'is', null)
      .execute();
    await bumpVersion(trx, 'identity');
  });
}

/** How many keys a user has, and how many of them were not revoked. */
export async function countKeysOfUser(
  db: Kysely<StoreSchema>,
  userId: string,
): Promise<{ readonly all: number; readonly live: number }> {
  const row = await db
    .selectFrom('api_keys')
    .select((eb) => [
      eb.fn.countAll<number>().as('all'),
      eb.fn.count<number>('id').filterWhere('revoked_ms', 'is', null).as('live'),
    ])
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  return { all: Number(row.all), live: Number(row.live) };
}

export interface KeyPage {
  readonly limit: number;
  readonly userId?: string | undefined;
  /** Only keys made before this one, in (time, id) order. */
  readonly before?: { readonly createdMs: number; readonly id: string } | undefined;
  readonly state?: 'active' | 'revoked' | 'expired' | undefined;
  readonly nowMs: number;
  /** Part of the name or of the shown prefix. */
  readonly search?: string | undefined;
}

export interface KeyWithUsername extends ApiKeyRow {
  readonly username: string;
}

/** Newest first, revoked ones included unless `state` says otherwise. */
export async function pageKeys(db: Kysely<StoreSchema>, page: KeyPage): Promise<KeyWithUsername[]> {
  let query = db
    .selectFrom('api_keys')
    .innerJoin('users', 'users.id', 'api_keys.user_id')
    .selectAll('api_keys')
    .select('users.username')
    .orderBy('api_keys.created_ms', 'desc')
    .orderBy('api_keys.id', 'desc')
    .limit(page.limit);
  const { userId, before, state, nowMs, search } = page;
  if (userId !== undefined) query = query.where('api_keys.user_id', '=', userId);
  if (before) {
    query = query.where((eb) =>
      eb.or([
        eb('api_keys.created_ms', '<', before.createdMs),
        eb.and([eb('api_keys.created_ms', '=', before.createdMs), eb('api_keys.id', '<', before.id)]),
      ]),
    );
  }
  if (state === 'revoked') query = query.where('revoked_ms', 'is not', null);
  if (state === 'expired') query = query.where('revoked_ms', 'is', null).where('expires_ms', '<=', nowMs);
  if (state === 'active') {
    query = query
      .where('revoked_ms', 'is', null)
      .where((eb) => eb.or([eb('expires_ms', 'is', null), eb('expires_ms', '>', nowMs)]));
  }
  if (search) {
    query = query.where((eb) =>
      eb.or([containsText('api_keys.name', search), containsText('api_keys.token_prefix', search)]),
    );
  }
  return query.execute();
}

export async function namesOfKeys(
  db: Kysely<StoreSchema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await readInParts(ids, (part) =>
    db.selectFrom('api_keys').select(['id', 'name']).where('id', 'in', part).execute(),
  );
  return new Map(rows.map((row) => [row.id, row.name]));
}

/** Active keys of each user. */
export async function countActiveKeys(db: Kysely<StoreSchema>, nowMs: number): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('api_keys')
    .select((eb) => ['user_id', eb.fn.countAll<number>().as('count')])
    .where('revoked_ms', 'is', null)
    .where((eb) => eb.or([eb('expires_ms', 'is', null), eb('expires_ms', '>', nowMs)]))
    .groupBy('user_id')
    .execute();
  return new Map(rows.map((row) => [row.user_id, Number(row.count)]));
}
