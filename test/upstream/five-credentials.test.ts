// Guarantee: a dead, limited, hanging or cutting key costs a caller nothing but milliseconds. Five keys, one of each
// kind and one that works: 2,000 requests, half of them streams, 64 at a time. Prints its figures.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { availableParallelism, loadavg } from 'node:os';
import {
  chatCompletion,
  chatStream,
  jsonAnswer,
  type ScriptedAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
  type UpstreamRequest,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const REQUESTS = 2_000;
const AT_ONCE = 64;
const ROUNDS = 5;
/**
 * A model takes its time, now more and now less. Without that, 64 calls in lockstep would measure how long this one
 * process, which plays provider and caller as well, needs for 64 calls.
 */
const MODEL_MS = 150;
const MODEL_SPREAD_MS = 100;
const RETRY_AFTER_S = 2;
const KEYS = ['limited', 'refused', 'hanging', 'cutting', 'working'] as const;

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
const calls = new Map<string, number[]>();
let turn = 0;

function keyOf(request: UpstreamRequest): string {
  return String(request.headers.authorization).replace('Bearer key-', '');
}

function play(request: UpstreamRequest): ScriptedAnswer {
  const key = keyOf(request);
  calls.set(key, [...(calls.get(key) ?? []), performance.now()]);
  if (key === 'limited')
    return jsonAnswer({ error: { message: 'slow down' } }, 429, { 'retry-after': String(RETRY_AFTER_S) });
  if (key === 'refused') return jsonAnswer({ error: { message: 'no such key' } }, 401);
  if (key === 'hanging') return { before: [{ hang: true }], steps: [] };
  turn += 1;
  const before = [{ waitMs: MODEL_MS + ((turn * 37) % MODEL_SPREAD_MS) }];
  if (request.json?.stream !== true) return { ...jsonAnswer(chatCompletion('fine')), before };
  const pieces = chatStream(Array.from({ length: 20 }, (_, i) => `word${i} `));
  if (key === 'cutting')
    return { ...streamAnswer(pieces.slice(0, 10), { end: [{ waitMs: 20 }, { cut: true }] }), before };
  return { ...streamAnswer(pieces), before };
}

beforeAll(async () => {
  upstream = await startScriptedUpstream(play);
  const keys = Object.fromEntries(KEYS.map((key, index) => [`UP_API_KEY_${index + 1}`, `key-${key}`]));
  tollgate = await startTollgate({
    ...keys,
    UP_API_BASE: `${upstream.url}/v1`,
    TIMEOUT_FIRST_BYTE: '1',
    TIMEOUT_READ_NON_STREAMING: '1.5',
    LOG_LEVEL: 'silent',
  });
});
afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

interface Result {
  readonly stream: boolean;
  readonly status: number;
  /** Until the whole answer, or until the first byte of a stream. */
  readonly latencyMs: number;
  readonly text: string;
}

async function ask(url: string, key: string, stream: boolean): Promise<Result> {
  const startedMs = performance.now();
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: url === `${tollgate.url}/v1` ? 'up/gpt' : 'gpt',
      stream,
      messages: [{ role: 'user', content: 'hi' }],
    }),
  });
  let text = '';
  let latencyMs = 0;
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    if (stream) latencyMs ||= performance.now() - startedMs;
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  latencyMs ||= performance.now() - startedMs;
  return { stream, status: response.status, latencyMs, text };
}

async function load(count: number, url: string, key: string): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++)
      results.push(await ask(url, key, index % 2 === 1));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

const typical = (of: readonly Result[]) => median(of.map((each) => each.latencyMs));

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

test('five keys, one of them good: nobody notices', async () => {
  const results: Result[] = [];
  const rounds: number[] = [];
  let tookMs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // Side by side in time, since others may use this machine now and not a second later.
    const direct = await load(3 * AT_ONCE, `${upstream.url}/v1`, 'key-direct');
    const startedMs = performance.now();
    const ours = await load(REQUESTS / ROUNDS, `${tollgate.url}/v1`, tollgate.key);
    tookMs += performance.now() - startedMs;
    results.push(...ours);
    rounds.push(typical(ours) - typical(direct));
  }

  // Where others fill the machine, its latency says more of them than of us: the limit grows with the crowd.
  const crowd = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
  const addedMs = [...rounds].sort((a, b) => a - b)[crowd > 1 ? 1 : Math.floor(ROUNDS / 2)] ?? Number.NaN;
  const begun = results.filter((each) => each.stream && each.status === 200);
  const broken = begun.filter((each) => !each.text.includes('[DONE]'));
  const limited = calls.get('limited') ?? [];
  const gapsMs = limited.slice(1).map((at, index) => at - (limited[index] ?? 0));
  console.log(
    [
      `${results.length} requests in ${(tookMs / 1000).toFixed(1)} s, ${broken.length} streams cut after they had begun`,
      `calls: ${KEYS.map((key) => `${key} ${calls.get(key)?.length ?? 0}`).join(', ')}`,
      `added latency at the median: ${addedMs.toFixed(2)} ms${crowd > 1 ? `, on a machine with ${crowd.toFixed(1)} times the work it can do` : ''} (by round ${rounds.map((each) => each.toFixed(1)).join(', ')})`,
      `shortest time between calls on the limited key: ${gapsMs.length > 0 ? (Math.min(...gapsMs) / 1000).toFixed(2) : '-'} s`,
    ].join('\n'),
  );

  expect(results).toHaveLength(REQUESTS);
  // Everything that had not begun to stream succeeded.
  expect(results.filter((each) => each.status !== 200)).toEqual([]);
  for (const each of results.filter((one) => !one.stream)) expect(each.text).toContain('"fine"');
  // A stream that was cut says so and never ends cleanly.
  for (const each of broken) expect(each.text).toContain('"error"');
  expect(broken.length).toBeLessThanOrEqual(AT_ONCE);
  expect(calls.get('refused')?.length ?? 0).toBeLessThanOrEqual(1);
  expect(limited.length).toBeGreaterThan(0);
  for (const gap of gapsMs) expect(gap).toBeGreaterThanOrEqual(RETRY_AFTER_S * 1_000 - 20);
  expect(addedMs).toBeLessThan(5 * crowd);

  const events = await tollgate.usageEvents(REQUESTS);
  expect(events).toHaveLength(REQUESTS);
  expect(events.filter((event) => event.outcome === 'final')).toHaveLength(REQUESTS - broken.length);
  expect(events.filter((event) => event.error_type === 'interrupted')).toHaveLength(broken.length);
}, 90_000);
