// Guarantee (faults.md C1): a caller that leaves costs exactly one event: cut and estimated, or read on and exact, within
// bounds in number and time; the provider's work ends accordingly.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createDrainingHangUp, createHangUpRules } from '../../src/gateway/hang-up.ts';
import {
  chatCompletion,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const CHAT = '/v1/chat/completions';
const USAGE = { prompt_tokens: 321, completion_tokens: 123, total_tokens: 444 };

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let draining: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream(() => jsonAnswer(chatCompletion('ok')));
  tollgate = await startTollgate({ UP_API_KEY: 'sk-up', UP_API_BASE: `${upstream.url}/v1` });
  draining = (await tollgate.issueKey({ onHangUp: 'drain' })).token;
});

afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

function chunk(more: object): { send: string } {
  return {
    send: `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', ...more })}\n\n`,
  };
}

/** Words at 20 ms each, then the finish, the usage and the end. */
function slowStream(words: number) {
  const delta = (content: string) =>
    chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  return {
    headers: { 'content-type': 'text/event-stream' },
    steps: [
      ...Array.from({ length: words }, (_, at) => [delta(`word ${at} `), { waitMs: 20 }]).flat(),
      chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
      chunk({ choices: [], usage: USAGE }),
      { send: 'data: [DONE]\n\n' },
    ],
  };
}

/** Asks, reads until `bytes` have come, and leaves. */
async function askAndLeave(key: string, body: object, bytes: number): Promise<void> {
  const leaving = new AbortController();
  const response = fetch(`${tollgate.url}${CHAT}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'up/m', messages: [{ role: 'user', content: 'hello' }], ...body }),
    signal: leaving.signal,
  });
  if (bytes === 0) setTimeout(() => leaving.abort(), 60);
  try {
    const reader = (await response).body?.getReader();
    for (let read = 0; read < bytes; ) read += (await reader?.read())?.value?.byteLength ?? bytes;
    leaving.abort();
    await reader?.read();
  } catch {
    // Leaving is the point.
  }
}

let seen = 0;
async function theEvent() {
  const rows = await tollgate.usageEvents(seen + 1);
  expect(rows.length).toBe(seen + 1);
  seen = rows.length;
  const row = rows.at(-1);
  if (!row) throw new Error('no event');
  return row;
}

describe('a caller that leaves', () => {
  test('cancel: the provider is cut, the output so far is estimated and marked', async () => {
    upstream.play(() => slowStream(200));
    const before = upstream.abandoned();
    await askAndLeave(tollgate.key, { stream: true }, 100);
    const row = await theEvent();
    expect(row).toMatchObject({
      outcome: 'aborted',
      provenance: 'estimated',
      error_type: 'client_gone',
      status: 499,
    });
    expect(row.completion_tokens).toBeGreaterThan(0);
    expect(upstream.abandoned()).toBe(before + 1);
  });

  for (const { when, asked, type, first } of [
    {
      when: 'before the first event',
      asked: { stream: true },
      type: 'text/event-stream',
      first: ': thinking\n\n',
    },
    { when: 'in the middle of a whole answer', asked: {}, type: 'application/json', first: '{"id":' },
  ])
    test(`cancel: a caller who leaves ${when} frees the provider at once`, async () => {
      upstream.play(() => ({
        headers: { 'content-type': type },
        steps: [{ send: first }, { waitMs: 8_000 }, { send: 'too late' }],
      }));
      const before = upstream.abandoned();
      const startedMs = performance.now();
      await askAndLeave(tollgate.key, asked, 0);
      expect(await theEvent()).toMatchObject({ outcome: 'aborted', error_type: 'client_gone', status: 499 });
      expect(performance.now() - startedMs).toBeLessThan(2_000);
      expect(upstream.abandoned()).toBe(before + 1);
    });

  test('drain: the stream is read to its end and the numbers are the provider’s own', async () => {
    upstream.play(() => slowStream(15));
    const before = upstream.abandoned();
    await askAndLeave(draining, { stream: true }, 100);
    const row = await theEvent();
    expect(row).toMatchObject({
      outcome: 'aborted',
      provenance: 'drained',
      prompt_tokens: 321,
      completion_tokens: 123,
    });
    expect(upstream.abandoned()).toBe(before);
  });

  test('drain: an answer that is not streamed is read to its end as well', async () => {
    upstream.play(() => ({
      before: [{ waitMs: 300 }],
      steps: jsonAnswer({ ...chatCompletion('ok'), usage: USAGE }).steps,
    }));
    await askAndLeave(draining, {}, 0);
    const row = await theEvent();
    expect(row).toMatchObject({
      outcome: 'aborted',
      provenance: 'drained',
      prompt_tokens: 321,
      completion_tokens: 123,
    });
  });

  test('cancel: an answer that is not streamed is cut, and what it cost is unknown', async () => {
    upstream.play(() => ({ before: [{ waitMs: 400 }], steps: jsonAnswer(chatCompletion('ok')).steps }));
    await askAndLeave(tollgate.key, {}, 0);
    expect(await theEvent()).toMatchObject({
      outcome: 'aborted',
      provenance: 'unknown',
      cost_nano_usd: null,
    });
  });
});

describe('the rules of hanging up', () => {
  test('the sharpest rule for the model decides, without one the key', () => {
    const rules = createHangUpRules({ 'openai/*': 'drain', 'openai/gpt-5-mini': 'cancel' });
    expect(rules.policyOf(['openai/gpt-5'], 'cancel')).toBe('drain');
    expect(rules.policyOf(['openai/gpt-5-mini'], 'drain')).toBe('cancel');
    expect(rules.policyOf(['groq/x'], 'drain')).toBe('drain');
  });

  test('above the bound in number a drain becomes a cancel, and places come back once', () => {
    const rules = createHangUpRules({}, { drainsMax: 1 });
    const [first, second] = [new AbortController(), new AbortController()];
    const one = createDrainingHangUp(first.signal, rules);
    const two = createDrainingHangUp(second.signal, rules);
    first.abort();
    second.abort();
    expect([one.leave(), one.signal.aborted]).toEqual(['drain', false]);
    expect([two.leave(), two.signal.aborted]).toEqual(['cancel', true]);
    one.end();
    one.end();
    expect([rules.takePlace() !== null, rules.takePlace()]).toEqual([true, null]);
  });

  test('above the bound in time the provider is cut', async () => {
    const rules = createHangUpRules({}, { drainMsMax: 20 });
    const caller = new AbortController();
    const hangUp = createDrainingHangUp(caller.signal, rules);
    caller.abort();
    expect(hangUp.draining()).toBe(true);
    for (let i = 0; i < 100 && !hangUp.signal.aborted; i++) await Bun.sleep(10);
    expect([hangUp.signal.aborted, hangUp.draining()]).toEqual([true, false]);
    hangUp.end();
  });
});
