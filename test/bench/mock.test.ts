// Guarantee: the provider that the benchmark stands on says what OpenAI's would, to the real client, and keeps its times.
import { afterEach, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { MOCK_DEFAULTS, type MockOptions } from '../../bench/mock/answers.ts';
import { type Mock, startMock } from '../../bench/mock/start-mock.ts';

let mock: Mock;

afterEach(() => mock.stop());

function clientOf(options: Partial<MockOptions>): OpenAI {
  mock = startMock({ ...MOCK_DEFAULTS, ...options });
  return new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${mock.port}/v1`, maxRetries: 0 });
}

const question = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Hello' }] };

test('a whole answer, after the delay that was asked for', async () => {
  const client = clientOf({ delayMs: 40, answerChars: 100, promptTokens: 7, completionTokens: 5 });
  const startMs = performance.now();
  const { choices, usage } = await client.chat.completions.create(question);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(39);
  expect(choices[0]?.message.content).toHaveLength(100);
  expect(usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 });
  expect(mock.counts()).toMatchObject({ requests: 1, streamsCut: 0 });
});

test('a stream of so many chunks, so far apart, with the usage that was asked for', async () => {
  const client = clientOf({ ttftMs: 30, gapMs: 10, chunks: 6, completionTokens: 6 });
  const startMs = performance.now();
  const stream = await client.chat.completions.create({
    ...question,
    stream: true,
    stream_options: { include_usage: true },
  });
  const texts: string[] = [];
  let usage: object | null = null;
  let firstMs = 0;
  for await (const chunk of stream) {
    firstMs ||= performance.now() - startMs;
    const text = chunk.choices[0]?.delta.content;
    if (text) texts.push(text);
    usage ??= chunk.usage ?? null;
  }
  expect(texts.map((text) => text.split(' ')[0])).toEqual(['0', '1', '2', '3', '4', '5']);
  expect(usage).toMatchObject({ completion_tokens: 6 });
  expect(firstMs).toBeGreaterThanOrEqual(29);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(29 + 5 * 10);
  expect(mock.counts().chunksSent).toBeGreaterThanOrEqual(6);
});

test('errors at the rate that was asked for, 429 and 500 in turn', async () => {
  const client = clientOf({ errorRate: 0.5 });
  const statuses: number[] = [];
  for (let at = 0; at < 20; at++) {
    const status = await client.chat.completions.create(question).then(
      () => 200,
      (error: InstanceType<typeof OpenAI.APIError>) => error.status ?? 0,
    );
    statuses.push(status);
  }
  const count = (wanted: number) => statuses.filter((status) => status === wanted).length;
  expect([count(200), count(429), count(500)]).toEqual([10, 5, 5]);
});

test('a client that hangs up is counted', async () => {
  const client = clientOf({ ttftMs: 1, gapMs: 20, chunks: 500 });
  const stream = await client.chat.completions.create({ ...question, stream: true });
  for await (const _ of stream) break;
  for (let tries = 0; mock.counts().streamsCut === 0 && tries < 100; tries++) await Bun.sleep(20);
  expect(mock.counts()).toMatchObject({ streamsCut: 1 });
});
