// The data plane against its callers: who may call (T11, T14, T28, T29), what crosses to the provider and back (T32),
// and what a hostile name or a failure may do to headers, logs and answers (T19, T34).
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { hashApiKey } from '../../src/core/identity/api-key.ts';
import { revokeKeyRow } from '../../src/store/api-keys.ts';
import { updateUser } from '../../src/store/users.ts';
import {
  chatCompletion,
  chatStream,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const PROVIDER_KEY = 'sk-canary-provider-key-00112233';
const CHAT = '/v1/chat/completions';
const chat = { model: 'up/m', messages: [{ role: 'user', content: 'hi' }] };
/** Providers for tests that make them fail: a key that failed rests, and the next test needs one that does not. */
const SPARE = Array.from({ length: 24 }, (_, index) => `spare${String.fromCharCode(97 + index)}`);
const spares = [...SPARE];
const spareModel = () => `${spares.pop()}/m`;
const provider = (name: string) => ({
  [`${name}_API_KEY`]: PROVIDER_KEY,
  [`${name}_API_BASE`]: `${upstream.url}/v1`,
});
let upstream: ScriptedUpstream;
let evil: ScriptedUpstream;
let tollgate: TestTollgate;

beforeAll(async () => {
  upstream = await startScriptedUpstream(() => jsonAnswer(chatCompletion('ok')));
  evil = await startScriptedUpstream(() => jsonAnswer(chatCompletion('stolen')));
  tollgate = await startTollgate({
    ...provider('UP'),
    ...Object.assign({}, ...SPARE.map((name) => provider(name.toUpperCase()))),
    PROXY_API_KEY: 'the-master-key-0123456789',
    LOG_LEVEL: 'silent',
  });
});
afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
  await evil?.stop();
});

const ROUTES: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['POST', CHAT, chat],
  ['POST', '/v1/embeddings', { model: 'up/m', input: 'hi' }],
  ['POST', '/v1/messages', { ...chat, max_tokens: 5 }],
  ['GET', '/v1/models'],
  ['GET', '/v1/models/up/m'],
  ['GET', '/v1/usage/me'],
  ['GET', '/v1/nothing-at-all'],
];
const CARRIERS: Record<string, (token: string) => Record<string, string>> = {
  bearer: (token) => ({ authorization: `Bearer ${token}` }),
  'x-api-key': (token) => ({ 'x-api-key': token }),
  'api-key': (token) => ({ 'api-key': token }),
  'x-goog-api-key': (token) => ({ 'x-goog-api-key': token }),
};

function send(route: (typeof ROUTES)[number], headers: Record<string, string>): Promise<Response> {
  const [method, path, body] = route;
  return fetch(tollgate.url + path, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
}

async function expectRefused(headers: Record<string, string>, codes: RegExp): Promise<void> {
  const before = upstream.requests.length;
  for (const route of ROUTES) {
    const response = await send(route, headers);
    const text = await response.text();
    expect([route[1], response.status, codes.test(text)]).toEqual([route[1], 401, true]);
  }
  expect(upstream.requests.length).toBe(before);
}

describe('T11: a key that was taken away', () => {
  for (const [carrier, headersOf] of Object.entries(CARRIERS)) {
    test(`T11: revoked, expired, of a disabled owner, unknown: refused on every route by ${carrier}`, async () => {
      const revoked = await tollgate.issueKey();
      await revokeKeyRow(tollgate.store.write, revoked.id, Date.now());
      const expired = await tollgate.issueKey({ expiresMs: Date.now() - 1_000 });
      await tollgate.reload();
      await expectRefused(headersOf(revoked.token), /key_revoked|revoked/);
      await expectRefused(headersOf(expired.token), /key_expired|expired/);
      await expectRefused(headersOf('tg_unknown'), /invalid_api_key|not known/);
      await updateUser(tollgate.store.write, tollgate.userId, { is_active: 0 });
      await tollgate.reload();
      await expectRefused(headersOf(tollgate.key), /user_disabled|disabled/);
      await updateUser(tollgate.store.write, tollgate.userId, { is_active: 1 });
      await tollgate.reload();
      expect((await send(['POST', CHAT, chat], headersOf(tollgate.key))).status).toBe(200);
    });

    test(`T11: a key for one model and one address keeps its bounds by ${carrier}`, async () => {
      const bound = await tollgate.issueKey({ models: ['up/other'] });
      expect((await send(['POST', CHAT, chat], headersOf(bound.token))).status).toBe(403);
      const elsewhere = await tollgate.issueKey({ addresses: ['203.0.113.0/24'] });
      expect((await send(['POST', CHAT, chat], headersOf(elsewhere.token))).status).toBe(403);
    });
  }

  test('T11: two different keys in one request are refused; the same key twice is one key', async () => {
    const other = await tollgate.issueKey();
    await expectRefused(
      { 'x-api-key': tollgate.key, authorization: `Bearer ${other.token}` },
      /conflict|different/,
    );
    const twice = { 'x-api-key': tollgate.key, authorization: `Bearer ${tollgate.key}` };
    expect((await send(['POST', CHAT, chat], twice)).status).toBe(200);
  });
});

test('T14: a session cookie, a basic password and no credential at all do not open /v1', async () => {
  const stolen = { cookie: 'tollgate_session=abc; __Host-tollgate_session=abc' };
  await expectRefused(stolen, /missing_api_key|No API key/);
  await expectRefused(
    { authorization: `Basic ${btoa(`alice:${tollgate.key}`)}` },
    /missing_api_key|No API key/,
  );
});

describe('T28, T29: keys', () => {
  test('T28: a key is 256 random bits, stands in no answer after its making, and opens nothing from a URL', async () => {
    const { token } = await tollgate.issueKey();
    expect(token).toMatch(/^tg_[0-9A-Za-z]{49}$/);
    const rows = await tollgate.store.read.selectFrom('api_keys').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(token);
    for (const name of ['key', 'api_key', 'api-key', 'access_token']) {
      const response = await fetch(`${tollgate.url}/v1/models?${name}=${token}`);
      expect(response.status).toBe(401);
      const withHeader = await fetch(`${tollgate.url}/v1/models?${name}=${token}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(withHeader.status).toBe(401);
    }
  });

  test('T29: equal prefix or suffix, the stored hash, quotes, NUL and 64 KB never open anything', async () => {
    const { token } = await tollgate.issueKey();
    const [row] = await tollgate.store.read.selectFrom('api_keys').selectAll().execute();
    const flip = (at: number) => token.slice(0, at) + (token[at] === 'a' ? 'b' : 'a') + token.slice(at + 1);
    const wrong = [
      flip(token.length - 1),
      flip(25),
      flip(4),
      token.slice(0, -1),
      `${token}x`,
      token.toUpperCase(),
      row?.token_hash ?? '',
      row?.token_prefix ?? '',
      "' OR '1'='1",
      '" OR ""="',
      `${token}' --`,
      '%',
      '../../etc/passwd',
      'x'.repeat(12_000),
      hashApiKey(token, 'p'),
    ];
    for (const each of wrong) {
      const response = await send(['GET', '/v1/models'], { authorization: `Bearer ${each}` });
      expect([each.slice(0, 60), response.status]).toEqual([each.slice(0, 60), 401]);
    }
    expect((await send(['GET', '/v1/models'], { authorization: `Bearer ${token}` })).status).toBe(200);
  });
});

describe('T32: what crosses', () => {
  test('T32: credentials, cookies, addresses, hop-by-hop and forwarding headers never reach the provider', async () => {
    const secret = 'canary-inbound-value';
    await tollgate.post(CHAT, chat, {
      'x-api-key': tollgate.key,
      cookie: `a=${secret}`,
      'proxy-authorization': `Basic ${secret}`,
      'x-forwarded-for': secret,
      'x-forwarded-host': secret,
      forwarded: `for=${secret}`,
      'x-real-ip': secret,
      via: secret,
      te: 'trailers',
      'x-amz-security-token': secret,
      'x-auth-token': secret,
      'openai-organization': secret,
      'x-request-id': 'canary-request-id',
      referer: secret,
      origin: secret,
      'x-kept': 'kept',
    });
    const seen = JSON.stringify(upstream.requests.at(-1)?.headers);
    expect(seen).not.toContain(secret);
    expect(seen).not.toContain(tollgate.key);
    expect(seen).toContain(`Bearer ${PROVIDER_KEY}`);
    expect(upstream.requests.at(-1)?.headers.host).toBe(new URL(upstream.url).host);
  });

  test('T32: no field, header or query of a request chooses where the provider key goes', async () => {
    const fields = {
      ...chat,
      api_base: evil.url,
      base_url: evil.url,
      api_key: 'x',
      custom_llm_provider: 'openai',
      extra_headers: { host: 'evil.example', 'x-routed': evil.url },
      proxies: { http: evil.url },
    };
    const response = await tollgate.post(`${CHAT}?api_base=${evil.url}&base_url=${evil.url}`, fields, {
      'x-portkey-custom-host': evil.url,
      'x-litellm-api-base': evil.url,
      'x-upstream': evil.url,
    });
    expect([200, 400]).toContain(response.status);
    for (const model of [`${evil.url}/m`, 'up@evil.example/m', '../m', 'up/../../admin', 'http:/evil/m']) {
      const answer = await tollgate.post(CHAT, { ...chat, model });
      expect([model, answer.status < 500]).toEqual([model, true]);
    }
    expect(evil.requests).toEqual([]);
    for (const request of upstream.requests) expect(request.path.split('?')[0]).toMatch(/^\/v1\//);
  });

  test('T32: cookies, server names, hop-by-hop headers and echoed keys of the provider never reach the caller', async () => {
    upstream.play(() =>
      jsonAnswer(chatCompletion('ok'), 200, {
        'set-cookie': 'session=canary-upstream',
        server: 'canary-upstream',
        'x-powered-by': 'canary-upstream',
        'x-echo-authorization': `Bearer ${PROVIDER_KEY}`,
        'access-control-allow-origin': '*',
        'proxy-authenticate': 'canary-upstream',
        'strict-transport-security': 'max-age=1',
      }),
    );
    const response = await tollgate.post(CHAT, chat);
    const told = [...response.headers].flat().join('\n');
    expect(told).not.toContain('canary-upstream');
    expect(told).not.toContain(PROVIDER_KEY);
    expect(response.headers.has('access-control-allow-origin')).toBe(false);
    upstream.play(() => jsonAnswer(chatCompletion('ok')));
  });

  test('T32: a provider error that echoes the key is passed on without it, also when it is the first event of a stream', async () => {
    const body = {
      error: {
        message: `Incorrect API key provided: ${PROVIDER_KEY}. Bearer ${PROVIDER_KEY}`,
        type: 'x',
        code: PROVIDER_KEY,
      },
    };
    for (const status of [400, 401, 403, 404, 429, 500]) {
      upstream.play(() => jsonAnswer(body, status));
      const before = upstream.requests.length;
      const response = await tollgate.post(CHAT, { ...chat, model: spareModel() });
      expect(response.status).not.toBe(401);
      expect(upstream.requests.length).toBeGreaterThan(before);
      expect(await response.text()).not.toContain(PROVIDER_KEY);
    }
    upstream.play(() => streamAnswer([`data: ${JSON.stringify(body)}\n\n`]));
    const streamed = await tollgate.post(CHAT, { ...chat, model: spareModel(), stream: true });
    const text = await streamed.text();
    const rows = await tollgate.store.read.selectFrom('usage_events').selectAll().execute();
    const attempts = await tollgate.store.read.selectFrom('usage_attempts').selectAll().execute();
    expect(JSON.stringify([rows, attempts])).not.toContain(PROVIDER_KEY);
    expect(text).not.toContain(PROVIDER_KEY);
    upstream.play(() => jsonAnswer(chatCompletion('ok')));
  });
});

describe('T34: names that would be headers or lines', () => {
  for (const [what, name] of [
    ['CRLF', 'up/m\r\nX-Injected: yes'],
    ['NUL', 'up/m\0'],
    ['a line separator', 'up/m\u2028'],
    ['letters of other scripts', 'up/模型😀'],
    ['a lone surrogate', 'up/\ud800'],
  ] as const) {
    test(`T34: ${what} in a model name reaches no header of the answer`, async () => {
      const before = upstream.requests.length;
      const response = await tollgate.post(CHAT, { ...chat, model: name });
      expect(response.headers.has('x-injected')).toBe(false);
      expect(response.status).toBeLessThan(500);
      for (const request of upstream.requests.slice(before))
        expect(request.headers['x-injected']).toBeUndefined();
      await response.arrayBuffer();
    });
  }

  test("T34: a caller's request id is taken only when it is short and plain", async () => {
    for (const id of ['a b', 'x'.repeat(65), '<script>', '"', 'ä', '../..', '{"a":1}']) {
      const response = await tollgate.get('/v1/models', {
        'x-request-id': Buffer.from(id).toString('latin1'),
      });
      expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    }
    const plain = await tollgate.get('/v1/models', { 'x-request-id': 'trace-1.2:3' });
    expect(plain.headers.get('x-request-id')).toBe('trace-1.2:3');
  });
});

test('T19: whatever a provider does, the caller sees a known error with an id and nothing from inside', async () => {
  const broken = [
    () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      steps: [{ send: '{"cut' }, { cut: true as const }],
    }),
    () => ({
      status: 200,
      headers: { 'content-type': 'text/html' },
      steps: [{ send: '<html>a page of some proxy' }],
    }),
    () => ({ status: 500, steps: [{ send: 'Traceback (most recent call last): File "/srv/secret.py"' }] }),
    () => streamAnswer(['data: {"not json\n\n'], { end: [{ cut: true }] }),
    () => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' },
      steps: [{ send: chatStream(['x']).join('') }],
    }),
  ];
  for (const script of broken) {
    upstream.play(script);
    for (const stream of [false, true]) {
      const before = upstream.requests.length;
      const response = await tollgate.post(CHAT, { ...chat, model: spareModel(), stream });
      expect(upstream.requests.length).toBeGreaterThan(before);
      const text = await response.text();
      expect(text).not.toMatch(
        /\/work\/|\/src\/|\.ts:\d+|node_modules|SELECT |sqlite|127\.0\.0\.1|sk-canary/i,
      );
      if (response.status >= 400)
        expect(JSON.parse(text).error.request_id).toBe(response.headers.get('x-request-id') ?? '');
    }
  }
  upstream.play(() => jsonAnswer(chatCompletion('ok')));
});
