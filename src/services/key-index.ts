// All API keys in memory, by hash, so that the data plane never waits for the database to know who calls.
// Reloaded as a whole after each change in this process, on request of a command, and when the version rises.
import type { Actor } from '../core/actor.ts';
import { hashApiKey, hashApiKeyLegacy } from '../core/identity/api-key.ts';
import {
  type AddressList,
  bothAddressLists,
  bothModelLists,
  NO_ADDRESS,
  readAddressList,
  readModelList,
} from '../core/limits/access-list.ts';
import type { Clock } from '../lib/clock.ts';
import { type ApiKeyWithOwner, loadKeysWithOwners, updateKey } from '../store/api-keys.ts';
import type { Store } from '../store/open-store.ts';

/** Revoked keys are remembered this long, to answer "revoked" instead of "unknown". */
const REVOKED_REMEMBERED_MS = 90 * 24 * 3_600_000;

export type KeyRefusal = 'invalid_api_key' | 'key_revoked' | 'key_expired' | 'user_disabled';

export interface KeyIndex {
  /** The actor of a token, or why it is refused. Microseconds; no I/O. */
  readonly find: (token: string) => Actor | KeyRefusal;
  /** Reads all keys anew. Concurrent calls share one read, and each sees everything committed before it was made. */
  readonly reload: () => Promise<void>;
  readonly size: () => number;
}

interface Entry {
  readonly actor: Actor;
  readonly row: ApiKeyWithOwner;
}

export interface KeyIndexDeps {
  readonly store: Store;
  readonly pepper: string;
  /** The pepper before this one, or the predecessor's: its hashes verify and are rewritten on use. */
  readonly previousPepper?: string | null;
  readonly clock: Clock;
}

export async function createKeyIndex(deps: KeyIndexDeps): Promise<KeyIndex> {
  let entries = new Map<string, Entry>();
  let legacyCount = 0;
  let running: Promise<void> | null = null;
  let queued: Promise<void> | null = null;

  async function load(): Promise<void> {
    const rows = await loadKeysWithOwners(deps.store.read, deps.clock.nowMs() - REVOKED_REMEMBERED_MS);
    entries = new Map(rows.map((row) => [row.token_hash, { row, actor: toActor(row) }]));
    legacyCount = rows.filter((row) => row.hash_kind === 'legacy').length;
  }

  function start(): Promise<void> {
    running = load().finally(() => {
      running = null;
    });
    return running;
  }

  function reload(): Promise<void> {
    if (!running) return start();
    queued ??= running
      .catch(() => {})
      .then(() => {
        queued = null;
        return start();
      });
    return queued;
  }

  function findEntry(token: string): Entry | undefined {
    const hash = hashApiKey(token, deps.pepper);
    const entry = entries.get(hash);
    if (entry) return entry;
    const older = findOlder(token);
    if (older) migrateHash(older, hash);
    return older;
  }

  /** Under the previous pepper, and in the predecessor's older form under both: a miss costs a hash for each. */
  function findOlder(token: string): Entry | undefined {
    const { pepper, previousPepper } = deps;
    const previous = previousPepper ? entries.get(hashApiKey(token, previousPepper)) : undefined;
    if (previous || legacyCount === 0) return previous;
    for (const each of previousPepper ? [pepper, previousPepper] : [pepper]) {
      const legacy = entries.get(hashApiKeyLegacy(token, each));
      if (legacy?.row.hash_kind === 'legacy') return legacy;
    }
    return undefined;
  }

  /** Rewrites an older hash in the current form, as the predecessor did on use. Failure costs nothing: the next use tries again. */
  function migrateHash(entry: Entry, hash: string): void {
    entries.set(hash, entry);
    updateKey(deps.store.write, entry.row.id, { token_hash: hash, hash_kind: 'hmac' }).catch(() => {
      entries.delete(hash);
    });
  }

  await load();
  return {
    find: (token) => {
      const entry = findEntry(token);
      return entry ? judge(entry, deps.clock.nowMs()) : 'invalid_api_key';
    },
    reload,
    size: () => entries.size,
  };
}

function judge({ row, actor }: Entry, nowMs: number): Actor | KeyRefusal {
  if (row.revoked_ms !== null && row.revoked_ms <= nowMs) return 'key_revoked';
  if (row.expires_ms !== null && row.expires_ms <= nowMs) return 'key_expired';
  if (row.is_active === 0) return 'user_disabled';
  return actor;
}

function toActor(row: ApiKeyWithOwner): Actor {
  const scopes = JSON.parse(row.scopes) as ('use' | 'admin')[];
  return {
    kind: 'key',
    userId: row.user_id,
    keyId: row.id,
    role: row.role,
    name: row.username,
    // A key never has more rights than its owner has now.
    scopes: row.role === 'admin' ? scopes : scopes.filter((scope) => scope !== 'admin'),
    models: bothModelLists(readModelList(parseList(row.models)), readModelList(parseList(row.user_models))),
    addresses: bothAddressLists(addressList(row.addresses), addressList(row.user_addresses)),
    tags: JSON.parse(row.tags) as string[],
    onHangUp: row.on_hang_up,
  };
}

/** One list that cannot be read must not keep all keys from being loaded; it lets nobody in. */
function addressList(text: string | null): AddressList | null {
  try {
    return readAddressList(parseList(text));
  } catch {
    return NO_ADDRESS;
  }
}

function parseList(text: string | null): string[] | null {
  return text === null ? null : (JSON.parse(text) as string[]);
}
