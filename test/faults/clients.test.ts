// Faults of callers (faults.md C3, C5, C6): half-open connections, the same request twice, a thousand that drop at once.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { openStore } from '../../src/store/open-store.ts';
import {
  chatCompletion,
  chatStream,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { spawnTollgate } from '../support/spawn-tollgate.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

setDefaultTimeout(90_000);
const CHAT = '/v1/chat/completions';
const STREAM = { model: 'up/m', stream: true, messages: [{ role: 'user', content: 'hi' }] };
let upstream: ScriptedUpstream;
let tollgate: TestTollgate;

beforeAll(async () => {
  upstream = await startScriptedUpstream(() => jsonAnswer(chatCompletion('ok')));
  tollgate = await startTollgate({
    UP_API_KEY: 'sk-up',
    UP_API_BASE: `${upstream.url}/v1`,
    MAX_CONCURRENT_REQUESTS_PER_KEY_UP: '0',
    TIMEOUT_WRITE: '1',
  });
});
afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

async function metric(name: string, url = tollgate.url): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^tollgate_${name} (\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2_400; tries++) {
    if (await what()) return;
    await Bun.sleep(25);
  }
  throw new Error('it did not come to that in a minute');
}

test('C5: Idempotency-Key is not supported, as documented: two requests are two events, and the key stays here', async () => {
  const body = { ...STREAM, stream: false };
  const before = upstream.requests.length;
  const known = (await tollgate.usageEvents(0)).length;
  await Promise.all(
    [1, 2].map(async () => (await tollgate.post(CHAT, body, { 'idempotency-key': 'same' })).text()),
  );
  expect(upstream.requests.length - before).toBe(2);
  for (const request of upstream.requests.slice(before))
    expect(request.headers['idempotency-key']).toBeUndefined();
  const rows = await tollgate.usageEvents(known + 2);
  expect(rows.length - known).toBe(2);
  expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
});

test('C3: a caller that is gone without a word is noticed by the write limit, and the provider is let go', async () => {
  const big = chatStream(Array.from({ length: 4_000 }, () => 'x'.repeat(4_000)));
  upstream.play(() => streamAnswer(big));
  const known = (await tollgate.usageEvents(0)).length;
  const body = JSON.stringify(STREAM);
  const socket = connect(Number(new URL(tollgate.url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write(
    `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tollgate.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await until(() => upstream.running() === 1);
  await until(() => upstream.running() === 0);
  const rows = await tollgate.usageEvents(known + 1);
  expect(rows.length - known).toBe(1);
  expect(rows.at(-1)?.outcome).toBe('aborted');
  expect(await metric('streams_running')).toBe(0);
  socket.destroy();
});

// In a process of its own: inside `bun test` the runtime lets only 256 calls out at once.
test('C6: a thousand streams that all drop at once: a row for each, and nothing stays behind', async () => {
  const COUNT = 1_000;
  const MASTER = 'the-master-key-0123456789';
  upstream.play(() => streamAnswer(chatStream(['one']).slice(0, 2), { end: [{ hang: true }] }));
  const house = await spawnTollgate({
    PROXY_API_KEY: MASTER,
    UP_API_KEY: 'sk-up',
    UP_API_BASE: `${upstream.url}/v1`,
  });
  const body = JSON.stringify(STREAM);
  const head = `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${MASTER}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const sockets: Socket[] = [];
  while (sockets.length < COUNT) {
    // In parties, because the queue of connections not yet accepted is short.
    for (let index = 0; index < 100; index++) {
      const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.write(head + body);
      sockets.push(socket);
    }
    await until(() => upstream.running() === sockets.length);
  }
  for (const socket of sockets) socket.destroy();
  await until(() => upstream.running() === 0);
  await until(async () => (await metric('requests_in_flight', house.url)) === 0);
  expect(await metric('streams_running', house.url)).toBe(0);
  expect(await metric('ledger_open_marks', house.url)).toBe(0);
  house.kill('SIGTERM');
  expect(await house.exited).toBe(0);
  const store = await openStore({ path: join(house.workDir, 'data', 'tollgate.db'), mode: 'inline' });
  const rows = await store.read.selectFrom('usage_events').select('outcome').execute();
  await store.close();
  await house.remove();
  expect(rows.length).toBe(COUNT);
  expect(rows.every((row) => row.outcome === 'aborted')).toBe(true);
});
