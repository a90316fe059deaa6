// Random bodies and headers against every endpoint: the server must answer each in its own words, never with an internal
// error, never die, and keep nothing behind. The attack: whatever nobody thought of. FUZZ_RUNS sets how many per endpoint.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import fc from 'fast-check';
import {
  chatCompletion,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { type SpawnedTollgate, spawnTollgate } from '../support/spawn-tollgate.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 60);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
const CONCURRENCY = 24;
const MASTER = 'the-master-key-0123456789';
const PASSWORD = 'tiger lamp river 9';
setDefaultTimeout(60_000 + RUNS * 1_000);

let upstream: ScriptedUpstream;
let tollgate: SpawnedTollgate;
let cookie = '';
let csrf = '';

beforeAll(async () => {
  upstream = await startScriptedUpstream(() => jsonAnswer(chatCompletion('ok')));
  tollgate = await spawnTollgate({
    PROXY_API_KEY: MASTER,
    UP_API_KEY: 'sk-up',
    UP_API_BASE: `${upstream.url}/v1`,
    INITIAL_ADMIN_USERNAME: 'root',
    INITIAL_ADMIN_PASSWORD: PASSWORD,
    LOG_LEVEL: 'error',
  });
  const answer = await fetch(`${tollgate.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'root', password: PASSWORD }),
  });
  cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  csrf = ((await answer.json()) as { csrf_token: string }).csrf_token;
});
afterAll(async () => {
  await tollgate?.remove();
  await upstream?.stop();
});

interface Shot {
  readonly body: string | Uint8Array;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const TEMPLATES: Record<string, object> = {
  'POST /v1/chat/completions': {
    model: 'up/m',
    messages: [{ role: 'user', content: 'hi' }],
    stream: false,
    max_tokens: 5,
    tools: [],
  },
  'POST /v1/embeddings': { model: 'up/m', input: ['hi'] },
  'POST /v1/messages': {
    model: 'up/m',
    max_tokens: 5,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  },
  'POST /v1/messages/count_tokens': { model: 'up/m', messages: [{ role: 'user', content: 'hi' }] },
  'POST /v1/responses': { model: 'up/m', input: 'hi' },
  'POST /v1beta/models/up%2Fm:generateContent': { contents: [{ parts: [{ text: 'hi' }] }] },
  'POST /api/me/api-keys': {
    name: 'k',
    models: ['up/*'],
    addresses: ['10.0.0.0/8'],
    expires_at: '2030-01-01T00:00:00Z',
  },
  'POST /api/admin/users': { username: 'someone', password: PASSWORD, role: 'user' },
  'PATCH /api/me/api-keys/key_0': { name: 'n' },
  'POST /api/me/password': { current_password: 'x', new_password: 'y' },
  'POST /ui/sign-in': { username: 'root', password: 'x' },
};

const scalar = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -1,
    1e308,
    -1e-308,
    2 ** 53,
    '',
    'up/m',
    'user',
    '\0',
    '\ud800',
    '__proto__',
    '../..',
    "' OR 1=1 --",
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.integer(),
  fc.double(),
);
const anything = fc.anything({ values: [scalar], maxDepth: 4, withNullPrototype: false });

/** A good body with some of its values, anywhere in it, replaced by something else. */
function mutated(template: object): fc.Arbitrary<string> {
  const places = pathsOf(template);
  return fc
    .array(fc.tuple(fc.nat(places.length - 1), anything), { minLength: 1, maxLength: 3 })
    .map((changes) => {
      const copy = structuredClone(template);
      for (const [at, value] of changes) replace(copy, places[at] ?? [], value);
      return (
        JSON.stringify(copy, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)) ?? ''
      );
    });
}

function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  const inner = Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]));
  return path.length === 0 ? inner : [[...path], ...inner];
}

function replace(target: object, path: readonly string[], value: unknown): void {
  let at = target as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    if (typeof next !== 'object' || next === null) return;
    at = next as Record<string, unknown>;
  }
  at[path.at(-1) ?? ''] = value;
}

const headerName = fc.constantFrom(
  'accept',
  'content-type',
  'x-request-id',
  'user-agent',
  'traceparent',
  'anthropic-version',
  'anthropic-beta',
  'x-forwarded-for',
  'cookie',
  'if-none-match',
  'range',
  'accept-language',
  'x-session-id',
  'idempotency-key',
  'x-api-key',
  'content-encoding',
  'origin',
  'sec-fetch-site',
);
const headerValue = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 60,
});

function shots(template: object): fc.Arbitrary<Shot> {
  return fc.record({
    body: fc.oneof(
      { weight: 5, arbitrary: mutated(template) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
      { weight: 1, arbitrary: fc.json() },
      { weight: 1, arbitrary: mutated(template).map((text) => text.slice(0, -3)) },
    ),
    headers: fc.array(fc.tuple(headerName, headerValue), { maxLength: 3 }),
  });
}

async function fire(route: string, shot: Shot): Promise<number> {
  const [method = '', path = ''] = route.split(' ');
  const headers = new Headers({ 'content-type': 'application/json', ...credentials(path) });
  for (const [name, value] of shot.headers) headers.set(name, value.trim());
  const answer = await fetch(tollgate.url + path, {
    method,
    headers,
    body: shot.body as string | Uint8Array<ArrayBuffer>,
    redirect: 'manual',
  });
  await answer.arrayBuffer();
  return answer.status;
}

function credentials(path: string): Record<string, string> {
  return path.startsWith('/v1') ? { authorization: `Bearer ${MASTER}` } : { cookie, 'x-csrf-token': csrf };
}

for (const [route, template] of Object.entries(TEMPLATES)) {
  test(`${RUNS} random requests to ${route}, seed ${SEED}: no internal error`, async () => {
    const waiting = fc.sample(shots(template), { numRuns: RUNS, seed: SEED });
    const wrong: string[] = [];
    const worker = async () => {
      for (let shot = waiting.pop(); shot; shot = waiting.pop()) {
        const status = await fire(route, shot);
        // 502 and 503 speak of the provider, which may refuse what it is sent.
        if (status === 500 || status === 504)
          wrong.push(`${status}: ${JSON.stringify([...shot.headers])} ${String(shot.body).slice(0, 400)}`);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    expect(wrong).toEqual([]);
  });
}

test('afterwards the server serves, nothing is under way, memory is bounded, and no error went uncaught', async () => {
  const answer = await fetch(`${tollgate.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${MASTER}` },
    body: JSON.stringify(TEMPLATES['POST /v1/chat/completions']),
  });
  expect(answer.status).toBe(200);
  await answer.arrayBuffer();
  const text = await (await fetch(`${tollgate.url}/metrics`)).text();
  for (const name of [
    'requests_in_flight',
    'streams_running',
    'ledger_open_marks',
    'ledger_uncounted_events',
    'ledger_failing',
  ])
    expect(text).toContain(`tollgate_${name} 0`);
  expect(await tollgate.residentBytes()).toBeLessThan(600 * 1024 * 1024);
  expect(tollgate.output()).not.toMatch(/nobody caught|failed unexpectedly|request failed/);
  tollgate.kill('SIGTERM');
  expect(await tollgate.exited).toBe(0);
});
