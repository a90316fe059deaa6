// Faults U1 to U7 of a provider: what the caller sees and what the ledger holds. No retry after the first byte; no
// clean end that was none; nothing that may have been billed is written down as zero.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type FaultHouse, keyOf, startFaultHouse } from '../support/fault-house.ts';
import { chatCompletion, chatStream, jsonAnswer, streamAnswer } from '../support/scripted-upstream.ts';
import { startTollgate } from '../support/start-tollgate.ts';

let house: FaultHouse;
beforeAll(async () => {
  house = await startFaultHouse({
    TIMEOUT_FIRST_BYTE: '0.4',
    GLOBAL_TIMEOUT: '1.5',
    TIMEOUT_READ_STREAMING: '1',
    TIMEOUT_READ_NON_STREAMING: '1',
  });
});
afterAll(() => house?.stop());

const fine = () => jsonAnswer(chatCompletion('fine'));
const STREAM = { stream: true };

describe('U1', () => {
  test.each([
    ['refused', 'http://127.0.0.1:1/v1'],
    ['a name that does not resolve', 'http://nowhere.invalid/v1'],
  ])('connection %s: 502, an attempt that cost nothing', async (_, base) => {
    const tollgate = await startTollgate({ DEAD_API_BASE: base, DEAD_API_KEY: 'k', LOG_LEVEL: 'silent' });
    const answer = await tollgate.post('/v1/chat/completions', { model: 'dead/m', messages: [] });
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ error: { code: 'upstream_error' } });
    const [event] = await tollgate.usageEvents(1);
    expect(event).toMatchObject({ outcome: 'error', cost_nano_usd: 0, provenance: 'provider' });
    const attempts = await tollgate.store.read.selectFrom('usage_attempts').selectAll().execute();
    expect(attempts.length).toBeGreaterThan(0);
    for (const each of attempts)
      expect(each).toMatchObject({ outcome: 'error', failure: 'connection', cost_nano_usd: 0 });
    await tollgate.stop();
  });
});

// U2, a certificate that is expired, self-signed or for another name: test/security/upstream-tls.test.ts, whose caller
// needs a process of its own. A handshake that stalls is bounded by the same timer as U3.

describe('U3: accepts, then says nothing', () => {
  test('alone: 504 at the limit, the call ended, the attempt unknown and not zero', async () => {
    const provider = house.provider(1, () => ({ before: [{ hang: true }], steps: [] }));
    const before = house.upstream.abandoned();
    const seen = await house.ask(provider, STREAM);
    expect(seen.status).toBe(504);
    expect(seen.text).toContain('upstream_timeout');
    const { event, attempts } = await house.ledger();
    expect(event).toMatchObject({ outcome: 'error', provenance: 'unknown', cost_nano_usd: null });
    expect(attempts[0]).toMatchObject({
      outcome: 'unknown',
      failure: 'timeout_first_byte',
      cost_nano_usd: null,
      status: null,
    });
    expect(house.upstream.abandoned()).toBe(before + attempts.length);
  });

  test('GLOBAL_TIMEOUT bounds a call under way, streamed or not (E14)', async () => {
    const bounded = await startTollgate({
      SLOW_API_BASE: `${house.upstream.url}/${house.provider(1, () => ({ ...fine(), before: [{ waitMs: 6_000 }] }))}`,
      SLOW_API_KEY: 'key-1',
      GLOBAL_TIMEOUT: '1',
      LOG_LEVEL: 'silent',
    });
    for (const stream of [false, true]) {
      const startedMs = performance.now();
      const answer = await bounded.post('/v1/chat/completions', { model: 'slow/m', messages: [], stream });
      expect(answer.status).toBe(504);
      expect(performance.now() - startedMs).toBeLessThan(4_000);
      await answer.text();
    }
    await bounded.stop();
  }, 20_000);

  test('with another key: answered, and both calls are on record', async () => {
    const provider = house.provider(2, (request) =>
      keyOf(request) === 'key-1'
        ? { before: [{ hang: true }], steps: [] }
        : streamAnswer(chatStream(['fine'])),
    );
    const seen = await house.ask(provider, STREAM);
    expect(seen.status).toBe(200);
    expect(seen.text).toContain('[DONE]');
    const { event, attempts } = await house.ledger();
    expect(event).toMatchObject({ outcome: 'final', status: 200, attempts: 2 });
    expect(attempts.map((each) => [each.outcome, each.failure])).toEqual([
      ['unknown', 'timeout_first_byte'],
      ['final', null],
    ]);
  });
});

describe('U4: headers, then silence', () => {
  test('past the idle limit an error event and the end; the tokens so far are estimated', async () => {
    const provider = house.provider(1, () =>
      streamAnswer(chatStream(['begun ']).slice(0, 2), { end: [{ hang: true }] }),
    );
    const seen = await house.ask(provider, STREAM);
    expect(seen.status).toBe(200);
    expect(seen.text).toContain('begun');
    expect(seen.text).toContain('"error"');
    expect(seen.text).not.toContain('[DONE]');
    const { event, attempts } = await house.ledger();
    expect(event).toMatchObject({
      outcome: 'error',
      error_type: 'timeout_idle',
      provenance: 'estimated',
      attempts: 1,
    });
    expect(event.completion_tokens).toBeGreaterThan(0);
    expect(attempts[0]).toMatchObject({ failure: 'timeout_idle' });
  });

  test('a pause within the limit is none of ours: the timer starts again with each byte', async () => {
    const provider = house.provider(1, () => streamAnswer(chatStream(['a ', 'b ']), { gapMs: 600 }));
    const seen = await house.ask(provider, STREAM);
    expect(seen.text).toContain('[DONE]');
    expect((await house.ledger()).event).toMatchObject({
      outcome: 'final',
      provenance: 'provider',
      completion_tokens: 7,
    });
  }, 20_000);
});

test('U5: byte by byte, through every boundary: bytes out equal bytes in, usage exact', async () => {
  const whole = chatStream(['Grüße ', '🚀 ', '日本']).join('').replaceAll('\n', '\r\n');
  const bytes = new TextEncoder().encode(whole);
  const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
  const provider = house.provider(1, () => streamAnswer(pieces));
  const seen = await house.ask(provider, { stream: true, stream_options: { include_usage: true } });
  expect(seen.text).toBe(whole);
  expect((await house.ledger()).event).toMatchObject({
    prompt_tokens: 11,
    completion_tokens: 7,
    provenance: 'provider',
  });
});

describe('U6: cut in mid-stream', () => {
  test('an error event, never a clean end, and no retry after the first byte', async () => {
    const provider = house.provider(2, () =>
      streamAnswer(chatStream(['half ', 'of it']).slice(0, 3), {
        gapMs: 5,
        end: [{ waitMs: 30 }, { cut: true }],
      }),
    );
    const seen = await house.ask(provider, STREAM);
    expect(seen.status).toBe(200);
    expect(seen.text).toContain('half');
    expect(seen.text).toContain('"error"');
    expect(seen.text).not.toContain('[DONE]');
    const { event, attempts } = await house.ledger();
    expect(event).toMatchObject({
      outcome: 'error',
      error_type: 'interrupted',
      provenance: 'estimated',
      attempts: 1,
    });
    expect(event.completion_tokens).toBeGreaterThan(0);
    expect(attempts).toHaveLength(1);
  });

  test('ended in good order but before its end: the same', async () => {
    const provider = house.provider(1, () => streamAnswer(chatStream(['half']).slice(0, 2), { gapMs: 5 }));
    const seen = await house.ask(provider, STREAM);
    expect(seen.text).toContain('"error"');
    expect(seen.text).not.toContain('[DONE]');
    expect((await house.ledger()).event).toMatchObject({ outcome: 'error', error_type: 'interrupted' });
  });

  test('cut before its first event: tried on the other key, and the caller never knows', async () => {
    const provider = house.provider(2, (request) =>
      keyOf(request) === 'key-1'
        ? streamAnswer([': wait\n\n'], { end: [{ waitMs: 20 }, { cut: true }] })
        : streamAnswer(chatStream(['fine'])),
    );
    const seen = await house.ask(provider, STREAM);
    expect(seen.text).toContain('fine');
    expect(seen.text).toContain('[DONE]');
    const { event, attempts } = await house.ledger();
    expect(event).toMatchObject({ outcome: 'final', attempts: 2 });
    expect(attempts[0]).toMatchObject({ failure: 'interrupted', provenance: 'estimated' });
  });

  test('a whole answer that breaks off is tried again; alone it is 502', async () => {
    const broken = {
      headers: { 'content-length': '5000' },
      steps: [{ send: '{"choices":[' }, { waitMs: 20 }, { cut: true as const }],
    };
    const pair = house.provider(2, (request) => (keyOf(request) === 'key-1' ? broken : fine()));
    expect((await house.ask(pair)).status).toBe(200);
    expect((await house.ledger()).attempts.map((each) => each.failure)).toEqual(['interrupted', null]);
    const alone = house.provider(1, () => broken);
    const seen = await house.ask(alone);
    expect(seen.status).toBe(502);
    expect(seen.text).toContain('upstream_interrupted');
    expect((await house.ledger()).event).toMatchObject({ outcome: 'error', provenance: 'estimated' });
  });
});

describe('U7: malformed events', () => {
  const chunks = chatStream(['odd']);
  const last = chunks.at(-2) ?? '';
  test.each([
    ['lines that end in CR alone', chunks.join('').replaceAll('\n', '\r')],
    ['no blank line at the end', chunks.join('').replace(/\n\n$/, '\n')],
    ['comments and a byte order mark', `\uFEFF: hello\n\n${chunks.join(': ping\n\n')}`],
    ['bad JSON in one event', chunks.join('').replace(last, `data: {oops\n\n${last}`)],
    ['a line of 2 MB', chunks.join('').replace(last, `: ${'x'.repeat(2_000_000)}\n\n${last}`)],
    ['data over several lines', chunks.join('').replace(last, last.replace('"usage"', '\ndata: "usage"'))],
  ])('%s: passed on unchanged, usage from the good events', async (_, text) => {
    const provider = house.provider(1, () => streamAnswer([text]));
    const seen = await house.ask(provider, { stream: true, stream_options: { include_usage: true } });
    expect(seen.text === new TextDecoder().decode(new TextEncoder().encode(text))).toBe(true);
    expect((await house.ledger()).event).toMatchObject({
      prompt_tokens: 11,
      completion_tokens: 7,
      provenance: 'provider',
    });
  });
});
