// Guarantee: what `npm run build` makes is the whole program, and bin/tollgate never runs a build that is older than its sources.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ASSET_SOURCES } from '../../src/console/assets/create-assets.ts';
import { buildProgram } from '../../tools/build-program.ts';
import { type SpawnedTollgate, spawnTollgate } from '../support/spawn-tollgate.ts';

const ROOT = resolve(import.meta.dir, '../..');
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-built-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A place like a checkout: its command line, its packages, and no more. */
function place(name: string): string {
  const at = join(folder, name);
  mkdirSync(join(at, 'src/core'), { recursive: true });
  cpSync(join(ROOT, 'bin'), join(at, 'bin'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(at, 'node_modules'));
  for (const file of [
    'package.json',
    'package-lock.json',
    'src/main.ts',
    'src/core/price.ts',
    'tsconfig.json',
  ]) {
    writeFileSync(join(at, file), /^(package|tsconfig)\.json$/.test(file) ? '{}' : '');
    utimesSync(join(at, file), LONG_AGO, LONG_AGO);
  }
  for (const room of ['src', 'src/core']) utimesSync(join(at, room), LONG_AGO, LONG_AGO);
  return at;
}

function mainOf(at: string, name: 'src' | 'dist', says: string): void {
  const file = name === 'src' ? 'main.ts' : 'main.js';
  mkdirSync(join(at, name), { recursive: true });
  writeFileSync(join(at, name, file), `console.log(${JSON.stringify(says)})`);
  const time = name === 'src' ? LONG_AGO : new Date(LONG_AGO.getTime() + 1_000);
  utimesSync(join(at, name, file), time, time);
  utimesSync(join(at, name), time, time);
}

function says(at: string): string {
  const done = Bun.spawnSync([join(at, 'bin/tollgate')], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '' },
  });
  return done.stdout.toString().trim() || done.stderr.toString();
}

test('bin/tollgate runs the sources without a build, and the build while nothing is newer', () => {
  const at = place('choice');
  mainOf(at, 'src', 'sources');
  expect(says(at)).toBe('sources');
  mainOf(at, 'dist', 'build');
  expect(says(at)).toBe('build');
  for (const changed of [
    'src/core/price.ts',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'src/core',
  ]) {
    const now = new Date();
    utimesSync(join(at, changed), now, now);
    expect([changed, says(at)]).toEqual([changed, 'sources']);
    utimesSync(join(at, changed), LONG_AGO, LONG_AGO);
    expect(says(at)).toBe('build');
  }
});

test('a build that fails leaves the one before alone', async () => {
  const outdir = join(folder, 'kept');
  mkdirSync(outdir);
  writeFileSync(join(outdir, 'main.js'), 'the one before');
  await expect(buildProgram({ outdir, preload: '/nowhere/at-all.ts' })).rejects.toThrow();
  expect(readFileSync(join(outdir, 'main.js'), 'utf8')).toBe('the one before');
});

test('npm start goes on where nothing can be built, npm run build does not', () => {
  const at = join(folder, 'broken');
  for (const part of ['src', 'tools', 'bin', 'tsconfig.json', 'package.json'])
    cpSync(join(ROOT, part), join(at, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(at, 'node_modules'));
  writeFileSync(join(at, 'src/cli/listen.ts'), 'export const = ;');
  const build = (...args: string[]) => {
    const { exitCode, stderr } = Bun.spawnSync([join(at, 'bin/bun'), 'tools/build-program.ts', ...args], {
      cwd: at,
      env: { PATH: process.env.PATH ?? '' },
    });
    return { exitCode, stderr: stderr.toString() };
  };
  expect(build().exitCode).toBe(1);
  const started = build('--if-possible');
  expect(started.exitCode).toBe(0);
  expect(started.stderr).toMatch(/^nothing could be built \(.+\); what is there runs\n$/);
  expect(existsSync(join(at, 'dist'))).toBe(false);
});

test('the built program serves, stores, counts and shows pages, without a source beside it', async () => {
  const at = place('whole');
  await buildProgram({ outdir: join(at, 'dist') });
  const house = await spawnTollgate({}, mkdtempSync(join(folder, 'house-')), join(at, 'bin/tollgate'));
  try {
    expect(readFileSync(`/proc/${house.pid}/cmdline`, 'utf8')).toContain(`${at}/dist/main.js`);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect((await house.run(['--version'])).stdout).toBe(`${version} on Bun ${Bun.version}\n`);
    await house.run(['user', 'create', 'ann']);
    const key = (await house.run(['key', 'create', '--user', 'ann', '--name', 'k'])).stdout
      .trim()
      .split('\n')
      .at(-1);
    const ask = (path: string, body: unknown) =>
      fetch(`${house.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const messages = [{ role: 'user', content: 'Hello, Tollgate' }];
    const answer = await ask('/v1/chat/completions', { model: 'demo/echo', messages });
    expect(answer.status).toBe(200);
    // The thread of the tokenizer.
    const counted = await ask('/v1/token-count', { model: 'demo/echo', messages });
    expect(await counted.json()).toMatchObject({ method: 'o200k_base' });
    // The thread of the database: the row is written by it and read by another process.
    await untilStored(house);
    const signIn = await fetch(`${house.url}/ui/sign-in`);
    expect(signIn.status).toBe(200);
    const page = await signIn.text();
    const seen: string[] = [];
    for (const [name, source] of Object.values(ASSET_SOURCES)) {
      const path = new RegExp(`/ui/assets/${name.replace('.', '\\.[0-9a-f]+\\.')}`).exec(page)?.[0];
      if (path === undefined) continue;
      const served = await (await fetch(`${house.url}${path}`)).text();
      const original = readFileSync(Bun.resolveSync(source, join(ROOT, 'src/console/assets')), 'utf8');
      expect([name, served === original]).toEqual([name, true]);
      seen.push(name);
    }
    expect(seen).toEqual(expect.arrayContaining(['app.css', 'client.js']));
  } finally {
    await house.remove();
  }
}, 60_000);

async function untilStored(house: SpawnedTollgate): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    const { stdout } = await house.run(['usage', 'export', '--format', 'csv']);
    if (stdout.includes('demo/echo')) return;
    await Bun.sleep(100);
  }
  throw new Error('the event was not stored');
}
