// Guarantee: what a call costs, how many tokens a text has and what a key has used are answered honestly, and bad
// questions get a 400 that names the field.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  chatCompletion,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;

beforeAll(async () => {
  const usage = {
    prompt_tokens: 1000,
    completion_tokens: 200,
    prompt_tokens_details: { cached_tokens: 400 },
  };
  upstream = await startScriptedUpstream(() => jsonAnswer({ ...chatCompletion('ok'), usage }));
  tollgate = await startTollgate({
    OPENAI_API_KEY: 'sk-x',
    OPENAI_API_BASE: `${upstream.url}/v1`,
    UP_API_KEY: 'sk-up',
    UP_API_BASE: `${upstream.url}/v1`,
  });
});

afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

async function ask(path: string, body: unknown) {
  const response = await tollgate.post(path, body);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function usageMe(query = '', token = tollgate.key) {
  const response = await tollgate.get(`/v1/usage/me${query}`, { authorization: `Bearer ${token}` });
  return (await response.json()) as Record<string, Record<string, unknown>>;
}

describe('/v1/cost-estimate', () => {
  test('prices cached tokens once, at their own rate', async () => {
    const asked = {
      model: 'openai/gpt-5',
      prompt_tokens: 1000,
      completion_tokens: 200,
      cache_read_tokens: 400,
    };
    const { status, body } = await ask('/v1/cost-estimate', asked);
    expect(status).toBe(200);
    // 600 x $1.25 + 400 x $0.125 + 200 x $10, per million.
    expect(body).toMatchObject({ cost: 0.0028, currency: 'USD', model: 'openai/gpt-5' });
    expect(body.pricing).toMatchObject({
      input_cost_per_token: 0.00000125,
      cache_read_input_token_cost: 1.25e-7,
    });
    expect(body.source).toMatch(/^genai-prices /);
  });

  test('a model without a price costs null, never zero', async () => {
    const { status, body } = await ask('/v1/cost-estimate', { model: 'up/m', prompt_tokens: 5 });
    expect([status, body.cost, body.source]).toEqual([200, null, 'unknown']);
    expect(body.error).toContain('up/m');
  });

  for (const [name, bad, field] of [
    ['no model', {}, 'model'],
    ['a negative count', { model: 'openai/gpt-5', prompt_tokens: -1 }, 'prompt_tokens'],
    ['a fraction', { model: 'openai/gpt-5', completion_tokens: 1.5 }, 'completion_tokens'],
    ['a word for a number', { model: 'openai/gpt-5', cache_read_tokens: 'many' }, 'cache_read_tokens'],
  ] as const) {
    test(`${name} is a 400 that names the field`, async () => {
      const { status, body } = await ask('/v1/cost-estimate', bad);
      expect([status, (body.error as { param: string }).param]).toEqual([400, field]);
    });
  }
  test('what is no JSON is a 400', async () => {
    expect((await tollgate.post('/v1/cost-estimate', '{')).status).toBe(400);
  });
});

describe('/v1/token-count', () => {
  test('counts text, not the words that steer a model nor the bytes of an image', async () => {
    const content = [
      { type: 'text', text: 'hello world <|endoftext|>' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(50_000)}` } },
    ];
    const { status, body } = await ask('/v1/token-count', {
      model: 'openai/gpt-5',
      messages: [{ role: 'user', content }],
    });
    expect([status, body.method]).toEqual([200, 'o200k_base']);
    expect(body.token_count).toBeGreaterThan(8);
    expect(body.token_count).toBeLessThan(30);
  });

  test('no messages is a 400', async () => {
    expect((await ask('/v1/token-count', { model: 'openai/gpt-5' })).status).toBe(400);
  });
});

describe('/v1/usage/me and /v1/model-info/stats', () => {
  test('a key sees what it used itself, in its own days', async () => {
    const messages = [{ role: 'user', content: 'hi' }];
    await (await tollgate.post('/v1/chat/completions', { model: 'openai/gpt-5', messages })).text();
    await tollgate.usageEvents(1);
    const other = await tollgate.issueKey();
    const mine = await usageMe('?time_zone=Asia/Kathmandu&days=7');
    expect(mine).toMatchObject({ object: 'usage', days: 7, time_zone: 'Asia/Kathmandu' });
    expect(mine.today).toMatchObject({
      requests: 1,
      prompt_tokens: 1000,
      cached_tokens: 400,
      cost_usd: 0.0028,
    });
    expect(mine.last_days).toEqual(mine.today);
    const theirs = await usageMe('', other.token);
    expect(theirs.today?.requests).toBe(0);
  });

  test('a span that cannot be read is a 400', async () => {
    for (const query of ['days=0', 'days=x', 'days=366', 'time_zone=Mars/Olympus'])
      expect((await tollgate.get(`/v1/usage/me?${query}`)).status).toBe(400);
  });

  test('says where prices come from; asks for a key; knows its methods', async () => {
    const stats = await (await tollgate.get('/v1/model-info/stats')).json();
    expect(stats).toMatchObject({ ready: true, price_overrides: 0 });
    expect((await tollgate.get('/v1/cost-estimate')).status).toBe(405);
    expect((await fetch(`${tollgate.url}/v1/model-info/stats`)).status).toBe(401);
  });
});
