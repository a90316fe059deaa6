// Guarantee: a request that has ended is garbage to a collection of the young. What keeps it alive until the next full one
// (a Set or Map that it came into and left, a list that still points to it) would make every second collection a full one.

import { edenGC, fullGC, heapStats } from 'bun:jsc';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { saveLimit } from '../../src/store/limits.ts';
import { sampleLimit } from '../support/samples.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const ROUNDS = 4;
const REQUESTS = 300;
const AT_ONCE = 20;

const ANSWER = JSON.stringify({
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
});
const EVENTS = [
  '{"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"hello"}}]}',
  '{"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
  '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}',
  '[DONE]',
];
const STREAM = EVENTS.map((event) => `data: ${event}\n\n`).join('');

let upstream: ReturnType<typeof startUpstream>;
let tollgate: TestTollgate;

beforeAll(async () => {
  upstream = startUpstream();
  tollgate = await startTollgate({ X_API_KEY: 'sk-x', X_API_BASE: `http://127.0.0.1:${upstream.port}/v1` });
  // With a budget a request leaves a mark in the ledger as well.
  const limit = sampleLimit({ kind: 'budget_tokens', amount: 1e12, period: 'day' });
  await saveLimit(tollgate.store.write, limit, 1);
  await tollgate.reload();
});

afterAll(async () => {
  await tollgate?.stop();
  upstream?.stop(true);
});

for (const stream of [false, true])
  test(`whether it was ${stream ? 'a stream' : 'answered whole'}`, async () => {
    await send(REQUESTS, stream);
    const survivors: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      fullGC();
      const before = requestObjects();
      await send(REQUESTS, stream);
      edenGC();
      survivors.push(requestObjects() - before);
    }
    // Those of the last moment may still be in somebody's hands.
    expect(Math.max(...survivors)).toBeLessThan(REQUESTS / 3);
  });

/** The server's own: its callers here make none, and neither does the provider. */
function requestObjects(): number {
  return heapStats().objectTypeCounts.Request ?? 0;
}

async function send(count: number, stream: boolean): Promise<void> {
  const messages = [{ role: 'user', content: 'hello' }];
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    const calls = Array.from({ length: AT_ONCE }, async () => {
      const response = await tollgate.post('/v1/chat/completions', { model: 'x/m', messages, stream });
      expect([response.status, (await response.text()).includes('hello')]).toEqual([200, true]);
    });
    await Promise.all(calls);
  }
}

/** A provider of few objects: it answers each read with the whole of one answer. */
function startUpstream() {
  const head = (type: string, body: string) =>
    `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const whole = head('application/json', ANSWER);
  const streamed = head('text/event-stream', STREAM);
  return Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data: (socket, bytes) => {
        socket.write(bytes.includes('"stream":true') ? streamed : whole);
      },
    },
  });
}
