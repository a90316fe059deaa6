// Guarantee: every row of the provider table passes one contract against a scripted provider: the right URL, the right
// credential in the right header and nowhere else, answers, streams, usage asked for only where it may be, refusals,
// lists of models, and a check of the key that costs nothing.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/lib/clock.ts';
import { asObject, type JsonObject } from '../../src/lib/json.ts';
import { callUpstream } from '../../src/upstream/call-upstream.ts';
import { checkCredential } from '../../src/upstream/check-credential.ts';
import { discoverProviders } from '../../src/upstream/providers/discover.ts';
import type { Credential, ProviderSpec } from '../../src/upstream/providers/provider-spec.ts';
import { PROVIDER_TABLE } from '../../src/upstream/providers/table.ts';
import { readModelList } from '../../src/upstream/read-model-list.ts';
import {
  anthropicMessage,
  anthropicStream,
  geminiAnswer,
  geminiStream,
} from '../support/provider-answers.ts';
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

const SECRET = 'sk-canary-contract-0123456789';
const CALLERS = ['tg_', 'caller'];
let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let mode: 'fine' | 'refuse' | 'limit' | 'cut' = 'fine';

function answer(request: UpstreamRequest): ScriptedAnswer {
  if (mode === 'refuse')
    return jsonAnswer({ error: { type: 'invalid_request_error', message: 'too strange' } }, 400);
  if (mode === 'limit') return jsonAnswer({ error: { message: 'slow down' } }, 429, { 'retry-after': '70' });
  const { path } = request;
  if (request.method === 'GET')
    return jsonAnswer({ data: [{ id: 'm-1', created: 1_700_000_000 }], models: undefined });
  const stream = path.includes(':streamGenerateContent') || request.json?.stream === true;
  const pieces = path.includes('/messages')
    ? anthropicStream({ text: 'half of it' })
    : path.includes('Generate') || path.includes('generate')
      ? geminiStream({ text: 'half of it' })
      : chatStream(['half ', 'of it']);
  if (stream && mode === 'cut')
    return streamAnswer(pieces.slice(0, Math.max(1, pieces.length - 2)), {
      gapMs: 10,
      end: [{ waitMs: 30 }, { cut: true }],
    });
  if (stream) return streamAnswer(pieces);
  if (path.includes('/messages')) return jsonAnswer(anthropicMessage({ text: 'fine' }));
  return jsonAnswer(
    path.includes('enerateContent') ? geminiAnswer({ text: 'fine' }) : chatCompletion('fine'),
  );
}

function environment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { name } of PROVIDER_TABLE) {
    const upper = name.toUpperCase();
    env[`${upper}_API_KEY`] = `${SECRET}-${name}`;
    // Each keeps the path of its real base URL, so that the contract sees the whole path.
    const real = PROVIDER_TABLE.find((row) => row.name === name)?.baseUrl || 'https://x.example';
    env[`${upper}_API_BASE`] = `${upstream.url}/${name}${new URL(real).pathname.replace(/\/$/, '')}`;
  }
  return env;
}

beforeAll(async () => {
  upstream = await startScriptedUpstream(answer);
  tollgate = await startTollgate({
    ...environment(),
    LOG_LEVEL: 'silent',
    SMALL_COOLDOWN_RETRY_THRESHOLD: '0',
  });
});
afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

function specOf(name: string): { spec: ProviderSpec; credential: Credential } {
  const { specs, credentials } = discoverProviders(environment());
  const spec = specs.find((each) => each.name === name);
  const credential = credentials.find((each) => each.provider === name);
  if (!spec || !credential) throw new Error(`${name} is not found`);
  return { spec, credential };
}

async function ask(name: string, more: object = {}) {
  const response = await tollgate.post(
    '/v1/chat/completions',
    { model: `${name}/m-1`, messages: [{ role: 'user', content: 'hi' }], max_tokens: 50, ...more },
    { cookie: 'caller=1', 'x-forwarded-for': '10.0.0.1' },
  );
  return { status: response.status, text: await response.text(), sent: upstream.requests.at(-1) };
}

const AUTH: Readonly<Record<string, string>> = {
  anthropic: 'x-api-key',
  gemini: 'x-goog-api-key',
  azure: 'api-key',
};

describe.each(PROVIDER_TABLE.map((row) => row.name))('%s', (name) => {
  test('is called at its own path, with its own key in its own header and nothing of the caller’s', async () => {
    mode = 'fine';
    const { status, text, sent } = await ask(name);
    expect(status).toBe(200);
    expect(text).toContain('fine');
    expect(sent?.path).toStartWith(`/${name}/`);
    const carrier = AUTH[name] ?? 'authorization';
    const secret = `${SECRET}-${name}`;
    expect(sent?.headers[carrier]).toBe(carrier === 'authorization' ? `Bearer ${secret}` : secret);
    for (const other of ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'])
      if (other !== carrier) expect(sent?.headers[other]).toBeUndefined();
    const all = JSON.stringify(sent?.headers);
    for (const mark of CALLERS) expect(all).not.toContain(mark);
    expect(sent?.path).not.toContain(SECRET);
    expect(text).not.toContain(SECRET);
  });

  test('streams, is asked for usage only where it may be, and its tokens are on record', async () => {
    mode = 'fine';
    const { spec } = specOf(name);
    const { status, text, sent } = await ask(name, { stream: true });
    expect(status).toBe(200);
    expect(text).toContain('[DONE]');
    expect(asObject(sent?.json?.stream_options) !== null).toBe(spec.includeUsage);
    const rows = await tollgate.store.read.selectFrom('usage_events').select('id').execute();
    const events = await tollgate.usageEvents(rows.length + 1);
    const event = events.filter((each) => each.provider === name && each.streamed === 1).at(-1);
    expect(event).toMatchObject({ outcome: 'final', provenance: 'provider' });
    expect(event?.completion_tokens).toBeGreaterThan(0);
  });

  test('a refusal of the request is told in its words; a cut stream never ends cleanly; a limit carries its wait', async () => {
    mode = 'refuse';
    const refused = await ask(name);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('too strange');
    mode = 'cut';
    const cut = await ask(name, { stream: true });
    expect(cut.text).toContain('"error"');
    expect(cut.text).not.toContain('[DONE]');
    mode = 'limit';
    const { spec, credential } = specOf(name);
    const limited = await callUpstream(
      {
        spec,
        credential,
        operation:
          spec.protocol === 'anthropic' ? 'messages' : spec.protocol === 'gemini' ? 'generate' : 'chat',
        model: 'm-1',
        headers: null,
        signal: null,
        firstByteMs: 10_000,
        clock: systemClock,
      },
      '{}',
    );
    expect(limited).toMatchObject({ kind: 'failure', failure: 'rate_limit', retryAfterMs: 70_000 });
    mode = 'fine';
  });

  test('its key can be checked without tokens, where it has a place for that', async () => {
    mode = 'fine';
    const { spec, credential } = specOf(name);
    const before = upstream.requests.length;
    const check = await checkCredential(spec, credential, systemClock);
    if (spec.keyCheck === null && spec.endpoints.models === undefined) expect(check.kind).toBe('not_offered');
    else {
      expect(check.kind).toBe('works');
      for (const request of upstream.requests.slice(before)) expect(request.method).toBe('GET');
    }
  });
});

test('lists of models are read in every shape that providers have', () => {
  const names = (body: JsonObject | JsonObject[]) => readModelList(body as JsonObject);
  expect(names({ data: [{ id: 'a', created: 5 }, { id: '' }, { id: 7 }] }).models).toEqual([
    { model: 'a', createdS: 5 },
  ]);
  expect(names([{ id: 'a' }, { name: 'b' }]).models.map((each) => each.model)).toEqual(['a', 'b']);
  expect(
    names({ data: [{ id: 'c', created_at: '2026-01-01T00:00:00Z' }], has_more: true, last_id: 'c' }),
  ).toEqual({
    models: [{ model: 'c', createdS: 1_767_225_600 }],
    next: 'after_id=c',
  });
  expect(
    names({
      models: [
        { name: 'models/g', supportedGenerationMethods: ['generateContent'] },
        { name: 'models/tuner', supportedGenerationMethods: ['createTunedModel'] },
      ],
      nextPageToken: 'x y',
    }),
  ).toEqual({ models: [{ model: 'g', createdS: 0 }], next: 'pageToken=x%20y' });
});
