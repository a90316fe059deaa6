// Faults of the database file (faults.md D3, D4, D8) and of the clock (P5): refused with the mend, or resumed; never
// silently empty, never half migrated.

import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../src/lib/id.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { openStore } from '../../src/store/open-store.ts';
import { runTollgate } from '../support/spawn-tollgate.ts';

setDefaultTimeout(90_000);
const BUN = join(import.meta.dir, '../../bin/bun');
const DIE = join(import.meta.dir, '../support/migrate-and-die.ts');
let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-database-'));
  mkdirSync(join(folder, 'data'), { mode: 0o700 });
  path = join(folder, 'data', 'tollgate.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function migrate(dieAt: number): Promise<{ signal: string | null; statements: number }> {
  const child = Bun.spawn([BUN, DIE, path, String(dieAt)], {
    stdout: 'pipe',
    env: { PATH: process.env.PATH ?? '' },
  });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return { signal: child.signalCode === null ? null : String(child.signalCode), statements: Number(text) };
}

async function schemaNumber(): Promise<number> {
  const store = await openStore({ path, mode: 'inline' });
  await store.close();
  const db = new Database(path, { readonly: true });
  const verdict = db.query('PRAGMA integrity_check').get() as { integrity_check: string };
  const { number } = db.query('SELECT max(number) AS number FROM migrations').get() as { number: number };
  db.close();
  expect(verdict.integrity_check).toBe('ok');
  return number;
}

test('D8: a migration killed at any statement is taken up again and ends whole', async () => {
  const { statements } = await migrate(0);
  expect(statements).toBeGreaterThan(20);
  // Every statement in the long form; otherwise a dozen, spread over all of them.
  const step = process.env.FAULTS_ALL ? 1 : Math.ceil(statements / 12);
  for (let dieAt = 1; dieAt < statements; dieAt += step) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    expect((await migrate(dieAt)).signal).toBe('SIGKILL');
    expect(await schemaNumber()).toBe(MIGRATIONS.length);
  }
});

test('D8: processes that migrate at once: one does the work, the others wait and find it done', async () => {
  const all = await Promise.all([migrate(0), migrate(0), migrate(0), migrate(0)]);
  expect(all.map(({ signal }) => signal)).toEqual([null, null, null, null]);
  expect(await schemaNumber()).toBe(MIGRATIONS.length);
});

test('D4: a database with a flipped page, cut short, emptied beside its log, or none at all is refused untouched', async () => {
  // In a process of its own: one that has had the database open removes its log whenever the collector comes by.
  expect((await runTollgate(folder, ['user', 'list'])).exitCode).toBe(0);
  expect(readdirSync(join(folder, 'data')).filter((name) => name.startsWith('tollgate.db'))).toEqual([
    'tollgate.db',
  ]);
  const good = readFileSync(path);
  const harms: Record<string, () => void> = {
    'a flipped page': () => writeFileSync(path, Buffer.from(good).fill(0x5a, 4_096, 12_288)),
    'cut short': () => truncateSync(path, good.length - 6_000),
    'emptied beside its log': () => {
      truncateSync(path, 0);
      writeFileSync(`${path}-wal`, 'some log');
    },
    'no database at all': () =>
      writeFileSync(path, 'hello, this is a text file and no database whatever'.repeat(200)),
  };
  for (const [what, harm] of Object.entries(harms)) {
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    writeFileSync(path, good);
    harm();
    const before = readFileSync(path);
    const { exitCode, stderr } = await runTollgate(folder, ['serve', '--port', '0']);
    expect([what, exitCode]).toEqual([what, 1]);
    expect(stderr).toMatch(/tollgate restore/);
    expect(readFileSync(path).equals(before)).toBe(true);
  }
});

/** Root may do anything, so the command runs as nobody; the runtime must be readable for that user. */
function runAsNobody(...args: readonly string[]): { status: number | null; stderr: string } {
  return spawnSync(join(import.meta.dir, '../../bin/tollgate'), args, {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '' },
    encoding: 'utf8',
    timeout: 20_000,
    ...(process.getuid?.() === 0 && { uid: 65_534, gid: 65_534 }),
  });
}

const serveAsNobody = (data: string) => runAsNobody('serve', '--port', '0', '--data', data);

test('D3: a folder this user cannot write is refused with its path and the mend, and nothing is created', () => {
  const shut = join(folder, 'shut');
  mkdirSync(shut);
  chmodSync(folder, 0o755);
  chmodSync(shut, 0o555);
  const refused = (path: string, verb: string) =>
    `tollgate: the configuration cannot be used:\n  - ${path}: cannot be ${verb} (EACCES); give this user write permission on the folder, or choose another folder with --data\n`;
  const [absent, present] = [serveAsNobody(join(shut, 'data')), serveAsNobody(shut)];
  expect(absent).toMatchObject({ status: 1, stderr: refused(join(shut, 'data'), 'created') });
  expect(present).toMatchObject({ status: 1, stderr: refused(join(shut, 'secrets.json'), 'written') });
  expect(readdirSync(shut)).toEqual([]);
});

test('D3: secrets and settings this user cannot read are called that, not damaged', () => {
  const [data, kept] = [join(folder, 'data'), join(folder, 'data', 'secrets.json')];
  for (const each of [folder, data]) chmodSync(each, 0o755);
  writeFileSync(kept, '{}');
  chmodSync(kept, 0);
  expect(serveAsNobody(data)).toMatchObject({
    status: 1,
    stderr: `tollgate: the configuration cannot be used:\n  - ${kept}: cannot be read (EACCES); give this user read permission on it\n`,
  });
  writeFileSync(join(folder, '.env'), 'PORT=0');
  chmodSync(join(folder, '.env'), 0);
  expect(serveAsNobody(data)).toMatchObject({
    status: 1,
    stderr: `tollgate: EACCES: permission denied, open '${join(folder, '.env')}'. Give this user permission on the file and its folder.\n`,
  });
});

test('D3: a command on a database this user cannot write says so', async () => {
  const data = join(folder, 'data');
  expect((await runTollgate(folder, ['user', 'create', 'ann', '--role', 'user'])).exitCode).toBe(0);
  // The folder takes the files that SQLite puts beside the database; the database itself takes nothing.
  chmodSync(folder, 0o755);
  chmodSync(data, 0o777);
  chmodSync(join(data, 'secrets.json'), 0o444);
  chmodSync(path, 0o444);
  const { status, stderr } = runAsNobody('user', 'create', 'bob', '--role', 'user', '--data', data);
  expect(stderr).toMatch(
    /readonly database.*Give this user (write )?permission on the file and its folder\.\n$/,
  );
  expect(stderr).not.toMatch(/should not have happened|\n\s+at /);
  expect(status).toBe(1);
});

test('P5: ids are unique and sorted by time within a process whatever the clock does', () => {
  const ids = Array.from({ length: 20_000 }, () => newId('req'));
  expect(new Set(ids).size).toBe(ids.length);
});
