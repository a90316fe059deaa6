// Guarantee (T30): stored provider secrets are sealed to their row and purpose, come back only to the pool, and survive
// a change of MASTER_KEY. Attack: read the file, swap two rows, open with another key.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveSealingKey, openSecret, sealSecret } from '../../src/core/identity/sealed-secret.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { addCredential } from '../../src/services/provider-credentials/add-credential.ts';
import { loadCredentials } from '../../src/services/provider-credentials/load-credentials.ts';
import { rotateMasterKey } from '../../src/services/provider-credentials/rotate-master-key.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import {
  deleteProviderCredential,
  disableCredential,
  enableCredential,
} from '../../src/store/provider-credentials.ts';
import { createAddressGuard } from '../../src/upstream/address-guard.ts';

const guard = createAddressGuard({
  allowPrivate: [],
  clock: systemClock,
  resolve: async () => ['93.184.216.34'],
});
const MASTER = 'm'.repeat(40);
const NEXT = 'n'.repeat(40);
const SECRET = 'sk-canary-7f3a9c21d04b';
let folder = '';
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-credentials-'));
  store = await openStore({ path: join(folder, 'tollgate.db'), mode: 'inline' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function add(more: Partial<Parameters<typeof addCredential>[1]> = {}) {
  const request = {
    provider: 'openai',
    secret: SECRET,
    label: 'team',
    priority: null,
    baseUrl: null,
    knownProviders: [],
  };
  return addCredential({ store, masterKey: MASTER, clock: systemClock, guard }, { ...request, ...more });
}

test('T30: the secret is in no file and in no row, and comes back to the pool alone', async () => {
  const row = await add();
  expect(JSON.stringify(row)).not.toContain(SECRET);
  for (const name of readdirSync(folder))
    expect(readFileSync(join(folder, name)).includes(SECRET)).toBe(false);
  const { stored, problems } = await loadCredentials(store, MASTER);
  expect(problems).toEqual([]);
  expect(stored).toMatchObject([{ id: row.id, provider: 'openai', secret: SECRET, label: 'team' }]);
});

test('T30: a ciphertext moved to another row, changed, or met with another key does not open', () => {
  const sealing = deriveSealingKey(MASTER);
  const sealed = sealSecret(sealing, 'crd_a', SECRET);
  expect(openSecret(sealing, 'crd_a', sealed)).toEqual({ kind: 'open', secret: SECRET });
  expect(openSecret(sealing, 'crd_b', sealed)).toEqual({ kind: 'damaged' });
  expect(openSecret(deriveSealingKey(NEXT), 'crd_a', sealed)).toEqual({ kind: 'other_key' });
  const flipped = sealed.slice(0, -3) + (sealed.at(-3) === 'A' ? 'B' : 'A') + sealed.slice(-2);
  expect(openSecret(sealing, 'crd_a', flipped)).toEqual({ kind: 'damaged' });
  for (const odd of ['', 'v1', 'v1.x.y', `v1.${sealing.keyId}.AAAA`, 'plain'])
    expect(openSecret(sealing, 'crd_a', odd).kind).not.toBe('open');
  expect(sealSecret(sealing, 'crd_a', SECRET)).not.toBe(sealed);
});

test('a wrong MASTER_KEY leaves the credential out and says how to mend it', async () => {
  await add();
  const { stored, problems } = await loadCredentials(store, NEXT);
  expect(stored).toEqual([]);
  expect(problems).toEqual([
    "The stored key 'team' was sealed under another MASTER_KEY. Start with that one, or add the key again.",
  ]);
});

test('MASTER_KEY changes for all credentials or for none, and a second run is harmless', async () => {
  await add();
  await add({ label: 'second', secret: 'sk-other-1234567890' });
  expect(await rotateMasterKey(store, MASTER, NEXT)).toBe(2);
  expect(await rotateMasterKey(store, MASTER, NEXT)).toBe(2);
  expect((await loadCredentials(store, NEXT)).stored.map((each) => each.secret).sort()).toEqual(
    [SECRET, 'sk-other-1234567890'].sort(),
  );
  expect((await loadCredentials(store, MASTER)).stored).toEqual([]);
  await expect(rotateMasterKey(store, 'x'.repeat(40), 'y'.repeat(40))).rejects.toThrow(/Nothing was changed/);
  expect((await loadCredentials(store, NEXT)).stored).toHaveLength(2);
  await expect(rotateMasterKey(store, NEXT, 'short')).rejects.toThrow(/at least 32/);
});

test('switching off and on, and removing', async () => {
  const { id } = await add();
  await disableCredential(store.write, { credential_id: id, disabled_ms: 1 });
  await disableCredential(store.write, { credential_id: id, disabled_ms: 2 });
  expect([...(await loadCredentials(store, MASTER)).disabled]).toEqual([id]);
  await enableCredential(store.write, id);
  expect([...(await loadCredentials(store, MASTER)).disabled]).toEqual([]);
  expect(await deleteProviderCredential(store.write, id)).toBe(true);
  expect(await deleteProviderCredential(store.write, id)).toBe(false);
});

test('what cannot be used is refused with what is allowed', async () => {
  await expect(add({ provider: 'Bad Name' })).rejects.toThrow(/lower-case letters/);
  await expect(add({ secret: 'two words' })).rejects.toThrow(/one word/);
  await expect(add({ label: ' ' })).rejects.toThrow(/1 to 128/);
  await expect(add({ priority: 1.5 })).rejects.toThrow(/whole number/);
  await expect(add({ provider: 'unheard_of' })).rejects.toThrow(/Give its base URL/);
  await expect(add({ provider: 'azure' })).rejects.toThrow(/Give its base URL/);
  await expect(add({ baseUrl: 'file:///etc/passwd' })).rejects.toThrow(/https:\/\//);
  expect((await add({ provider: 'house', knownProviders: ['house'] })).provider).toBe('house');
  expect((await add({ provider: 'TogetherAI' })).provider).toBe('together');
});
