// Guarantee: the least program that Tollgate is compared with does what it says: the provider's bytes, whole and streamed,
// nobody without the key, and a row in the ledger for each request.
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MOCK_DEFAULTS } from '../../bench/mock/answers.ts';
import { type Mock, startMock } from '../../bench/mock/start-mock.ts';
import { startBunProgram } from '../../bench/rungs/bun-program.ts';
import { BENCH_TOKEN, CHAT_PATH, type Running } from '../../bench/rungs/system.ts';

const COMPLETION_TOKENS = 9;

let folder: string;
let mock: Mock;
let least: Running;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-least-'));
  mock = startMock({ ...MOCK_DEFAULTS, ttftMs: 5, gapMs: 1, chunks: 8, completionTokens: COMPLETION_TOKENS });
  least = await startBunProgram({
    file: './least-server.ts',
    parameters: [String(mock.port), folder],
    core: null,
  });
});

afterAll(async () => {
  await least.stop();
  mock.stop();
  rmSync(folder, { recursive: true, force: true });
});

function ask(at: number, options: { model: string; stream: boolean; token?: string }): Promise<Response> {
  const { model, stream, token = BENCH_TOKEN } = options;
  const more = stream ? { stream_options: { include_usage: true } } : {};
  return fetch(`http://127.0.0.1:${at}${CHAT_PATH}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, ...more, messages: [{ role: 'user', content: 'Hello' }] }),
  });
}

for (const stream of [false, true]) {
  test(`${stream ? 'a stream' : 'a whole answer'} byte for byte`, async () => {
    const through = await ask(least.port, { model: least.model, stream });
    const straight = await ask(mock.port, { model: 'gpt-4o-mini', stream });
    expect(through.status).toBe(200);
    expect(through.headers.get('content-type')).toBe(straight.headers.get('content-type'));
    expect(await through.text()).toBe(await straight.text());
  });
}

test('nobody without the key', async () => {
  const asked = mock.counts().requests;
  const refused = await ask(least.port, { model: least.model, stream: false, token: 'tg_other' });
  expect(refused.status).toBe(401);
  expect(mock.counts().requests).toBe(asked);
});

test('a row in the ledger for each, with the tokens the provider told', async () => {
  const db = new Database(join(folder, 'tollgate.db'), { readonly: true });
  const rows = () =>
    db
      .query('SELECT streamed, completion_tokens AS tokens, outcome FROM usage_events ORDER BY streamed')
      .all();
  for (let tries = 0; rows().length < 2 && tries < 60; tries++) await Bun.sleep(50);
  expect(rows()).toEqual([
    { streamed: 0, tokens: COMPLETION_TOKENS, outcome: 'final' },
    { streamed: 1, tokens: COMPLETION_TOKENS, outcome: 'final' },
  ]);
  db.close();
});
