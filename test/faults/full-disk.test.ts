// Guarantee: whatever a full disk stops at the start or in a command says so and what to do. It blames neither permissions nor
// another Tollgate nor the file, shows no stack, leaves no half file, and works once there is room.
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServerProcess } from '../support/server-process.ts';
import { fillDisk, mayMount, mountSmallDisk, unmount } from '../support/small-disk.ts';
import { type CommandResult, runTollgate } from '../support/spawn-tollgate.ts';

setDefaultTimeout(90_000);
const onDisk = test.skipIf(!mayMount);
let disk = '';
let ballast = '';
let data = '';
let workDir = '';
beforeEach(() => {
  if (mayMount) disk = mountSmallDisk();
  ballast = join(disk, 'ballast');
  data = join(disk, 'data');
  workDir = mkdtempSync(join(tmpdir(), 'tollgate-full-disk-'));
});
afterEach(() => {
  rmSync(workDir, { recursive: true, force: true });
  if (mayMount) unmount(disk);
});

const run = (args: readonly string[], stdin = ''): Promise<CommandResult> =>
  runTollgate(workDir, [...args, '--data', data], { stdin });

function expectFull(message: string): void {
  expect(message).toMatch(/the disk is full.*\b[Mm]ake room/);
  expect(message).not.toMatch(/permission|another Tollgate|damaged|should not have happened|\n\s+at /);
}

/** Null when it started. */
async function refusalOfStart(): Promise<string | null> {
  try {
    const server = await startServerProcess({ dataDir: data, workDir, environment: {} });
    await server.end();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

onDisk('a first start says so wherever it runs out of room, and works once there is some', async () => {
  let last: string | null = '';
  // From the secrets' first byte over the database, its log and the migrations to the journal's lock.
  for (const pages of [0, 1, 2, 6, 10, 12, 20, 60, 120, 150]) {
    rmSync(data, { recursive: true, force: true });
    rmSync(ballast, { force: true });
    mkdirSync(data, { mode: 0o700 });
    fillDisk(ballast, pages * 4096);
    last = await refusalOfStart();
    if (last !== null) expectFull(last);
    if (pages < 60) expect([pages, last]).not.toEqual([pages, null]);
    expect(existsSync(join(data, 'secrets.json.new'))).toBe(false);
  }
  rmSync(ballast);
  expect(await refusalOfStart()).toBeNull();
});

onDisk('a house that stands says so at its start and in commands, and loses nothing', async () => {
  expect((await run(['user', 'create', 'ann', '--role', 'user'])).exitCode).toBe(0);
  fillDisk(ballast);
  expectFull((await refusalOfStart()) ?? 'it started');
  for (const pages of [0, 4, 10]) {
    rmSync(ballast);
    fillDisk(ballast, pages * 4096);
    const { exitCode, stderr } = await run(['user', 'create', 'bob', '--role', 'user']);
    expect(exitCode).toBe(1);
    expectFull(stderr);
  }
  rmSync(ballast);
  fillDisk(ballast);
  const { stdout, exitCode } = await run(['doctor']);
  expect(exitCode).toBe(1);
  const found = stdout.split('\n').filter((line) => line.startsWith('fault database'));
  expect(found).toEqual([
    `fault database: ${data}/tollgate.db: the disk is full, and nothing was lost. Make room, then try again.`,
  ]);
  rmSync(ballast);
  const { stdout: users } = await run(['user', 'list']);
  expect(users).toContain('ann');
  expect(users).not.toContain('bob');
});

onDisk('a backup onto a full disk says so and leaves nothing there', async () => {
  const house = join(workDir, 'data');
  const file = join(disk, 'house.backup');
  await runTollgate(workDir, ['user', 'create', 'ann', '--role', 'user']);
  for (const pages of [0, 10, 70]) {
    rmSync(ballast, { force: true });
    fillDisk(ballast, pages * 4096);
    const { exitCode, stderr } = await runTollgate(workDir, ['backup', file, '--data', house]);
    expect(stderr).toBe(
      `tollgate: ${file}: the disk is full, and nothing was lost. Make room, then try again.\n`,
    );
    expect(exitCode).toBe(1);
    expect(readdirSync(disk)).toEqual(['ballast']);
  }
  rmSync(ballast);
  expect((await runTollgate(workDir, ['backup', file, '--data', house])).exitCode).toBe(0);
});

onDisk('a restore onto a full disk says so, changes nothing and leaves no half copy', async () => {
  const file = join(workDir, 'house.backup');
  await runTollgate(workDir, ['user', 'create', 'ann', '--role', 'user']);
  expect((await runTollgate(workDir, ['backup', file])).exitCode).toBe(0);
  cpSync(join(workDir, 'data'), data, { recursive: true });
  mkdirSync(join(data, 'journal'), { mode: 0o700 });
  const before = readFileSync(join(data, 'tollgate.db'));
  const names = [...readdirSync(data), 'journal/lock'];
  fillDisk(ballast, 20 * 4096);
  const { exitCode, stderr } = await run(['restore', file]);
  expect(stderr).toBe(
    `tollgate: ${data}/tollgate.db.restoring: the disk is full, and nothing was changed. Make room, then try again.\n`,
  );
  expect(exitCode).toBe(1);
  expect(readdirSync(data, { recursive: true }).sort()).toEqual(names.sort());
  expect(readFileSync(join(data, 'tollgate.db')).equals(before)).toBe(true);
  rmSync(ballast);
  expect((await run(['restore', file])).exitCode).toBe(0);
});

test('a backup into a folder that is not there says so', async () => {
  const file = join(workDir, 'absent', 'house.backup');
  await runTollgate(workDir, ['user', 'create', 'ann', '--role', 'user']);
  const { exitCode, stderr } = await runTollgate(workDir, ['backup', file]);
  expect(stderr).toMatch(/^tollgate: .*house\.backup cannot be opened .*Check that the folder exists/);
  expect(stderr).not.toMatch(/should not have happened|\n\s+at /);
  expect(exitCode).toBe(1);
});

test('a new MASTER_KEY that the full disk does not take is no fault of the configuration', async () => {
  await runTollgate(workDir, ['user', 'create', 'ann', '--role', 'user']);
  const path = join(workDir, 'data', 'secrets.json');
  const before = readFileSync(path, 'utf8');
  symlinkSync('/dev/full', `${path}.new`);
  const rotate = () => runTollgate(workDir, ['provider', 'rotate-master-key'], { stdin: 'n'.repeat(40) });
  const { exitCode, stderr } = await rotate();
  expect(stderr).toBe(
    `tollgate: ${path}: cannot be written, the disk is full; nothing was lost: make room, then run this again with the same new MASTER_KEY\n`,
  );
  expect(exitCode).toBe(1);
  expect(readFileSync(path, 'utf8')).toBe(before);
  expect((await rotate()).exitCode).toBe(0);
  expect(readFileSync(path, 'utf8')).toContain('n'.repeat(40));
});
