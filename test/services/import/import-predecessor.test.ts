// The move from the predecessor: old passwords and old keys work, usage arrives once, and its file is never touched.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashApiKey, hashApiKeyLegacy } from '../../../src/core/identity/api-key.ts';
import { importPredecessor } from '../../../src/services/import/import-predecessor.ts';
import { createKeyIndex } from '../../../src/services/key-index.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { openPeopleHouse, PEPPER, type PeopleHouse } from '../../support/people-house.ts';
import { createPredecessorDatabase, type PredecessorDatabase } from '../../support/predecessor-database.ts';
import { fillDisk, mayMount, mountSmallDisk, unmount } from '../../support/small-disk.ts';

const endings: (() => void)[] = [];
let house: PeopleHouse;
let oldDir: string;
let path: string;
let old: PredecessorDatabase;

beforeEach(async () => {
  house = await openPeopleHouse();
  oldDir = mkdtempSync(join(tmpdir(), 'predecessor-'));
  path = join(oldDir, 'proxy.db');
  old = createPredecessorDatabase(path, PEPPER);
});
afterEach(async () => {
  old.close();
  await house.close();
  rmSync(oldDir, { recursive: true, force: true });
  for (const end of endings.splice(0)) end();
});

const run = (dryRun = false) =>
  importPredecessor({ store: house.store, clock: house.clock, path, workDir: house.dir, dryRun });

function contents(folder: string): Record<string, string> {
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .filter((name) => !name.endsWith('-shm'))
      .map((name) => [name, digest(name)]),
  );
}

async function count(table: 'users' | 'api_keys' | 'usage_events' | 'usage_days'): Promise<number> {
  const rows = await house.store.read.selectFrom(table).selectAll().execute();
  return rows.length;
}

test('the key hashes of the fixture are those of predecessor.md', () => {
  expect(hashApiKey('user-token', 'pepper-1')).toBe(
    'c5452dc7bc011dc628c73aa6e342f25a65a343964bbf28b6f6f742cf505a3e97',
  );
  expect(hashApiKeyLegacy('user-token', 'pepper-1')).toBe(
    '7f1cc9a705f113388d4aa462921f603ba9c7b51187875647cc5058e6749926bd',
  );
});

test('old passwords and old keys of both makes work; the roles, states and times are kept', async () => {
  const ann = old.addUser({ username: 'ann', password: 'password-123', role: 'admin' });
  const off = old.addUser({ username: 'off', password: 'password-456', active: false });
  const current = old.addKey({ userId: ann, name: 'current', kind: 'hmac' });
  const legacyKey = old.addKey({ userId: ann, name: 'x'.repeat(500), kind: 'legacy' });
  const revoked = old.addKey({ userId: ann, name: 'revoked', kind: 'hmac', revoked: true });
  const expired = old.addKey({
    userId: ann,
    name: 'expired',
    kind: 'hmac',
    expiresAt: '2026-04-05 00:00:00.000000',
  });
  const disabled = old.addKey({ userId: off, name: 'of the disabled', kind: 'hmac' });
  const report = await run();
  await house.keys.reload();
  expect(report.users).toEqual({ taken: 2, already: 0, skipped: 0 });
  expect(report.keys).toEqual({ taken: 5, already: 0, skipped: 0 });
  expect(house.keys.find(current)).toMatchObject({ name: 'ann', role: 'admin' });
  expect(house.keys.find(legacyKey)).toMatchObject({ name: 'ann' });
  expect(house.keys.find(revoked)).toBe('key_revoked');
  expect(house.keys.find(expired)).toBe('key_expired');
  expect(house.keys.find(disabled)).toBe('user_disabled');

  const client = house.client();
  expect((await client.signIn('ann', 'password-124')).status).toBe(401);
  expect((await client.signIn('ann', 'password-123')).status).toBe(200);
  const row = await house.store.read
    .selectFrom('users')
    .selectAll()
    .where('username', '=', 'ann')
    .executeTakeFirstOrThrow();
  expect(row.password_hash).toStartWith('$argon2id$');
  expect(row.created_ms).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 0));
  expect((await client.signIn('ann', 'password-123')).status).toBe(200);
  expect((await house.client().signIn('off', 'password-456')).status).toBe(401);
});

test('a second run changes nothing, also after the imported rows were pruned; the old file stays as it was', async () => {
  const ann = old.addUser({ username: 'ann', password: 'password-123' });
  old.addKey({ userId: ann, name: 'laptop', kind: 'hmac' });
  old.addUsage(1200, [
    [ann, 1],
    [null, null],
  ]);
  const before = contents(oldDir);
  const first = await run();
  expect(first.usage).toEqual({ taken: 1200, already: 0, skipped: 0 });
  const days = await house.store.read
    .selectFrom('usage_days')
    .selectAll()
    .orderBy('scope_id')
    .orderBy('bucket_ms')
    .execute();
  const second = await run();
  expect(second).toMatchObject({
    users: { taken: 0, already: 1 },
    keys: { taken: 0, already: 1 },
    usage: { taken: 0, already: 1200 },
  });
  await house.store.write.deleteFrom('usage_events').execute();
  const third = await run();
  expect(third.usage).toEqual({ taken: 0, already: 1200, skipped: 0 });
  expect(await count('usage_events')).toBe(0);
  expect(
    await house.store.read
      .selectFrom('usage_days')
      .selectAll()
      .orderBy('scope_id')
      .orderBy('bucket_ms')
      .execute(),
  ).toEqual(days);
  old.addUsage(3, [[ann, 1]]);
  expect((await run()).usage).toMatchObject({ taken: 3, already: 1200 });
  expect(Object.keys(contents(oldDir))).toEqual(Object.keys(before));
});

test('the old file is read with its log and not changed', async () => {
  old.addUser({ username: 'only in the log', password: 'password-123' });
  const before = contents(oldDir);
  expect(Object.keys(before)).toContain('proxy.db-wal');
  expect((await run()).users.taken).toBe(1);
  expect(contents(oldDir)).toEqual(before);
  expect(readdirSync(house.dir).filter((name) => name.startsWith('import-'))).toEqual([]);
});

test('usage is marked imported, with its tokens, its owners and no cost', async () => {
  const ann = old.addUser({ username: 'ann', password: 'password-123' });
  old.addKey({ userId: ann, name: 'laptop', kind: 'hmac' });
  old.addUsage(40, [[ann, 1]]);
  await run();
  const rows = await house.store.read.selectFrom('usage_events').selectAll().orderBy('time_ms').execute();
  const userId = (await house.store.read.selectFrom('users').select('id').executeTakeFirstOrThrow()).id;
  expect(rows).toHaveLength(40);
  expect(new Set(rows.map((row) => row.provenance))).toEqual(new Set(['imported']));
  expect(rows[1]).toMatchObject({
    user_id: userId,
    prompt_tokens: 100,
    completion_tokens: 20,
    cost_nano_usd: null,
  });
  expect(rows[0]).toMatchObject({
    outcome: 'error',
    status: 500,
    prompt_tokens: null,
    error_type: 'InternalServerError',
  });
  expect(rows[1]?.time_ms).toBe(Date.parse('2026-11-20T00:00:00Z') - 39 * 60_000);
});

test('a dry run reports the same and writes nothing', async () => {
  const ann = old.addUser({ username: 'ann', password: 'password-123' });
  old.addKey({ userId: ann, name: 'laptop', kind: 'hmac' });
  old.addUsage(10, [[ann, 1]]);
  const dry = await run(true);
  expect([await count('users'), await count('api_keys'), await count('usage_events')]).toEqual([0, 0, 0]);
  const wet = await run();
  expect({ ...wet, dryRun: true }).toEqual(dry);
});

test('what cannot be taken is skipped with the reason; a name that is here already keeps its account', async () => {
  await house.addUser('boss', 'admin');
  const boss = old.addUser({ username: 'boss', password: 'password-123' });
  old.addUser({ username: ' ', password: 'password-123' });
  old.addUser({ username: 'odd', password: 'password-123', role: 'owner' });
  old.db.run("UPDATE users SET password_hash = 'scrypt:x' WHERE username = 'odd'");
  const token = old.addKey({ userId: boss, name: 'mine', kind: 'hmac' });
  old.addKey({ userId: boss, name: 'bad', kind: 'hmac' });
  old.db.run("UPDATE api_keys SET token_hash = 'zz' WHERE name = 'bad'");
  old.addUsage(3, [[boss, 1]]);
  old.db.run("UPDATE usage_events SET timestamp = 'yesterday' WHERE id = 2");
  const report = await run();
  expect(report.skipped).toEqual([
    { kind: 'users', id: 2, why: 'the name is empty' },
    { kind: 'keys', id: 2, why: 'the hash is not 64 hexadecimal digits' },
    { kind: 'usage', id: 2, why: 'the time cannot be read' },
  ]);
  const notes = report.notes.join('\n');
  expect(notes).toContain('boss: an account of this name was here already');
  expect(notes).toContain("odd: the role 'owner'");
  expect(notes).toContain('odd: the password hash cannot be read');
  await house.keys.reload();
  expect(house.keys.find(token)).toMatchObject({ name: 'boss', role: 'admin' });
  expect((await house.client().signIn('boss')).status).toBe(200);
});

test.each([
  ['a missing file', 'none.db', null],
  ['a text file', 'text.db', 'hello, this is no database at all, only text'],
])('%s is refused with what to do', async (_name, file, text) => {
  const wrong = join(oldDir, file);
  if (text) writeFileSync(wrong, text);
  const job = { store: house.store, clock: house.clock, path: wrong, workDir: house.dir, dryRun: false };
  await expect(importPredecessor(job)).rejects.toThrow(/not a file|cannot be read/);
});

test.skipIf(!mayMount)('a disk too full for the copy is named, and the file is not blamed', async () => {
  const workDir = mountSmallDisk('size=1m');
  endings.push(() => unmount(workDir));
  const job = { store: house.store, clock: house.clock, path, workDir, dryRun: false };
  const bytes = statSync(path).size + statSync(`${path}-wal`).size;
  // Nothing fits; half of it does; all of it does, and not what SQLite needs to read it.
  for (const leave of [0, bytes / 2, bytes + 16_384]) {
    rmSync(join(workDir, 'ballast'), { force: true });
    fillDisk(join(workDir, 'ballast'), Math.floor(leave / 4096) * 4096);
    await expect(importPredecessor(job)).rejects.toThrow(
      `${workDir}: the disk is full, and nothing was taken. ${path} is copied there to be read: make room for it, then import again`,
    );
    expect(readdirSync(workDir)).toEqual(['ballast']);
  }
  rmSync(join(workDir, 'ballast'));
  await importPredecessor(job);
});

test('a database of something else, and a second house, are refused', async () => {
  old.db.run('DROP TABLE usage_events');
  await expect(run()).rejects.toThrow('lacks the table usage_events');
});

test('one Tollgate takes over one predecessor', async () => {
  old.addUser({ username: 'ann', password: 'password-123' });
  old.addUsage(1, [[1, null]]);
  await run();
  const other = join(oldDir, 'other.db');
  const second = createPredecessorDatabase(other, PEPPER);
  second.addUser({ username: 'zed', password: 'password-123' });
  second.addUsage(1, [[1, null]]);
  const job = { store: house.store, clock: house.clock, path: other, workDir: house.dir, dryRun: false };
  await expect(importPredecessor(job)).rejects.toThrow('another database');
  second.close();
});

test('100,000 usage rows arrive in under 30 s, with their progress told', async () => {
  const ann = old.addUser({ username: 'ann', password: 'password-123' });
  const bob = old.addUser({ username: 'bob', password: 'password-123' });
  old.addKey({ userId: ann, name: 'a', kind: 'hmac' });
  old.addKey({ userId: bob, name: 'b', kind: 'legacy' });
  old.addUsage(100_000, [
    [ann, 1],
    [bob, 2],
    [null, null],
  ]);
  const told: number[] = [];
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const report = await importPredecessor({
    store: house.store,
    clock: house.clock,
    path,
    workDir: house.dir,
    dryRun: false,
    onProgress: (done) => told.push(done),
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const cpuSeconds = (cpu.user + cpu.system) / 1_000_000;
  console.log(`imported 100,000 usage rows in ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of CPU)`);
  expect(report.usage.taken).toBe(100_000);
  expect(told.at(-1)).toBe(100_000);
  // A machine that does ten other things at once stretches the wall clock, not the work.
  expect(Math.min(seconds, cpuSeconds)).toBeLessThan(30);
}, 60_000);

test("keys hashed under the predecessor's own pepper work while it is the previous one, and are rehashed on use", async () => {
  const ann = old.addUser({ username: 'ann', password: 'password-123' });
  old.close();
  rmSync(path);
  rmSync(`${path}-wal`, { force: true });
  old = createPredecessorDatabase(path, 'change-me-token-pepper');
  expect(old.addUser({ username: 'ann', password: 'password-123' })).toBe(ann);
  const tokens = [
    old.addKey({ userId: ann, name: 'current', kind: 'hmac' }),
    old.addKey({ userId: ann, name: 'older', kind: 'legacy' }),
  ];
  await run();
  await house.keys.reload();
  expect(tokens.map((token) => house.keys.find(token))).toEqual(['invalid_api_key', 'invalid_api_key']);
  const deps = { store: house.store, pepper: PEPPER, clock: house.clock };
  const keys = await createKeyIndex({ ...deps, previousPepper: 'change-me-token-pepper' });
  for (const token of tokens) expect(keys.find(token)).toMatchObject({ name: 'ann' });
  const hashes = new Set(tokens.map((token) => hashApiKey(token, PEPPER)));
  await Bun.sleep(50);
  const rows = await house.store.read.selectFrom('api_keys').select(['token_hash', 'hash_kind']).execute();
  expect(new Set(rows.map((row) => row.token_hash))).toEqual(hashes);
  expect(rows.every((row) => row.hash_kind === 'hmac')).toBe(true);
  await house.keys.reload();
  for (const token of tokens) expect(house.keys.find(token)).toMatchObject({ name: 'ann' });
});

test("the predecessor's database is never opened as our own", async () => {
  old.addUser({ username: 'ann', password: 'password-123' });
  const before = contents(oldDir);
  const refusal = await openStore({ path, mode: 'inline' }).then(
    () => 'opened',
    (error: Error) => error.message,
  );
  expect(refusal).toContain(`tollgate import llm-api-key-proxy ${path}`);
  expect(contents(oldDir)).toEqual(before);
});

test('the command tells what it would take, takes it, and takes nothing the second time', async () => {
  const ann = old.addUser({ username: 'ann', password: 'password-123' });
  old.addKey({ userId: ann, name: 'laptop', kind: 'hmac' });
  old.addUsage(1500, [[ann, 1]]);
  const data = join(oldDir, 'data');
  const command = async (...args: string[]) => {
    const child = Bun.spawn([process.execPath, 'src/main.ts', ...args, '--data', data], {
      cwd: join(import.meta.dir, '../../..'),
      env: { PATH: process.env.PATH ?? '' },
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { out, err, status: await child.exited };
  };
  const dry = await command('import', 'llm-api-key-proxy', path, '--dry-run');
  expect([dry.status, dry.out.includes('WOULD TAKE')]).toEqual([0, true]);
  const first = await command('import', 'llm-api-key-proxy', path);
  expect(first.out).toMatch(/users +1 +0 +0/);
  expect(first.out).toMatch(/usage events +1500 +0 +0/);
  expect(first.err).toContain('100% 1500/1500');
  const second = await command('import', 'llm-api-key-proxy', path);
  expect(second.out).toMatch(/usage events +0 +1500 +0/);
  const wrong = await command('import', 'llm-api-key-proxy', join(oldDir, 'nothing.db'));
  expect([wrong.status, wrong.err.includes('is not a file')]).toEqual([1, true]);
}, 60_000);
