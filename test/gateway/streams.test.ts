// Guarantee: a stream seen through Tollgate is the provider's, byte for byte; no end is pretended; nobody's leaving leaks.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import {
  chatCompletion,
  chatStream,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const CHAT = '/v1/chat/completions';
/** A failing provider rests afterwards, so each test that breaks one has a provider of its own. */
const PROVIDERS = ['up', 'cut', 'fin', 'silent', 'left', 'early', 'stalled'] as const;

function asked(provider: (typeof PROVIDERS)[number] = 'up') {
  return { model: `${provider}/m`, stream: true, stream_options: { include_usage: true }, messages: [] };
}

const UNASKED = { model: 'up/m', stream: true, messages: [] };

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let seen = 0;

beforeAll(async () => {
  upstream = await startScriptedUpstream(() => jsonAnswer(chatCompletion('ok')));
  tollgate = await startTollgate({
    ...Object.fromEntries(
      PROVIDERS.flatMap((name) => [
        [`${name.toUpperCase()}_API_KEY`, `sk-${name}`],
        [`${name.toUpperCase()}_API_BASE`, `${upstream.url}/v1`],
      ]),
    ),
    TIMEOUT_READ_STREAMING: '1',
    TIMEOUT_WRITE: '1',
  });
});

afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

/** The event of the one request made since the last call. */
async function theEvent() {
  const rows = await tollgate.usageEvents(seen + 1);
  expect(rows.length).toBe(seen + 1);
  seen = rows.length;
  const row = rows.at(-1);
  if (!row) throw new Error('no event');
  return row;
}

describe('a stream', () => {
  test('equals the provider’s, byte for byte, however it was cut', async () => {
    const whole = chatStream(['Grüße ', '日本', '🚀', '"quoted"\\n']).join('');
    const bytes = new TextEncoder().encode(`: keep-alive\r\n\r\n${whole}`);
    for (const size of [1, 7, 64, bytes.byteLength]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.byteLength; at += size) pieces.push(bytes.slice(at, at + size));
      upstream.play(() => streamAnswer(pieces));
      const response = await tollgate.post(CHAT, asked());
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
      const row = await theEvent();
      expect([row.input_tokens, row.output_tokens, row.outcome, row.finish_reason]).toEqual([
        11,
        7,
        'final',
        'stop',
      ]);
    }
  });

  test('loses the usage chunk, and nothing else, when the caller did not ask for it', async () => {
    const pieces = chatStream(['a', 'b']);
    const expected = pieces.filter((piece) => !piece.includes('prompt_tokens')).join('');
    const bytes = new TextEncoder().encode(pieces.join(''));
    for (const size of [1, 50, bytes.byteLength]) {
      const cut: Uint8Array[] = [];
      for (let at = 0; at < bytes.byteLength; at += size) cut.push(bytes.slice(at, at + size));
      upstream.play(() => streamAnswer(cut));
      expect(await (await tollgate.post(CHAT, UNASKED)).text()).toBe(expected);
      expect(upstream.requests.at(-1)?.json?.stream_options).toEqual({ include_usage: true });
      expect((await theEvent()).output_tokens).toBe(7);
    }
  });

  test('keeps a first chunk with empty choices and no usage, and a usage that rides on a finish chunk', async () => {
    const pieces = [
      'data: {"choices":[],"prompt_filter_results":[]}\n\n',
      'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n',
      'data: [DONE]\n\n',
    ];
    upstream.play(() => streamAnswer(pieces));
    expect(await (await tollgate.post(CHAT, UNASKED)).text()).toBe(pieces.join(''));
    expect((await theEvent()).input_tokens).toBe(3);
  });

  test('keeps fields nobody here knows, in both directions', async () => {
    upstream.play(() => streamAnswer(chatStream(['a'])));
    const text =
      '{"zeta":1.0, "model" : "up/m","big":12345678901234567890,"stream":true,"stream_options":{"include_usage":true},"messages":[]}';
    await (await tollgate.post(CHAT, text)).text();
    expect(upstream.requests.at(-1)?.body).toBe(text.replace('"up/m"', '"m"'));
    await theEvent();
  });

  test('whose provider dies ends in an error event, never in [DONE]', async () => {
    for (const [provider, end] of [
      ['cut', [{ cut: true }]],
      ['fin', []],
    ] as const) {
      upstream.play(() => streamAnswer(chatStream(['a', 'b']).slice(0, 3), { end, gapMs: 5 }));
      const text = await (await tollgate.post(CHAT, asked(provider))).text();
      expect(text).toContain('"upstream_interrupted"');
      expect(text).not.toContain('[DONE]');
      const row = await theEvent();
      expect([row.outcome, row.provenance, row.error_type]).toEqual(['error', 'estimated', 'interrupted']);
      expect(row.output_tokens).toBeGreaterThan(0);
    }
  });

  test('without [DONE] but with its finish reason counts as whole', async () => {
    upstream.play(() => streamAnswer(chatStream(['a']).slice(0, -1)));
    await (await tollgate.post(CHAT, asked())).text();
    expect((await theEvent()).outcome).toBe('final');
  });

  test('that falls silent is ended at the idle limit', async () => {
    upstream.play(() => streamAnswer(chatStream(['a']).slice(0, 2), { end: [{ hang: true }] }));
    const text = await (await tollgate.post(CHAT, asked('silent'))).text();
    expect(text).toContain('"upstream_interrupted"');
    expect((await theEvent()).error_type).toBe('timeout_idle');
    await until(() => upstream.running() === 0);
  });

  test('asked for, but answered as JSON, is relayed as JSON; and the reverse', async () => {
    upstream.play(() => jsonAnswer(chatCompletion('whole')));
    expect(await (await tollgate.post(CHAT, asked())).json()).toEqual(chatCompletion('whole'));
    expect((await theEvent()).output_tokens).toBe(7);
    upstream.play(() => streamAnswer(chatStream(['a'])));
    expect(await (await tollgate.post(CHAT, { model: 'up/m', messages: [] })).text()).toContain('[DONE]');
    expect((await theEvent()).output_tokens).toBe(7);
  });
});

describe('a caller who leaves', () => {
  test('in mid-stream ends the call upstream within a second, with one event', async () => {
    upstream.play(() => streamAnswer(chatStream(['some words ']).slice(0, 2), { end: [{ hang: true }] }));
    const response = await tollgate.post(CHAT, asked('left'));
    const reader = response.body?.getReader();
    await reader?.read();
    const before = Date.now();
    await reader?.cancel();
    await until(() => upstream.running() === 0);
    expect(Date.now() - before).toBeLessThan(1_000);
    const row = await theEvent();
    expect([row.outcome, row.provenance, row.status]).toEqual(['aborted', 'estimated', 499]);
  });

  test('before the answer ends the call too', async () => {
    upstream.play(() => ({ steps: [], before: [{ hang: true }] }));
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${tollgate.key}` };
    const body = JSON.stringify({ model: 'early/m', messages: [] });
    const asked = fetch(`${tollgate.url}${CHAT}`, { method: 'POST', headers, body, signal: gone.signal });
    await until(() => upstream.running() === 1);
    gone.abort();
    await asked.catch(() => {});
    await until(() => upstream.running() === 0);
    const row = await theEvent();
    expect([row.outcome, row.provenance]).toEqual(['aborted', 'unknown']);
  });

  test('while held back ends the call too: nothing is written then that could fail', async () => {
    const megabyte = `data: {"choices":[{"index":0,"delta":{"content":"${'x'.repeat(1_000_000)}"}}]}\n\n`;
    upstream.play(() => streamAnswer(Array.from({ length: 200 }, () => megabyte)));
    const socket = await askAndStall();
    await until(() => upstream.running() === 1);
    await Bun.sleep(300);
    const before = Date.now();
    socket.destroy();
    await until(() => upstream.running() === 0);
    expect(Date.now() - before).toBeLessThan(500);
    expect((await theEvent()).outcome).toBe('aborted');
  });

  test('C2: who stops reading is held back, and cut at the write limit; the provider feels the pressure', async () => {
    const megabyte = `data: {"choices":[{"index":0,"delta":{"content":"${'x'.repeat(1_000_000)}"}}]}\n\n`;
    upstream.play(() => streamAnswer(Array.from({ length: 200 }, () => megabyte)));
    const before = process.memoryUsage.rss();
    const socket = await askAndStall();
    await until(() => upstream.running() === 1);
    await until(() => upstream.running() === 0, 10_000);
    expect((process.memoryUsage.rss() - before) / 1e6).toBeLessThan(120);
    socket.destroy();
    expect((await theEvent()).outcome).toBe('aborted');
  });
});

/** Sends a request on a raw socket and never reads the answer. */
async function askAndStall(): Promise<Socket> {
  const { port } = new URL(tollgate.url);
  const body = JSON.stringify(asked('stalled'));
  const socket = connect(Number(port), '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.pause();
  socket.write(
    `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${tollgate.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

async function until(isTrue: () => boolean, limitMs = 5_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await Bun.sleep(10);
  }
}
