// The whole server as a browser meets it: cross-origin calls (T13), forwarded addresses (T15), redirects after sign-in
// (T16), headers (T17), formulas and terminal codes in names (T18), bounded lists (T27), what is written down (T41).
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { csvLine } from '../../src/core/csv.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const PASSWORD = 'tiger lamp river 9';
const FRIEND = 'https://friend.example';
let plain: TestTollgate;
let opened: TestTollgate;

beforeAll(async () => {
  const admin = { INITIAL_ADMIN_USERNAME: 'root', INITIAL_ADMIN_PASSWORD: PASSWORD };
  plain = await startTollgate({ ...admin });
  opened = await startTollgate({
    ...admin,
    PUBLIC_URL: 'https://llm.example',
    TRUSTED_PROXIES: '127.0.0.1',
    CORS_ALLOW_ORIGINS: FRIEND,
    CORS_ALLOW_CREDENTIALS: 'true',
  });
});
afterAll(async () => {
  await plain?.stop();
  await opened?.stop();
});

function call(server: TestTollgate, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(server.url + path, { redirect: 'manual', ...init });
}

async function signIn(
  server: TestTollgate,
  headers: Record<string, string> = {},
  password = PASSWORD,
): Promise<Response> {
  return call(server, '/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ username: 'root', password }),
  });
}

async function cookieOf(server: TestTollgate): Promise<string> {
  const answer = await signIn(server);
  expect(answer.status).toBe(200);
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

describe('T13: other origins', () => {
  test('T13: closed by default: no origin is reflected, none gets a preflight', async () => {
    for (const origin of ['https://evil.example', 'null', FRIEND, plain.url]) {
      for (const path of ['/v1/models', '/api/me', '/health/live', '/ui']) {
        const headers = {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-api-key',
        };
        for (const method of ['OPTIONS', 'GET']) {
          const answer = await call(plain, path, { method, headers });
          expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
        }
      }
    }
  });

  test('T13: a named origin is let in by its exact name; a neighbour, a prefix and null are not', async () => {
    const preflight = { 'access-control-request-method': 'POST' };
    const friend = await call(opened, '/v1/models', {
      method: 'OPTIONS',
      headers: { origin: FRIEND, ...preflight },
    });
    expect(friend.status).toBe(204);
    expect(friend.headers.get('access-control-allow-origin')).toBe(FRIEND);
    expect(friend.headers.get('vary')).toContain('Origin');
    for (const origin of [
      'null',
      `${FRIEND}.evil.example`,
      'https://friend.exampl',
      'http://friend.example',
      '*',
      'https://evil.example',
    ]) {
      for (const method of ['OPTIONS', 'GET']) {
        const answer = await call(opened, '/v1/models', { method, headers: { origin, ...preflight } });
        expect([origin, answer.headers.get('access-control-allow-origin')]).toEqual([origin, null]);
      }
    }
  });
});

describe('T15: forwarded headers', () => {
  const rows = (server: TestTollgate) =>
    server.store.read
      .selectFrom('audit_log')
      .selectAll()
      .where('action', '=', 'sign_in_failed')
      .orderBy('id', 'desc')
      .execute();

  test('T15: from nobody in particular they are ignored, in the audit log and in the throttle', async () => {
    const forged = {
      'x-forwarded-for': '203.0.113.7',
      forwarded: 'for=203.0.113.7',
      'x-real-ip': '203.0.113.7',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    };
    expect((await signIn(plain, forged, 'wrong')).status).toBe(401);
    expect((await rows(plain))[0]?.address).toBe('127.0.0.1');
    const page = await call(plain, '/ui/sign-in', { headers: forged });
    expect(await page.text()).not.toContain('evil.example');
  });

  test('T15: from a trusted proxy the right-most untrusted address counts, not the one the caller wrote', async () => {
    const chain = { 'x-forwarded-for': '10.9.9.9, 198.51.100.4' };
    expect((await signIn(opened, chain, 'wrong')).status).toBe(401);
    expect((await rows(opened))[0]?.address).toBe('198.51.100.4');
  });
});

test('T16: after signing in nobody is sent to another site', async () => {
  for (const next of [
    '//evil.example',
    '/\\evil.example',
    'https:evil.example',
    'https://evil.example',
    '/%2f/evil.example',
    '\t//evil.example',
    '/ui\r\nX-Injected: yes',
    'javascript:alert(1)',
    '/ui@evil.example',
    '/\t/evil.example',
  ]) {
    const answer = await call(plain, `/ui/sign-in?next=${encodeURIComponent(next)}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: plain.url,
        'sec-fetch-site': 'same-origin',
      },
      body: new URLSearchParams({ username: 'root', password: PASSWORD, next }),
    });
    const goal = answer.headers.get('location') ?? '/ui';
    expect(answer.headers.has('x-injected')).toBe(false);
    expect([next, new URL(goal, plain.url).origin]).toEqual([next, plain.url]);
  }
});

describe('T17: headers', () => {
  test('T17: every page has a policy without unsafe-inline, and says nosniff, no frames, no referrer', async () => {
    for (const path of ['/ui/sign-in', '/ui/nothing', '/ui']) {
      const { headers } = await call(plain, path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toMatch(/default-src 'self'/);
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toMatch(/same-origin|no-referrer/);
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  test('T17: JSON is JSON, never stored, never sniffed, never framed; HSTS where people come by https', async () => {
    for (const path of ['/api/me', '/auth/me', '/api/nothing']) {
      const { headers } = await call(plain, path);
      expect(headers.get('content-type')).toBe('application/json');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.has('strict-transport-security')).toBe(false);
    }
    const { headers } = await call(opened, '/api/me');
    expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d{8}/);
  });
});

describe('T18: names as weapons', () => {
  test('T18: a cell that a spreadsheet would calculate is text', () => {
    for (const cell of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://evil.example")'])
      expect(csvLine([cell]).replace(/^"/, '')).not.toMatch(/^[=+\-@\t\r]/);
    expect(csvLine(['a,"b"', 'c\nd'])).toBe('"a,""b""","c\nd"\r\n');
  });

  test('T18: terminal codes and direction marks of a key label do not reach the terminal', async () => {
    const label = 'safe\u202etxt';
    await plain.issueKey({ name: label });
    const child = Bun.spawn(
      [join(import.meta.dir, '../../bin/tollgate'), 'key', 'list', '--data', plain.dataDir],
      {
        cwd: plain.dataDir,
        env: { PATH: process.env.PATH ?? '' },
      },
    );
    const text = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(text).toContain('safe\\u202etxt');
    expect(text).not.toContain('\u202e');
  });
});

test('T27: page size, dates and filters are bounded', async () => {
  const cookie = await cookieOf(plain);
  for (const path of [
    '/api/admin/users?limit=100000',
    '/api/admin/users?limit=-1',
    '/api/admin/audit?limit=501',
    `/api/admin/audit?actor_id=${'x'.repeat(5_000)}`,
    '/api/admin/audit?since=yesterday',
    '/api/admin/audit?cursor=AAAA',
    '/api/admin/usage/by-hour?days=100000',
  ]) {
    expect([path, (await call(plain, path, { headers: { cookie } })).status]).toEqual([path, 422]);
  }
});

test('T41: sign-ins, failures and changes are written down with who, when and from where', async () => {
  const cookie = await cookieOf(plain);
  await signIn(plain, {}, 'wrong again');
  const made = await call(plain, '/api/me/api-keys', {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json', origin: plain.url },
    body: JSON.stringify({ name: 'audited' }),
  });
  expect(made.status).toBe(200);
  const rows = await plain.store.read.selectFrom('audit_log').selectAll().execute();
  const actions = new Set(rows.map((row) => row.action));
  for (const action of ['sign_in', 'sign_in_failed', 'key_create'])
    expect([action, actions.has(action)]).toEqual([action, true]);
  for (const row of rows) expect(row.time_ms).toBeGreaterThan(1_600_000_000_000);
  expect(
    rows
      .filter((row) => row.action === 'sign_in')
      .every((row) => row.address === '127.0.0.1' && row.actor_name === 'root'),
  ).toBe(true);
  expect(JSON.stringify(rows)).not.toContain(PASSWORD);
});
