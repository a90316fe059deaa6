// Guarantee: a large prompt is not kept for as long as its answer takes. While its provider thinks, one copy is held for
// another try; once the answer has begun, only the beginning that errors are searched for.
// Attack: many agents at once, each with a conversation of a megabyte and an answer that goes on for minutes.

import { fullGC, heapStats } from 'bun:jsc';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Socket } from 'bun';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const AT_ONCE = 16;
const MESSAGES = 2_000;
const MESSAGE_CHARS = 500;
const MEGABYTE = 1_000_000;

const messages = Array.from({ length: MESSAGES }, (_, index) => ({
  role: index % 2 === 0 ? 'user' : 'assistant',
  content: `${index} `.padEnd(MESSAGE_CHARS, 'word '),
}));
/** Both formats understand it. */
const BODY = JSON.stringify({ model: 'x/m', stream: true, max_tokens: 100, messages });
const CHUNK =
  '{"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"hello"}}]}';
const FIRST = `data: ${CHUNK}\n\n`;
const LAST = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';

let upstream: ReturnType<typeof startUpstream>;
let provider: ScriptedUpstream;
let tollgate: TestTollgate;

beforeAll(async () => {
  upstream = startUpstream();
  provider = await startScriptedUpstream((_, index) =>
    index === 0
      ? { status: 500, steps: [] }
      : { headers: { 'content-type': 'text/event-stream' }, steps: [{ send: FIRST + LAST }] },
  );
  tollgate = await startTollgate({
    X_API_KEY: 'sk-x',
    X_API_BASE: `http://127.0.0.1:${upstream.port}/v1`,
    Y_API_KEY_1: 'sk-1',
    Y_API_KEY_2: 'sk-2',
    Y_API_BASE: `${provider.url}/v1`,
  });
});

afterAll(async () => {
  await tollgate?.stop();
  await provider?.stop();
  upstream?.stop();
});

test('while the provider thinks, and while it answers', async () => {
  const before = held();
  const calls = Array.from({ length: AT_ONCE }, () => send('/v1/chat/completions'));
  await upstream.asked(AT_ONCE);
  const thinking = since(before);
  // One copy, and the quarter of a megabyte that is searched; no messages as objects.
  expect(thinking.bytes / AT_ONCE).toBeLessThan(1.6 * MEGABYTE);
  expect(thinking.objects).toBeLessThan(MESSAGES);
  await answerAll(calls, before);
});

test('while it answers in translation, which asks for the messages until then', async () => {
  const before = held();
  const calls = Array.from({ length: AT_ONCE }, () => send('/v1/messages'));
  await upstream.asked(AT_ONCE);
  await answerAll(calls, before);
});

async function answerAll(calls: ReturnType<typeof send>[], before: ReturnType<typeof held>): Promise<void> {
  upstream.say(FIRST);
  const readers = await Promise.all(calls);
  const answering = since(before);
  // The callers live in this process too: each of their streams counts for a third of a megabyte.
  expect(answering.bytes / AT_ONCE).toBeLessThan(0.75 * MEGABYTE);
  expect(answering.objects).toBeLessThan(MESSAGES);
  upstream.say(LAST);
  for (const reader of readers) expect(await rest(reader)).toMatch(/\[DONE\]|message_stop/);
}

/** One body for all callers, so that theirs do not count. Resolves with the first of the answer. */
async function send(path: string) {
  const response = await tollgate.post(path, BODY);
  expect(response.status).toBe(200);
  const reader = response.body?.getReader();
  if (!reader) throw new Error('an answer without a body');
  const { value } = await reader.read();
  expect(new TextDecoder().decode(value as Uint8Array)).toContain('hello');
  return reader;
}

async function rest(reader: Awaited<ReturnType<typeof send>>): Promise<string> {
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return text;
    text += new TextDecoder().decode(value as Uint8Array);
  }
}

function held() {
  fullGC();
  const { heapSize, objectTypeCounts } = heapStats();
  return { bytes: heapSize, objects: objectTypeCounts.Object ?? 0 };
}

function since(before: ReturnType<typeof held>) {
  const now = held();
  return { bytes: now.bytes - before.bytes, objects: now.objects - before.objects };
}

/** A provider that keeps nothing of what it is asked and says what it is told to, to all at once. */
function startUpstream() {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
  const sockets = new Set<Socket<{ bytes: number }>>();
  const server = Bun.listen<{ bytes: number }>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { bytes: 0 };
        sockets.add(socket);
      },
      data: (socket, bytes) => {
        socket.data.bytes += bytes.length;
      },
      close: (socket) => {
        sockets.delete(socket);
      },
    },
  });
  return {
    port: server.port,
    asked: async (count: number) => {
      while ([...sockets].filter(({ data }) => data.bytes > MEGABYTE).length < count) await Bun.sleep(5);
    },
    say: (text: string) => {
      const chunk = `${text.length.toString(16)}\r\n${text}\r\n`;
      for (const socket of sockets) {
        socket.data.bytes = 0;
        socket.write(text === FIRST ? head + chunk : `${chunk}0\r\n\r\n`);
      }
    },
    stop: () => server.stop(true),
  };
}

test('goes out as it came but for its model, as often as it is tried', async () => {
  const text = (model: string, more: string) =>
    `{ "messages" : ${JSON.stringify([{ role: 'user', content: 'Grüße 😀 漢字 '.repeat(20_000) }])},"model": "${model}" ,"stream":true${more}}`;
  const response = await tollgate.post('/v1/chat/completions', text('y/größer-1', ''));
  expect([response.status, (await response.text()).includes('[DONE]')]).toEqual([200, true]);
  const sent = text('größer-1', ',"stream_options":{"include_usage":true}');
  expect(provider.requests).toHaveLength(2);
  for (const { body } of provider.requests) expect(body === sent).toBe(true);
});
