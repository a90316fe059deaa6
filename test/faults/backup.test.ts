// D9: a backup made under load is a consistent snapshot with everything that was answered before it began, and it
// restores elsewhere. Restore never overwrites a live house, never a damaged file over a good one, never the old data.
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../src/cli/start-server.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { openStore } from '../../src/store/open-store.ts';
import { verifyUsage } from '../../src/store/usage-verify.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const TOLLGATE = join(import.meta.dir, '../../bin/tollgate');
const CHAT = '/v1/chat/completions';
const BODY = { model: 'demo/echo', messages: [{ role: 'user', content: 'a few words to count' }] };
let house: TestTollgate;
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-backup-'));
  house = await startTollgate({});
});
afterAll(async () => {
  await house?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ status: number; output: string }> {
  const child = Bun.spawn([TOLLGATE, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '' },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { status: await child.exited, output: out + err };
}

test('D9: what was answered before the backup began is in it; sums equal rows; keys work after the restore', async () => {
  const answered: string[] = [];
  let loading = true;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (loading) {
        const response = await house.post(CHAT, BODY);
        await response.arrayBuffer();
        if (response.status === 200) answered.push(response.headers.get('x-request-id') ?? '');
      }
    }),
  );
  while (answered.length < 50) await Bun.sleep(5);
  const before = [...answered];
  const file = join(folder, 'house.backup');
  const made = await run('backup', file, '--data', house.dataDir);
  loading = false;
  await load;
  expect(made).toMatchObject({ status: 0 });
  expect(statSync(file).mode & 0o077).toBe(0);
  expect(readdirSync(folder).filter((name) => name.startsWith('house.backup'))).toEqual(['house.backup']);

  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere, { mode: 0o700 });
  copyFileSync(join(house.dataDir, 'secrets.json'), join(elsewhere, 'secrets.json'));
  const restored = await run('restore', file, '--data', elsewhere);
  expect(restored).toMatchObject({ status: 0 });
  expect(restored.output).not.toContain('warning');
  const store = await openStore({ path: join(elsewhere, 'tollgate.db'), mode: 'inline' });
  const rows = await store.read.selectFrom('usage_events').select(['request_id']).execute();
  const found = new Set(rows.map((row) => row.request_id));
  expect(before.filter((id) => !found.has(id))).toEqual([]);
  expect(rows.length).toBe(found.size);
  expect(await verifyUsage(store.read, {})).toEqual([]);
  await store.close();

  const environment = { PORT: '0', LOG_LEVEL: 'error', DATA_DIR: elsewhere };
  const config = loadConfig({ workDir: folder, environment });
  const second = await startServer(config, () => config);
  const answer = await fetch(second.url + CHAT, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.key}` },
    body: JSON.stringify(BODY),
  });
  expect(answer.status).toBe(200);
  await answer.arrayBuffer();
  await second.stop();
}, 60_000);

test('D9: events that only the journal holds, because the database is locked, are in the backup', async () => {
  const before = (await house.usageEvents(0)).length;
  const lock = new Database(join(house.dataDir, 'tollgate.db'));
  lock.run('BEGIN IMMEDIATE');
  for (let index = 0; index < 5; index++) expect((await house.post(CHAT, BODY)).status).toBe(200);
  const file = join(folder, 'locked.backup');
  const made = await run('backup', file, '--data', house.dataDir);
  lock.run('ROLLBACK');
  lock.close();
  expect(made).toMatchObject({ status: 0 });
  const copy = new Database(file, { readonly: true });
  const { count } = copy.query('SELECT count(*) AS count FROM usage_events').get() as { count: number };
  copy.close();
  expect(count).toBe(before + 5);
}, 60_000);

test('D9: a restore into a live house is refused and changes nothing', async () => {
  const file = join(folder, 'live.backup');
  expect((await run('backup', file, '--data', house.dataDir)).status).toBe(0);
  const bytes = statSync(join(house.dataDir, 'tollgate.db')).ino;
  const refused = await run('restore', file, '--data', house.dataDir);
  expect(refused.status).toBe(1);
  expect(refused.output).toContain('a server is running');
  expect(statSync(join(house.dataDir, 'tollgate.db')).ino).toBe(bytes);
}, 60_000);

test('D9: damaged and foreign files are refused; what stood there stays, or is moved aside', async () => {
  const file = join(folder, 'good.backup');
  expect((await run('backup', file, '--data', house.dataDir)).status).toBe(0);
  expect((await run('backup', file, '--data', house.dataDir)).output).toContain('exists already');
  const target = join(folder, 'target');
  expect((await run('restore', file, '--data', target)).output).toContain('none of its API keys works');
  const good = readFileSync(join(target, 'tollgate.db'));

  const damaged = join(folder, 'damaged.backup');
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 8_192, 24_576);
  writeFileSync(damaged, bytes);
  writeFileSync(join(folder, 'foreign.backup'), 'not a database at all');
  for (const name of ['damaged.backup', 'foreign.backup', 'absent.backup']) {
    const refused = await run('restore', join(folder, name), '--data', target);
    expect([name, refused.status]).toEqual([name, 1]);
    expect(readFileSync(join(target, 'tollgate.db')).equals(good)).toBe(true);
  }
  expect((await run('restore', file, '--data', target)).status).toBe(0);
  const aside = readdirSync(target).filter((name) => name.includes('before-restore'));
  expect(aside.length).toBeGreaterThan(0);
  expect(existsSync(join(target, 'tollgate.db'))).toBe(true);
}, 60_000);
