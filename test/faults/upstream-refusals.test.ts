// Faults U8 to U14 of a provider: what the caller sees and what the ledger holds. A provider's 401 is never the caller's
// own; wait hints reach the caller in a form that SDKs survive; nothing is followed, nothing grows without a bound.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createServer } from 'node:net';
import { type FaultHouse, keyOf, startFaultHouse } from '../support/fault-house.ts';
import {
  chatCompletion,
  chatStream,
  jsonAnswer,
  type ScriptedAnswer,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate } from '../support/start-tollgate.ts';

let house: FaultHouse;
beforeAll(async () => {
  house = await startFaultHouse({ GLOBAL_TIMEOUT: '8', SMALL_COOLDOWN_RETRY_THRESHOLD: '1' });
});
afterAll(() => house?.stop());

const STREAM = { stream: true };
const fine = () => jsonAnswer(chatCompletion('fine'));
/** The first key answers so, the second well. */
const firstKey = (answer: ScriptedAnswer) => (request: Parameters<typeof keyOf>[0]) =>
  keyOf(request) === 'key-1' ? answer : request.json?.stream ? streamAnswer(chatStream(['fine'])) : fine();

describe('U8: status 200, and an error inside', () => {
  const overloaded = 'data: {"error":{"type":"overloaded_error","message":"Overloaded"}}\n\n';

  test('as the very first event: another key is tried', async () => {
    const provider = house.provider(2, firstKey(streamAnswer([overloaded])));
    const seen = await house.ask(provider, STREAM);
    expect(seen.text).toContain('fine');
    expect(seen.text).not.toContain('verloaded');
    const { event, attempts } = await house.ledger();
    expect(event).toMatchObject({ outcome: 'final', attempts: 2 });
    expect(attempts[0]).toMatchObject({ failure: 'overloaded', outcome: 'error', cost_nano_usd: 0 });
  });

  test('in mid-stream: passed on, an error with the tokens so far', async () => {
    const provider = house.provider(1, () =>
      streamAnswer([...chatStream(['some ']).slice(0, 2), overloaded], { gapMs: 5 }),
    );
    const seen = await house.ask(provider, STREAM);
    expect(seen.text).toContain('some');
    expect(seen.text).toContain('overloaded_error');
    const { event } = await house.ledger();
    expect(event).toMatchObject({ outcome: 'error', attempts: 1, provenance: 'estimated' });
    expect(event.completion_tokens).toBeGreaterThan(0);
  });

  test('a whole answer that is nothing but an error: another key is tried', async () => {
    const provider = house.provider(
      2,
      firstKey(jsonAnswer({ error: { code: 502, message: 'upstream is ill' } })),
    );
    expect((await house.ask(provider)).text).toContain('fine');
    expect((await house.ledger()).attempts[0]).toMatchObject({ failure: 'server_error', status: 200 });
  });
});

describe('U9: usage in odd places and shapes', () => {
  const chunk = (usage: unknown, choices: unknown[] = []) =>
    `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices, usage })}\n\n`;
  const [head = '', word = '', finish = ''] = chatStream(['word'], null);
  const done = 'data: [DONE]\n\n';
  const asked = { stream: true, stream_options: { include_usage: true } };

  test.each([
    [
      'in every chunk: the last one wins',
      [
        head,
        chunk({ prompt_tokens: 11, completion_tokens: 1 }, [{ index: 0, delta: {} }]),
        word,
        finish,
        chunk({ prompt_tokens: 11, completion_tokens: 5 }),
        done,
      ],
      { prompt_tokens: 11, completion_tokens: 5, provenance: 'provider' },
    ],
    [
      'as text: read as numbers',
      [head, word, finish, chunk({ prompt_tokens: '12', completion_tokens: '3' }), done],
      { prompt_tokens: 12, completion_tokens: 3, provenance: 'provider' },
    ],
    ['none at all: estimated, never zero', [head, word, finish, done], { provenance: 'estimated' }],
    [
      'negative and huge: not believed',
      [head, word, finish, chunk({ prompt_tokens: -5, completion_tokens: 1e15 }), done],
      {},
    ],
  ])('%s', async (_, pieces, holds) => {
    const provider = house.provider(1, () => streamAnswer(pieces));
    const seen = await house.ask(provider, asked);
    expect(seen.text).toBe(pieces.join(''));
    const { event } = await house.ledger();
    expect(event).toMatchObject({ outcome: 'final', ...holds });
    for (const tokens of [event.prompt_tokens, event.completion_tokens]) {
      expect(tokens ?? 0).toBeGreaterThanOrEqual(0);
      expect(tokens ?? 0).toBeLessThan(1e8);
    }
    if (event.provenance === 'estimated') expect(event.completion_tokens).toBeGreaterThan(0);
  });
});

describe('U10: answers that are not what was asked', () => {
  test('JSON for a stream, and a stream for JSON: relayed faithfully, usage read', async () => {
    const json = house.provider(1, fine);
    expect((await house.ask(json, STREAM)).text).toBe(JSON.stringify(chatCompletion('fine')));
    expect((await house.ledger()).event).toMatchObject({ completion_tokens: 7, provenance: 'provider' });
    const stream = house.provider(1, () => streamAnswer(chatStream(['fine'])));
    expect((await house.ask(stream)).text).toContain('[DONE]');
    expect((await house.ledger()).event).toMatchObject({ completion_tokens: 7, provenance: 'provider' });
  });

  test('no compression is asked for', async () => {
    let encoding: unknown;
    const provider = house.provider(1, (request) => {
      encoding = request.headers['accept-encoding'];
      return fine();
    });
    await house.ask(provider);
    expect(encoding).toBe('identity');
    await house.ledger();
  });

  test('something that is no JSON is relayed and marked; it is never believed to be free', async () => {
    const provider = house.provider(1, () => ({
      headers: { 'content-type': 'text/html' },
      steps: [{ send: '<p>hello</p>' }],
    }));
    expect((await house.ask(provider)).text).toBe('<p>hello</p>');
    expect((await house.ledger()).event).toMatchObject({
      outcome: 'error',
      error_type: 'bad_answer',
      provenance: 'estimated',
    });
  });
});

describe('U11: wait hints', () => {
  const limited = (headers: Record<string, string>, status = 429) =>
    jsonAnswer({ error: { message: 'slow down' } }, status, headers);

  test('another key answers; the limited one is left alone', async () => {
    let onFirst = 0;
    const provider = house.provider(2, (request) => {
      if (keyOf(request) === 'key-1') onFirst += 1;
      return firstKey(limited({ 'retry-after': '30' }))(request);
    });
    for (let i = 0; i < 3; i++) {
      expect((await house.ask(provider)).status).toBe(200);
      const { attempts } = await house.ledger();
      expect(attempts.map((each) => each.failure)).toEqual(i === 0 ? ['rate_limit', null] : [null]);
    }
    expect(onFirst).toBe(1);
  });

  test('no key left: 429 with the hint passed on; a long one also tells SDKs not to sleep on it', async () => {
    const short = house.provider(1, () => limited({ 'retry-after': '20' }));
    const seen = await house.ask(short);
    expect(seen.status).toBe(429);
    expect(seen.headers.get('retry-after')).toBe('20');
    expect(seen.headers.get('x-should-retry')).toBeNull();
    expect((await house.ledger()).attempts).toMatchObject([
      { failure: 'rate_limit', outcome: 'error', cost_nano_usd: 0 },
    ]);
    const long = house.provider(1, () => limited({ 'retry-after': '100000' }));
    const refused = await house.ask(long);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('300');
    expect(refused.headers.get('x-should-retry')).toBe('false');
    await house.ledger();
    const again = await house.ask(long);
    expect(again.status).toBe(429);
    expect(again.text).toContain('all_targets_cooling');
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(290);
  });

  test('a short wait is waited out on the same key, whatever form the hint has', async () => {
    const soon = new Date(Date.now() + 1_000).toUTCString();
    for (const headers of [
      { 'retry-after-ms': '300' },
      { 'retry-after': '0.3' },
      { 'x-ratelimit-reset-requests': '300ms' },
      { 'retry-after': soon },
    ]) {
      let calls = 0;
      const provider = house.provider(1, () =>
        ++calls === 1 ? limited(headers as Record<string, string>) : fine(),
      );
      const seen = await house.ask(provider);
      expect([seen.status, calls]).toEqual([200, 2]);
      expect((await house.ledger()).attempts.map((each) => each.failure)).toEqual(['rate_limit', null]);
    }
  }, 20_000);
});

describe('U12: errors of the provider', () => {
  test.each([500, 502, 503, 529])('%d once: the caller never knows', async (status) => {
    let calls = 0;
    const provider = house.provider(1, () =>
      ++calls === 1 ? jsonAnswer({ error: { message: 'ill' } }, status) : fine(),
    );
    expect((await house.ask(provider)).status).toBe(200);
    expect((await house.ledger()).attempts.map((each) => [each.status, each.outcome])).toEqual([
      [status, 'error'],
      [200, 'final'],
    ]);
  });

  test('500 always: two calls, then 502 that says how many were tried', async () => {
    const provider = house.provider(1, () => jsonAnswer({ error: { message: 'ill' } }, 500));
    const seen = await house.ask(provider);
    expect(seen.status).toBe(502);
    expect(seen.text).toContain('2 targets tried');
    const { event, attempts } = await house.ledger();
    expect(event).toMatchObject({ outcome: 'error', cost_nano_usd: 0, attempts: 2 });
    expect(attempts).toHaveLength(2);
  });

  test.each([401, 403])('%d is told as our trouble, not the caller’s, and names no key', async (status) => {
    const provider = house.provider(1, () =>
      jsonAnswer({ error: { message: 'Incorrect API key provided: key-1' } }, status),
    );
    const seen = await house.ask(provider);
    expect(seen.status).toBe(502);
    expect(seen.text).not.toContain('key-1');
    expect(seen.text).not.toContain('crd_');
    expect((await house.ledger()).attempts).toHaveLength(1);
  });

  test('401 quarantines that key only: it is asked once, the other serves on', async () => {
    const asked: string[] = [];
    const provider = house.provider(2, (request) => {
      asked.push(keyOf(request));
      return firstKey(jsonAnswer({ error: { message: 'no' } }, 401))(request);
    });
    for (let i = 0; i < 3; i++) {
      expect((await house.ask(provider)).status).toBe(200);
      await house.ledger();
    }
    expect(asked).toEqual(['key-1', 'key-2', 'key-2', 'key-2']);
  });

  test('what the caller did wrong is said at once, by the provider’s own words, and burns no key (E5)', async () => {
    let calls = 0;
    const provider = house.provider(2, () => {
      calls += 1;
      return jsonAnswer(
        {
          error: {
            message: 'temperature must be below 2',
            type: 'invalid_request_error',
            param: 'temperature',
          },
        },
        400,
      );
    });
    for (let i = 0; i < 6; i++) {
      const seen = await house.ask(provider);
      expect(seen.status).toBe(400);
      expect(JSON.parse(seen.text)).toMatchObject({
        error: { message: 'temperature must be below 2', param: 'temperature' },
      });
      expect((await house.ledger()).attempts).toMatchObject([{ failure: 'invalid_request' }]);
    }
    expect(calls).toBe(6);
  });
});

test('U13: everything down: fast 503 with Retry-After, no matter how many ask, and the record of each stays small', async () => {
  const provider = house.provider(2, () => jsonAnswer({ error: { message: 'ill' } }, 500));
  let last = await house.ask(provider);
  for (let i = 0; i < 8 && last.status !== 503; i++) last = await house.ask(provider);
  expect(last.status).toBe(503);
  expect(last.text).toContain('all_targets_down');
  expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
  const before = house.upstream.requests.length;
  const startedMs = performance.now();
  const many = await Promise.all(Array.from({ length: 100 }, () => house.ask(provider)));
  expect(new Set(many.map((each) => each.status))).toEqual(new Set([503]));
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  expect(house.upstream.requests.length).toBe(before);
  const rows = await house.tollgate.store.read.selectFrom('usage_attempts').select(['event_id']).execute();
  const perEvent = Map.groupBy(rows, (row) => row.event_id);
  expect(Math.max(...[...perEvent.values()].map((each) => each.length))).toBeLessThanOrEqual(4);
});

describe('U14: strange answers', () => {
  let strange: FaultHouse;
  beforeAll(async () => {
    strange = await startFaultHouse();
  });
  afterAll(() => strange?.stop());

  test.each([301, 302, 307, 308])(
    'a redirect %d is not followed, and the key goes nowhere',
    async (status) => {
      const provider = strange.provider(1, () => ({
        status,
        headers: { location: `${strange.upstream.url}/elsewhere` },
        steps: [],
      }));
      const seen = await strange.ask(provider);
      expect(seen.status).toBe(502);
      expect(strange.upstream.requests.filter((request) => request.path.startsWith('/elsewhere'))).toEqual(
        [],
      );
      expect((await strange.ledger()).attempts).toMatchObject([{ failure: 'bad_answer', status }]);
    },
  );

  test('204 and an empty 200 are no answers', async () => {
    const empty = strange.provider(1, () => ({ status: 204, steps: [] }));
    expect((await strange.ask(empty)).status).toBe(502);
    expect((await strange.ledger()).event).toMatchObject({ outcome: 'error' });
  });

  test('50 MB of JSON comes through; the rest of the house is served meanwhile', async () => {
    const big = JSON.stringify(chatCompletion('x'.repeat(50 * 1024 * 1024)));
    const provider = strange.provider(1, () => ({ steps: [{ send: big }] }));
    const seen = await strange.ask(provider);
    expect(seen.status).toBe(200);
    expect(seen.text.length).toBe(big.length);
    expect((await strange.ledger()).event).toMatchObject({ outcome: 'final', completion_tokens: 7 });
  }, 30_000);

  test('a header of 64 KB, a 1xx answer and an HTTP/1.0 body closed by FIN: no crash', async () => {
    const body = JSON.stringify(chatCompletion('old'));
    const raw = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () =>
        socket.end(`HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${body}`),
      );
    });
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    const address = raw.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const tollgate = await startTollgate({
      OLD_API_BASE: `http://127.0.0.1:${port}/v1`,
      OLD_API_KEY: 'k',
      LOG_LEVEL: 'silent',
    });
    const answer = await tollgate.post('/v1/chat/completions', { model: 'old/m', messages: [] });
    expect([answer.status, await answer.text()]).toEqual([200, body]);
    expect(await tollgate.usageEvents(1)).toMatchObject([{ outcome: 'final', completion_tokens: 7 }]);
    await tollgate.stop();
    raw.close();
    const provider = strange.provider(1, () =>
      jsonAnswer(chatCompletion('big'), 200, { 'x-noise': 'n'.repeat(64_000) }),
    );
    const seen = await strange.ask(provider);
    expect([200, 502]).toContain(seen.status);
    expect((await strange.ledger()).event).toMatchObject({
      outcome: seen.status === 200 ? 'final' : 'error',
    });
    expect(seen.headers.get('x-noise')).toBeNull();
  });
});
