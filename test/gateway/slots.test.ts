// Guarantee: whatever becomes of ten thousand requests, no slot stays taken, nothing stays reserved, and what is
// counted equals the ledger's rows.
import { expect, test } from 'bun:test';
import { NO_USAGE } from '../../src/core/token-usage.ts';
import { chargedNanoUsd, chargedTokens } from '../../src/core/usage-event.ts';
import { asArray, asObject } from '../../src/lib/json.ts';
import { saveLimit } from '../../src/store/limits.ts';
import { sampleLimit } from '../support/samples.ts';
import {
  chatCompletion,
  chatStream,
  jsonAnswer,
  type ScriptedAnswer,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate } from '../support/start-tollgate.ts';

const REQUESTS = 10_000;
const AT_ONCE = 96;
const SLOTS = 90;
const PROVIDER_KEYS = 800;

/** Numbers that are the same on every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = seeded(20_261_123);
const USAGE = { prompt_tokens: 40, completion_tokens: 10 };

function anyAnswer(isStream: boolean): ScriptedAnswer {
  const roll = random();
  const pieces = chatStream(['a', 'b'], random() < 0.9 ? USAGE : null);
  if (roll < 0.06) return jsonAnswer({ error: { message: 'no', type: 'x' } }, 400);
  if (roll < 0.1) return jsonAnswer({ error: { message: 'down', type: 'x' } }, 503);
  if (roll < 0.13) return { steps: [], before: [{ cut: true }] };
  if (roll < 0.16) return { steps: [{ send: '{"half' }, { cut: true }] };
  if (roll < 0.18) return { steps: [{ send: 'this is no JSON' }] };
  if (!isStream) return jsonAnswer(chatCompletion('hello', USAGE));
  if (roll < 0.24) return streamAnswer(pieces.slice(0, 2), { end: [{ cut: true }] });
  if (roll < 0.27) return streamAnswer([...pieces.slice(0, 2), 'data: {"error":{"message":"oh"}}\n\n']);
  if (roll < 0.3) return streamAnswer(pieces.slice(0, 2), { end: [{ hang: true }] });
  return streamAnswer(pieces);
}

/** A key that fails rests for a while; there are enough for most requests to reach the provider all the same. */
function providerKeys(): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: PROVIDER_KEYS }, (_, index) => [`SCRIPTED_API_KEY_${index + 1}`, `sk-${index}`]),
  );
}

test(`${REQUESTS} requests with random failures and hang-ups leave no slot taken`, async () => {
  const upstream = await startScriptedUpstream((request) => anyAnswer(request.json?.stream === true));
  const tollgate = await startTollgate(
    { SCRIPTED_API_BASE: `${upstream.url}/v1`, ...providerKeys() },
    { prices: { 'scripted/*': { input: 1, output: 2 } } },
  );
  const mine = { scope: 'user', scopeId: tollgate.userId } as const;
  const limits = [
    sampleLimit({ ...mine, id: 'lim_a', kind: 'concurrent_requests', amount: SLOTS }),
    sampleLimit({ ...mine, id: 'lim_b', kind: 'budget_money', period: 'forever', amount: 1e15 }),
    sampleLimit({ ...mine, id: 'lim_c', kind: 'budget_tokens', period: 'forever', amount: 1e15 }),
  ];
  for (const limit of limits) await saveLimit(tollgate.store.write, limit, 1);
  await tollgate.reload();
  const statuses = new Map<number, number>();
  let left = REQUESTS;
  const client = async () => {
    while (left-- > 0) {
      const leaving = random() < 0.1 ? AbortSignal.timeout(1 + Math.floor(random() * 8)) : undefined;
      const patience = AbortSignal.timeout(2_000);
      const status = await fetch(`${tollgate.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${tollgate.key}` },
        body: JSON.stringify({
          model: 'scripted/any',
          max_tokens: 20,
          stream: random() < 0.4,
          messages: [{ role: 'user', content: 'hello' }],
        }),
        signal: leaving ? AbortSignal.any([leaving, patience]) : patience,
      })
        .then((response) => response.text().then(() => response.status))
        .catch(() => 0);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));

  const states = await untilFree(tollgate);
  console.log(`answers by status: ${JSON.stringify(Object.fromEntries(statuses))}`);
  expect(
    states.map(({ kind, used, reserved }) => (kind === 'concurrent_requests' ? used : reserved)),
  ).toEqual([0, 0, 0]);
  expect(statuses.get(200)).toBeGreaterThan(REQUESTS / 10);
  expect(statuses.get(0)).toBeGreaterThan(100);
  expect(statuses.get(429)).toBeGreaterThan(0);

  const rows = await settledRows(tollgate);
  const money = states.find(({ kind }) => kind === 'budget_money')?.used;
  const tokens = states.find(({ kind }) => kind === 'budget_tokens')?.used;
  expect(money).toBe(rows.reduce((sum, row) => sum + chargedNanoUsd(row), 0));
  expect(tokens).toBe(rows.reduce((sum, row) => sum + chargedTokens(row), 0));
  await tollgate.stop();
  await upstream.stop();
}, 120_000);

type Tollgate = Awaited<ReturnType<typeof startTollgate>>;

async function untilFree(tollgate: Tollgate) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const body = asObject(await (await tollgate.get('/v1/usage/me')).json());
    const states = (asArray(body?.limits) ?? []).map((state) => asObject(state) ?? {});
    const isFree = states.every(({ kind, used, reserved }) =>
      kind === 'concurrent_requests' ? used === 0 : reserved === 0,
    );
    if (isFree || Date.now() > deadline) return states;
    await Bun.sleep(25);
  }
}

/** All rows, once their number stands still. */
async function settledRows(tollgate: Tollgate) {
  let count = -1;
  for (;;) {
    const rows = await tollgate.store.read
      .selectFrom('usage_events')
      .select(['cost_nano_usd', 'held_nano_usd', 'held_tokens', 'prompt_tokens', 'completion_tokens'])
      .execute();
    if (rows.length === count)
      return rows.map((row) => ({
        costNanoUsd: row.cost_nano_usd,
        heldNanoUsd: row.held_nano_usd,
        heldTokens: row.held_tokens,
        usage: { ...NO_USAGE, promptTokens: row.prompt_tokens, completionTokens: row.completion_tokens },
      }));
    count = rows.length;
    await Bun.sleep(500);
  }
}
