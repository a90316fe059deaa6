// Guarantee: an answer ends only once its usage is safe. Where it can be kept nowhere the caller is told so: never a clean
// end, and no process that dies of it.
import { afterAll, afterEach, beforeAll, describe, expect, mock, spyOn, test } from 'bun:test';
import { appError } from '../../src/errors/app-error.ts';
import { Ledger } from '../../src/ledger/create-ledger.ts';
import {
  chatCompletion,
  chatStream,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

let upstream: ScriptedUpstream;
let house: TestTollgate;
let failing = false;

beforeAll(async () => {
  upstream = await startScriptedUpstream((request) => {
    if (failing) return jsonAnswer({ error: { message: 'no', type: 'invalid_request_error' } }, 400);
    return request.json?.stream === true
      ? streamAnswer(chatStream(['a', 'b']))
      : jsonAnswer(chatCompletion('ok'));
  });
  house = await startTollgate({ OPENAI_API_KEY: 'sk-x', OPENAI_API_BASE: `${upstream.url}/v1` });
});
afterAll(async () => {
  await house.stop();
  await upstream.stop();
});
afterEach(() => {
  mock.restore();
  failing = false;
});

/** The ledger's promise once an event was settled, and whether that event is safe; before that, all is well. */
function afterSettle(promise: () => Promise<void>, mayEnd = false): void {
  let settled = false;
  const settle = Ledger.prototype.settle;
  spyOn(Ledger.prototype, 'settle').mockImplementation(function (this: Ledger, event, mark) {
    settled = true;
    settle.call(this, event, mark);
    return { mayEnd };
  });
  spyOn(Ledger.prototype, 'confirmed').mockImplementation(() => (settled ? promise() : null));
}

function lost(): Promise<void> {
  return Promise.reject(appError('store_unavailable'));
}

const ask = (stream: boolean) =>
  house.post('/v1/chat/completions', {
    model: 'openai/gpt-5',
    stream,
    messages: [{ role: 'user', content: 'hi' }],
  });

describe('usage that can be kept nowhere', () => {
  test('turns a whole answer into a 503', async () => {
    afterSettle(lost);
    const response = await ask(false);
    expect([response.status, await response.text()]).toEqual([
      503,
      expect.stringContaining('store_unavailable'),
    ]);
  });

  test('ends a stream in an error event, never in [DONE]', async () => {
    afterSettle(lost);
    const text = await (await ask(true)).text();
    expect(text).toContain('"error"');
    expect(text).not.toContain('[DONE]');
    expect((await house.get('/health/live')).status).toBe(200);
  });

  test('turns a provider’s refusal into a 503', async () => {
    failing = true;
    afterSettle(lost);
    expect((await ask(false)).status).toBe(503);
  });
});

describe('usage that memory keeps, beside usage of the same turn that is lost', () => {
  test('lets a whole answer go out', async () => {
    afterSettle(lost, true);
    const response = await ask(false);
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('ok')]);
  });

  test('lets a stream end in [DONE]', async () => {
    afterSettle(lost, true);
    const text = await (await ask(true)).text();
    expect(text).toContain('[DONE]');
    expect(text).not.toContain('"error"');
  });

  test('tells a provider’s refusal as it is', async () => {
    failing = true;
    afterSettle(lost, true);
    expect((await ask(false)).status).toBe(400);
  });
});

describe('usage that is not written yet', () => {
  for (const [what, stream, refused] of [
    ['a whole answer', false, false],
    ['a stream', true, false],
    ['a failed answer', false, true],
  ] as const) {
    test(`keeps ${what} from ending`, async () => {
      failing = refused;
      const written = Promise.withResolvers<void>();
      afterSettle(() => written.promise);
      let ended = false;
      const text = ask(stream).then((response) => response.text());
      const done = text.then(() => {
        ended = true;
      });
      await Bun.sleep(150);
      expect(ended).toBe(false);
      written.resolve();
      await done;
      expect(await text).toContain(refused ? 'error' : stream ? '[DONE]' : 'ok');
    });
  }

  test('keeps a stream from going upstream', async () => {
    const written = Promise.withResolvers<void>();
    let asked = 0;
    spyOn(Ledger.prototype, 'confirmed').mockImplementation(() => {
      asked += 1;
      return asked === 1 ? written.promise : null;
    });
    const before = upstream.requests.length;
    const text = ask(true).then((response) => response.text());
    await Bun.sleep(150);
    expect(upstream.requests.length).toBe(before);
    written.resolve();
    expect(await text).toContain('[DONE]');
  });
});
