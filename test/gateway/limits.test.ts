// Guarantee: through the real server a budget stops where it says under concurrency, whatever becomes of the requests,
// everything that was reserved is given back, and a change holds from the next request on.
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import type { Limit } from '../../src/core/limits/limit.ts';
import { chargedNanoUsd } from '../../src/core/usage-event.ts';
import { asArray, asObject } from '../../src/lib/json.ts';
import { deleteLimit, listLimits, saveLimit } from '../../src/store/limits.ts';
import { sampleLimit } from '../support/samples.ts';
import {
  chatCompletion,
  chatStream,
  jsonAnswer,
  type Script,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

/** At $1 and $2 a million tokens: near the most such a request can cost, so that one request nearly empties what pays for one. */
const USAGE = { prompt_tokens: 1_600, completion_tokens: 50 };
const COST = 1_600 * 1_000 + 50 * 2_000;
const BODY = { model: 'scripted/priced', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] };

const answer: Script = (request) =>
  request.json?.stream
    ? streamAnswer(chatStream(['a', 'b', 'c'], USAGE), { gapMs: 5 })
    : jsonAnswer(chatCompletion('hello', USAGE));

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
beforeAll(async () => {
  upstream = await startScriptedUpstream(answer);
  tollgate = await startTollgate(
    {
      SCRIPTED_API_BASE: `${upstream.url}/v1`,
      SCRIPTED_API_KEY: 'sk-scripted',
      MAX_CONCURRENT_REQUESTS_PER_KEY_SCRIPTED: '5000',
    },
    {
      prices: { 'scripted/priced': { input: 1, output: 2 } },
      models: { 'scripted/*': { max_output_tokens: 50 } },
    },
  );
});
afterAll(async () => {
  await tollgate.stop();
  await upstream.stop();
});
afterEach(async () => {
  upstream.play(answer);
  for (const { id } of await listLimits(tollgate.store.read)) await deleteLimit(tollgate.store.write, id);
  await tollgate.reload();
});

async function setLimits(...limits: Partial<Limit>[]): Promise<void> {
  for (const [index, limit] of limits.entries()) {
    await saveLimit(tollgate.store.write, sampleLimit({ id: `lim_${index}`, ...limit }), 1);
  }
  await tollgate.reload();
}

const budget = (keyId: string, amount: number): Partial<Limit> => ({
  scopeId: keyId,
  kind: 'budget_money',
  period: 'day',
  amount,
});

interface Key {
  readonly token: string;
  readonly id: string;
}
const post = (key: Key, body: object = BODY, init: RequestInit = {}) =>
  fetch(`${tollgate.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key.token}` },
    body: JSON.stringify(body),
    ...init,
  });

/** The limits as the key itself sees them. */
async function limitsOf(key: Key) {
  const response = await tollgate.get('/v1/usage/me', { authorization: `Bearer ${key.token}` });
  const body = asObject(await response.json());
  return (asArray(body?.limits) ?? []).map((limit) => asObject(limit) ?? {});
}

/** Waits until nothing is reserved any more; answers the first limit. */
async function untilFree(key: Key) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const limits = await limitsOf(key);
    const isFree = limits.every(
      ({ kind, reserved, used }) => reserved === 0 && (kind !== 'concurrent_requests' || used === 0),
    );
    if (isFree || Date.now() > deadline) return limits;
    await Bun.sleep(20);
  }
}

/** What the ledger's rows of a key count against a budget. */
async function chargedByRows(key: Key, count: number): Promise<number> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const rows = await tollgate.store.read
      .selectFrom('usage_events')
      .select(['cost_nano_usd as costNanoUsd', 'held_nano_usd as heldNanoUsd'])
      .where('key_id', '=', key.id)
      .execute();
    if (rows.length >= count || Date.now() > deadline)
      return rows.reduce((sum, row) => sum + chargedNanoUsd(row), 0);
    await Bun.sleep(20);
  }
}

test('T26: a hundred requests at once on a budget that pays for one: exactly one passes', async () => {
  const key = await tollgate.issueKey();
  const before = upstream.requests.length;
  await setLimits(budget(key.id, COST + 100_000));
  const statuses = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const response = await post(key);
      await response.text();
      return response.status;
    }),
  );
  expect(statuses.filter((status) => status === 200).length).toBe(1);
  expect(statuses.filter((status) => status === 429).length).toBe(99);
  expect(upstream.requests.length - before).toBe(1);
  expect(await untilFree(key)).toMatchObject([{ used: COST, reserved: 0, remaining: 100_000 }]);
  expect(await chargedByRows(key, 1)).toBe(COST);
});

test('a thousand streams at once on a budget for fifty: what is spent stays within it', async () => {
  const key = await tollgate.issueKey();
  const amount = 50 * COST + 100_000;
  await setLimits(budget(key.id, amount));
  const statuses = await Promise.all(
    Array.from({ length: 1_000 }, async () => {
      const response = await post(key, { ...BODY, stream: true });
      await response.text();
      return response.status;
    }),
  );
  const passed = statuses.filter((status) => status === 200).length;
  expect(passed).toBeGreaterThanOrEqual(45);
  expect(passed).toBeLessThanOrEqual(50);
  expect(statuses.filter((status) => status === 429).length).toBe(1_000 - passed);
  const [state] = await untilFree(key);
  expect(state).toMatchObject({ used: passed * COST, reserved: 0 });
  expect(await chargedByRows(key, passed)).toBe(passed * COST);
  expect(passed * COST).toBeLessThanOrEqual(amount);
}, 60_000);

test('hang-ups, failures and cuts in the middle: spent stays within the budget, equals the rows, and nothing stays reserved', async () => {
  const key = await tollgate.issueKey();
  const amount = 30 * COST;
  await setLimits(budget(key.id, amount), { scopeId: key.id, kind: 'concurrent_requests', amount: 25 });
  upstream.play((request, index) => {
    const pieces = chatStream(['a', 'b', 'c', 'd'], USAGE);
    const kind = index % 6;
    if (kind === 0) return jsonAnswer({ error: { message: 'no', type: 'x' } }, 400);
    if (kind === 1) return jsonAnswer({ error: { message: 'down', type: 'x' } }, 500);
    if (kind === 2) return streamAnswer(pieces.slice(0, 2), { gapMs: 3, end: [{ cut: true }] });
    if (kind === 3) return { steps: [], before: [{ cut: true }] };
    return request.json?.stream
      ? streamAnswer(pieces, { gapMs: 3 })
      : jsonAnswer(chatCompletion('hello', USAGE));
  });
  let passed = 0;
  await Promise.all(
    Array.from({ length: 400 }, async (_, index) => {
      const leave = new AbortController();
      if (index % 3 === 0) setTimeout(() => leave.abort(), 5 + (index % 40));
      try {
        const response = await post(key, { ...BODY, stream: index % 2 === 0 }, { signal: leave.signal });
        if (response.status === 200) passed += 1;
        await response.text();
      } catch {
        // Left on purpose, or cut by the provider.
      }
    }),
  );
  const [state, slots] = await untilFree(key);
  expect(passed).toBeGreaterThan(0);
  expect([state?.reserved, slots?.used]).toEqual([0, 0]);
  expect(Number(state?.used)).toBeLessThanOrEqual(amount);
  await Bun.sleep(300);
  expect(await chargedByRows(key, 1)).toBe(Number(state?.used));
}, 60_000);

test('refused requests use nothing: not the rate, not a slot, not the ledger', async () => {
  const key = await tollgate.issueKey();
  await setLimits({ scopeId: key.id, amount: 3 }, { ...budget(key.id, 1), id: 'lim_b' });
  for (let i = 0; i < 20; i++) expect((await post(key)).status).toBe(429);
  expect(await limitsOf(key)).toMatchObject([
    { kind: 'budget_money', used: 0, remaining: 1 },
    { kind: 'requests_per_minute', used: 0, remaining: 3 },
  ]);
  const rows = await tollgate.store.read
    .selectFrom('usage_events')
    .selectAll()
    .where('key_id', '=', key.id)
    .execute();
  expect(rows).toEqual([]);
});

test('a refusal says which limit, its size and when it renews, in the words of the API', async () => {
  const key = await tollgate.issueKey();
  await setLimits({ scopeId: key.id, amount: 1 });
  await (await post(key)).text();
  const response = await post(key);
  expect(response.status).toBe(429);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(50);
  expect(response.headers.get('x-ratelimit-limit-requests')).toBe('1');
  expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('0');
  expect(response.headers.get('x-ratelimit-reset-requests')).toMatch(/^(1m)?[\d.]+s$/);
  expect(await response.json()).toMatchObject({
    error: {
      type: 'rate_limit_error',
      code: 'rate_limited',
      message: expect.stringContaining('requests per minute of this key is 1 request'),
    },
  });
});

test('an exhausted budget tells SDKs not to sleep until it renews', async () => {
  const key = await tollgate.issueKey();
  await setLimits({ ...budget(key.id, 3_000_000), period: 'forever' });
  await (await post(key)).text();
  const response = await post(key);
  expect(response.status).toBe(429);
  expect(response.headers.get('x-should-retry')).toBe('false');
  expect(await response.json()).toMatchObject({
    error: {
      type: 'insufficient_quota',
      code: 'budget_exhausted',
      message: expect.stringContaining('$0.003'),
    },
  });
});

test('every carrier of a key is bound by its limits', async () => {
  const key = await tollgate.issueKey();
  await setLimits({ scopeId: key.id, amount: 0 });
  const send = (headers: Record<string, string>) =>
    fetch(`${tollgate.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(BODY),
    });
  for (const name of ['x-api-key', 'x-goog-api-key', 'api-key'])
    expect([name, (await send({ [name]: key.token })).status]).toEqual([name, 429]);
  expect((await send({ authorization: `bearer ${key.token}` })).status).toBe(429);
});

test('a model without a price is refused under a money budget, unless an admin allows it', async () => {
  const key = await tollgate.issueKey();
  const unpriced = { ...BODY, model: 'scripted/nobody-knows-what-this-costs' };
  await setLimits(budget(key.id, 1_000_000_000));
  const refused = await post(key, unpriced);
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ error: { code: 'unpriced_model' } });
  await setLimits({ ...budget(key.id, 1_000_000_000), allowUnpriced: true });
  expect((await post(key, unpriced)).status).toBe(200);
});

test('a request whose provider cannot be reached costs nothing and gives everything back', async () => {
  const key = await tollgate.issueKey();
  await setLimits(budget(key.id, 10_000_000), {
    scopeId: key.id,
    kind: 'budget_tokens',
    period: 'day',
    amount: 9_999,
  });
  upstream.play(() => jsonAnswer({ error: { message: 'broken', type: 'x' } }, 400));
  for (let i = 0; i < 5; i++) await (await post(key)).text();
  expect(await untilFree(key)).toMatchObject([
    { kind: 'budget_money', used: 0, reserved: 0 },
    { kind: 'budget_tokens', used: 0, reserved: 0 },
  ]);
});

test("the house's limits of tollgate.yaml bind everybody", async () => {
  const house = await startTollgate(
    { SCRIPTED_API_BASE: `${upstream.url}/v1`, SCRIPTED_API_KEY: 'sk-scripted' },
    { limits: { house: { requests_per_minute: 2 } } },
  );
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) {
    const response = await house.post('/v1/chat/completions', { ...BODY, model: 'scripted/any' });
    await response.text();
    statuses.push(response.status);
  }
  expect(statuses).toEqual([200, 200, 429, 429]);
  await house.stop();
});

test('without a maximum of its own a request reserves what tollgate.yaml says the model writes at most', async () => {
  const key = await tollgate.issueKey();
  await setLimits(budget(key.id, COST + 100_000));
  const { max_tokens, ...open } = BODY;
  expect((await post(key, open)).status).toBe(200);
});
