// Faults of the process (faults.md P1, P3, P4, P6, P7): a server that is told to end, that breaks, that runs out of
// descriptors, that is changed in mid-stream, or whose log nobody reads, keeps its word about usage.
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogSink } from '../../src/lib/log-sink.ts';
import { openStore } from '../../src/store/open-store.ts';
import {
  chatStream,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { type SpawnedTollgate, spawnTollgate } from '../support/spawn-tollgate.ts';

setDefaultTimeout(90_000);
const CHAT = '/v1/chat/completions';
const MASTER = 'the-master-key-0123456789';
let upstream: ScriptedUpstream;
let running: SpawnedTollgate[] = [];
let folder = '';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-process-'));
  upstream = await startScriptedUpstream(() => streamAnswer(chatStream(['a', 'b', 'c']), { gapMs: 20 }));
});
afterEach(async () => {
  for (const each of running) await each.remove();
  running = [];
  await upstream.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(environment: Record<string, string> = {}): Promise<SpawnedTollgate> {
  const tollgate = await spawnTollgate(
    { PROXY_API_KEY: MASTER, UP_API_KEY: 'sk-up', UP_API_BASE: `${upstream.url}/v1`, ...environment },
    join(folder),
  );
  running.push(tollgate);
  return tollgate;
}

function stream(tollgate: SpawnedTollgate, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(tollgate.url + CHAT, {
    method: 'POST',
    headers: { authorization: `Bearer ${MASTER}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'up/m', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
  });
}

async function events() {
  const store = await openStore({ path: join(folder, 'data', 'tollgate.db'), mode: 'inline' });
  const rows = await store.read.selectFrom('usage_events').selectAll().execute();
  await store.close();
  return rows;
}

const slow = () => streamAnswer(chatStream(['one', 'two', 'three']), { gapMs: 300 });
const endless = () => streamAnswer([...chatStream(['one']).slice(0, 2)], { end: [{ hang: true }] });

async function untilRunning(count: number): Promise<void> {
  for (let tries = 0; upstream.running() < count && tries < 1_000; tries++) await Bun.sleep(10);
}

test('P1: SIGTERM with 100 streams: new ones are refused, running ones finish, each has its row, exit status 0', async () => {
  upstream.play(slow);
  const tollgate = await start({ SHUTDOWN_GRACE_SECONDS: '30' });
  const texts = Array.from({ length: 100 }, async () => (await stream(tollgate)).text());
  await untilRunning(100);
  tollgate.kill('SIGTERM');
  await Bun.sleep(100);
  const late = await stream(tollgate).catch(() => null);
  if (late) expect(late.status).toBe(503);
  const finished = await Promise.all(texts);
  expect(finished.filter((text) => text.includes('[DONE]')).length).toBe(100);
  expect(await tollgate.exited).toBe(0);
  const rows = await events();
  expect(rows.length).toBe(100);
  expect(rows.every((row) => row.outcome === 'final')).toBe(true);
});

test('P1: a second SIGTERM cuts the grace time: each stream ends in an error event and has its row', async () => {
  // Half of them have not had a word from their provider yet.
  upstream.play((_, index) => (index % 2 === 0 ? endless() : { before: [{ hang: true }], steps: [] }));
  const tollgate = await start({ SHUTDOWN_GRACE_SECONDS: '60', GLOBAL_TIMEOUT: '60' });
  const texts = Array.from({ length: 20 }, async () =>
    stream(tollgate)
      .then((answer) => answer.text())
      .catch(() => 'cut'),
  );
  await untilRunning(20);
  const startedMs = performance.now();
  tollgate.kill('SIGTERM');
  await Bun.sleep(200);
  tollgate.kill('SIGTERM');
  expect(await tollgate.exited).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(20_000);
  for (const text of await Promise.all(texts)) expect(text).not.toContain('[DONE]');
  const rows = await events();
  expect(rows.length).toBe(20);
  expect(rows.every((row) => row.outcome !== 'started' && row.outcome !== 'final')).toBe(true);
});

for (const [what, code] of [
  ['a floating rejection', "Promise.reject(new Error('planted'))"],
  ['a throw in a timer', "(() => { throw new Error('planted'); })()"],
] as const) {
  test(`P3: ${what}: the process writes down what is known and ends with a failure; never a zombie`, async () => {
    upstream.play(endless);
    const preload = join(folder, 'plant.ts');
    writeFileSync(preload, `process.on('SIGUSR2', () => setTimeout(() => { ${code}; }, 0));\n`);
    const tollgate = await start({ BUN_OPTIONS: `--preload=${preload}` });
    const texts = Array.from({ length: 5 }, async () => (await stream(tollgate)).text().catch(() => 'cut'));
    await untilRunning(5);
    process.kill(tollgate.pid, 'SIGUSR2');
    expect(await tollgate.exited).toBe(1);
    for (const text of await Promise.all(texts)) expect(text).not.toContain('[DONE]');
    expect(tollgate.output()).toContain('planted');
    const rows = await events();
    expect(rows.length).toBe(5);
    expect(rows.every((row) => row.outcome !== 'started')).toBe(true);
  });
}

test('P4: out of file descriptors: callers wait or are refused, nothing spins or dies, and it serves again', async () => {
  const tollgate = await start();
  const limit = Bun.spawnSync(['prlimit', `--pid=${tollgate.pid}`, '--nofile=80:80']);
  if (limit.exitCode !== 0) return console.log('P4 skipped: prlimit is not installed');
  const port = Number(new URL(tollgate.url).port);
  const sockets = Array.from({ length: 300 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await Bun.sleep(500);
  for (const socket of sockets) socket.destroy();
  let status = 0;
  for (let tries = 0; tries < 100 && status !== 200; tries++) {
    const answer = await stream(tollgate).catch(() => null);
    status = answer?.status ?? 0;
    await answer?.text().catch(() => '');
    if (status !== 200) await Bun.sleep(100);
  }
  expect(status).toBe(200);
  tollgate.kill('SIGTERM');
  expect(await tollgate.exited).toBe(0);
});

test('P6: a key revoked in mid-stream: the stream ends as it would, the next request is refused', async () => {
  upstream.play(slow);
  const tollgate = await start();
  await tollgate.run(['user', 'create', 'ann']);
  const key = (await tollgate.run(['key', 'create', '--user', 'ann', '--name', 'k'])).stdout.trim();
  const list = (await tollgate.run(['key', 'list'])).stdout;
  const id = /key_[0-9a-f]{32}/.exec(list)?.[0] ?? '';
  const headers = { authorization: `Bearer ${key}` };
  const answer = await stream(tollgate, headers);
  expect(answer.status).toBe(200);
  expect((await tollgate.run(['key', 'revoke', id])).exitCode).toBe(0);
  expect((await stream(tollgate, headers)).status).toBe(401);
  expect(await answer.text()).toContain('[DONE]');
});

test('P6: SIGHUP with a bad file: the old configuration stays, and the log says so', async () => {
  const tollgate = await start();
  writeFileSync(join(folder, 'tollgate.yaml'), 'providers: [not, a, map]\n');
  tollgate.kill('SIGHUP');
  for (let tries = 0; tries < 200 && !tollgate.output().includes('the old one stays'); tries++)
    await Bun.sleep(25);
  expect(tollgate.output()).toContain('the old one stays');
  expect(await (await stream(tollgate)).text()).toContain('[DONE]');
});

test('P7: a log that nobody reads stops nothing: requests are served, usage is kept, the process can end', async () => {
  const child = Bun.spawn(
    ['sh', '-c', 'exec "$0" serve --port 0 2> "$1"', join(import.meta.dir, '../../bin/tollgate'), fifo()],
    {
      cwd: folder,
      env: {
        PATH: process.env.PATH ?? '',
        PROXY_API_KEY: MASTER,
        UP_API_KEY: 'sk-up',
        UP_API_BASE: `${upstream.url}/v1`,
      },
      stdout: 'pipe',
    },
  );
  const reader = child.stdout.getReader();
  let text = '';
  while (!text.includes('listening on')) text += new TextDecoder().decode((await reader.read()).value);
  const url = /listening on (\S+)/.exec(text)?.[1] ?? '';
  // Each bad reload writes a line; a pipe holds 64 KiB of them.
  writeFileSync(join(folder, 'tollgate.yaml'), `${'x'.repeat(3_000)}: 1\n`);
  for (let round = 0; round < 60; round++) {
    child.kill('SIGHUP');
    await Bun.sleep(10);
  }
  const answer = await fetch(url + CHAT, {
    method: 'POST',
    headers: { authorization: `Bearer ${MASTER}` },
    body: JSON.stringify({ model: 'up/m', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    signal: AbortSignal.timeout(20_000),
  });
  expect(await answer.text()).toContain('[DONE]');
  child.kill('SIGTERM');
  expect(await child.exited).toBe(0);
  expect((await events()).length).toBe(1);
});

/** A named pipe that is opened for reading and never read. */
function fifo(): string {
  const path = join(folder, 'log.fifo');
  Bun.spawnSync(['mkfifo', path]);
  const holder = Bun.spawn(['sh', '-c', 'exec 3<> "$0"; sleep 60', path]);
  holder.unref();
  holders.push(holder);
  return path;
}
const holders: Bun.Subprocess[] = [];
afterEach(() => {
  for (const holder of holders.splice(0)) holder.kill();
});

test('P7: the sink is bounded, tells how much it dropped, and goes on', async () => {
  const written: string[] = [];
  let release: (() => void) | null = null;
  const sink = createLogSink((bytes, done) => {
    written.push(bytes.toString());
    release = () => done(null, bytes.length);
  }, 1_000);
  for (let index = 0; index < 100; index++) sink.write(`${'x'.repeat(99)}\n`);
  expect(await sink.flush(20)).toBe(false);
  while (release) {
    const go: () => void = release;
    release = null;
    go();
  }
  expect(written.join('').length).toBeLessThan(1_300);
  expect(written.join('')).toContain('"dropped":90');
  expect(await sink.flush(20)).toBe(true);
});
