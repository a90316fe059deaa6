// Guarantee: on Anthropic's routes every error has Anthropic's shape, whatever went wrong and however early; on Gemini's
// routes Gemini's. Attack: a client that cannot read an error retries it for ever, or shows an empty one.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { anthropicStream, chatStreamWith } from '../support/provider-answers.ts';
import {
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const GOOD = { model: 'local/m', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
let upstream: ScriptedUpstream;
let tollgate: TestTollgate;

beforeAll(async () => {
  upstream = await startScriptedUpstream(() => jsonAnswer({}));
  tollgate = await startTollgate({
    ANTHROPIC_API_KEY: 'sk-ant-test',
    ANTHROPIC_API_BASE: upstream.url,
    LOCAL_API_KEY: 'sk-local',
    LOCAL_API_BASE: `${upstream.url}/v1`,
    // One that may be put out of service by what it answers.
    BROKEN_API_KEY: 'sk-broken',
    BROKEN_API_BASE: `${upstream.url}/v1`,
    GEMINI_API_KEY: 'gm-test',
    GEMINI_API_BASE: upstream.url,
    BODY_BYTES_MAX: '2000',
  });
});

afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

interface Case {
  readonly what: string;
  readonly path?: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly type: string;
}
const CASES: Case[] = [
  { what: 'no key', headers: { authorization: '' }, status: 401, type: 'authentication_error' },
  {
    what: 'a wrong key',
    headers: { authorization: 'Bearer nonsense' },
    status: 401,
    type: 'authentication_error',
  },
  { what: 'a key in the URL', path: '/v1/messages?key=abc', status: 401, type: 'authentication_error' },
  { what: 'no JSON', body: '{"model":', status: 400, type: 'invalid_request_error' },
  { what: 'no model', body: { messages: [] }, status: 400, type: 'invalid_request_error' },
  {
    what: 'no list of messages',
    body: { model: 'local/m', messages: 'hi' },
    status: 400,
    type: 'invalid_request_error',
  },
  {
    what: 'too large a body',
    body: { ...GOOD, system: 'x'.repeat(3_000) },
    status: 413,
    type: 'request_too_large',
  },
  {
    what: 'a strange media type',
    headers: { 'content-type': 'image/png' },
    status: 415,
    type: 'invalid_request_error',
  },
  { what: 'an unknown model', body: { ...GOOD, model: 'nobody/m' }, status: 404, type: 'not_found_error' },
  { what: 'GET', method: 'GET', status: 405, type: 'invalid_request_error' },
  { what: 'a path that does not exist', path: '/v1/messages/batches', status: 404, type: 'not_found_error' },
  { what: 'a path that is not plain', path: '/v1/messages//x', status: 400, type: 'invalid_request_error' },
  {
    what: 'what cannot be carried',
    body: { ...GOOD, tools: [{ type: 'web_search_20250305', name: 'w' }] },
    status: 400,
    type: 'invalid_request_error',
  },
  {
    what: 'count_tokens without a key',
    path: '/v1/messages/count_tokens',
    headers: { authorization: '' },
    status: 401,
    type: 'authentication_error',
  },
];

describe("on Anthropic's routes", () => {
  for (const {
    what,
    path = '/v1/messages',
    method = 'POST',
    body = GOOD,
    headers = {},
    status,
    type,
  } of CASES) {
    test(what, async () => {
      const answer = await fetch(`${tollgate.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${tollgate.key}`, ...headers },
        ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const error = (await answer.json()) as { request_id: string };
      expect([answer.status, error]).toMatchObject([
        status,
        { type: 'error', error: { type, message: expect.any(String) } },
      ]);
      expect(error.request_id).toBe(answer.headers.get('request-id') ?? '');
      expect(error.request_id).not.toBe('');
    });
  }

  test.each([
    [401, 502, 'api_error', { error: { message: 'bad key sk-broken', type: 'authentication_error' } }],
    [
      400,
      400,
      'invalid_request_error',
      {
        error: {
          message: 'context is too long',
          type: 'invalid_request_error',
          code: 'context_length_exceeded',
        },
      },
    ],
    [429, 429, 'rate_limit_error', { error: { message: 'slow down' } }],
    [500, 502, 'api_error', { error: { message: 'oops' } }],
  ])("a provider's %d is told as %d %s, without its key", async (given, status, type, body) => {
    upstream.play(() => jsonAnswer(body, given));
    const provider = given === 401 ? 'broken' : 'local';
    const answer = await tollgate.post('/v1/messages', { ...GOOD, model: `${provider}/m${given}` });
    const text = await answer.text();
    expect([answer.status, JSON.parse(text)]).toMatchObject([status, { type: 'error', error: { type } }]);
    expect(text).not.toContain('sk-broken');
  });

  for (const [model, stream] of [
    ['anthropic/claude-opus-5', anthropicStream({ text: 'half of it' })],
    ['local/m', chatStreamWith({ text: 'half of it' })],
  ] as const) {
    test(`a stream of ${model} that breaks off ends in an error event`, async () => {
      // The pause lets the first words through: what breaks before them is a plain error, and no stream.
      upstream.play(() => streamAnswer(stream.slice(0, 4), { end: [{ waitMs: 200 }, { cut: true }] }));
      const answer = await tollgate.post('/v1/messages', { ...GOOD, model, stream: true });
      const text = await answer.text();
      const last = text.trim().split('\n\n').at(-1) ?? '';
      expect(last).toStartWith('event: error\ndata: {"type":"error"');
      expect(text).not.toContain('message_stop');
    });
  }
});

test("on Gemini's routes", async () => {
  const answer = await fetch(`${tollgate.url}/v1beta/models/gemini-3-pro:generateContent`, {
    method: 'POST',
    body: '{}',
  });
  expect([answer.status, await answer.json()]).toMatchObject([
    401,
    { error: { code: 401, status: 'UNAUTHENTICATED' } },
  ]);
});
