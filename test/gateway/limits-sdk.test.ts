// Guarantee: the official SDKs understand our refusals and never sleep through a budget's period (wire fact F21).
import { afterAll, beforeAll, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { Limit } from '../../src/core/limits/limit.ts';
import { saveLimit } from '../../src/store/limits.ts';
import { sampleLimit } from '../support/samples.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

let tollgate: TestTollgate;
beforeAll(async () => {
  tollgate = await startTollgate({}, { prices: { 'demo/*': { input: 1, output: 1 } } });
});
afterAll(() => tollgate.stop());

/** A key of its own under one limit, and a client for each API that counts its calls. */
async function clientsUnder(limit: Partial<Limit>) {
  const key = await tollgate.issueKey();
  await saveLimit(tollgate.store.write, sampleLimit({ id: `lim_${key.id}`, scopeId: key.id, ...limit }), 1);
  await tollgate.reload();
  const calls: Response[] = [];
  const counting = async (url: string | URL | Request, init?: RequestInit) => {
    const response = await fetch(url, init);
    calls.push(response);
    return response;
  };
  const openai = new OpenAI({ baseURL: `${tollgate.url}/v1`, apiKey: key.token, fetch: counting });
  const anthropic = new Anthropic({ baseURL: tollgate.url, apiKey: key.token, fetch: counting });
  return { openai, anthropic, calls };
}

const messages = [{ role: 'user' as const, content: 'hi' }];
const spent: Partial<Limit> = { kind: 'budget_money', period: 'month', amount: 1 };

test('openai: an exhausted budget is a RateLimitError at once, without a retry', async () => {
  const { openai, calls } = await clientsUnder(spent);
  const asked = openai.chat.completions.create({ model: 'demo/echo', messages, max_tokens: 10 });
  const error = await asked.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OpenAI.RateLimitError);
  expect((error as InstanceType<typeof OpenAI.RateLimitError>).code).toBe('budget_exhausted');
  expect(calls.length).toBe(1);
});

test('anthropic: an exhausted budget is a RateLimitError at once, without a sleep until next month', async () => {
  const { anthropic, calls } = await clientsUnder(spent);
  const asked = anthropic.messages.create({ model: 'demo/echo', messages, max_tokens: 10 });
  const error = await asked.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Anthropic.RateLimitError);
  expect((error as Error).message).toContain('monthly budget of this key');
  expect(calls.length).toBe(1);
});

test('anthropic: a rate speaks in the names that its clients read', async () => {
  const { anthropic, calls } = await clientsUnder({ amount: 0 });
  await anthropic.messages.create({ model: 'demo/echo', messages, max_tokens: 10 }).catch(() => {});
  const headers = calls[0]?.headers;
  expect(headers?.get('anthropic-ratelimit-requests-limit')).toBe('0');
  expect(headers?.get('anthropic-ratelimit-requests-remaining')).toBe('0');
  expect(headers?.get('x-ratelimit-limit-requests')).toBeNull();
});

test('both: when another slot will be free soon, the SDK tries again by itself and is served', async () => {
  const { openai, anthropic, calls } = await clientsUnder({ kind: 'concurrent_requests', amount: 1 });
  const [story] = await Promise.all([
    openai.chat.completions.create({ model: 'demo/echo', messages }),
    anthropic.messages.create({ model: 'demo/echo', messages, max_tokens: 10 }),
    openai.chat.completions.create({ model: 'demo/echo', messages }),
  ]);
  expect(story.choices.length).toBe(1);
  expect(calls.length).toBeGreaterThanOrEqual(3);
}, 20_000);

test('counting tokens costs no budget, but rates bind it as everything else', async () => {
  const { anthropic } = await clientsUnder({ amount: 2 });
  const count = () =>
    anthropic.messages.countTokens({ model: 'demo/echo', messages }, { maxRetries: 0 }).then(
      ({ input_tokens }) => input_tokens > 0,
      (error: unknown) => error instanceof Anthropic.RateLimitError && 'refused',
    );
  expect([await count(), await count(), await count()]).toEqual([true, true, 'refused']);
  const broke = await clientsUnder(spent);
  expect(
    (await broke.anthropic.messages.countTokens({ model: 'demo/echo', messages })).input_tokens,
  ).toBeGreaterThan(0);
});
