// T21: who may call what, for every route of the control plane and every kind of caller, against a table written by hand.
// The attack: a route that was added and forgot its guard. A route missing from the table fails here.
// T14: a session never opens /v1, a plain key and the master key never open /api.
// T12: every change by cookie needs same-origin proof or the session's token, and JSON.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { apiRoutes } from '../../../src/console/api/create-api.ts';
import type { Route } from '../../../src/console/api/route.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createUser } from '../../../src/services/create-user.ts';
import { createPasswordHasher } from '../../../src/services/passwords/password-hasher.ts';
import { GOOD_PASSWORD, NO_SERVER, openPeopleHouse } from '../../support/people-house.ts';
import { startTollgate, type TestTollgate } from '../../support/start-tollgate.ts';

const MASTER_KEY = 'the-one-key-that-every-old-program-of-the-house-has';
const CALLERS = [
  'anonymous',
  'user session',
  'admin session',
  'plain key',
  'admin key',
  'master key',
] as const;
type Caller = (typeof CALLERS)[number];

/** What each caller gets: a status, or `ok` for everything that is neither 401 nor 403. In the order of CALLERS. */
const GETS = {
  everybody: ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
  people: [401, 'ok', 'ok', 403, 403, 401],
  users: [401, 'ok', 'ok', 403, 'ok', 401],
  admins: [401, 403, 'ok', 403, 'ok', 401],
  models: [401, 401, 401, 'ok', 403, 'ok'],
} as const;

const TABLE: Record<string, keyof typeof GETS> = {
  'POST /auth/login': 'everybody',
  'POST /auth/logout': 'everybody',
  'GET /auth/me': 'people',
  'GET /api/setup': 'everybody',
  'POST /api/setup': 'everybody',
  'GET /api/openapi.json': 'users',
  'GET /api/me': 'users',
  'GET /api/me/sessions': 'people',
  'DELETE /api/me/sessions/{id}': 'people',
  'DELETE /api/me/sessions': 'people',
  'POST /api/me/password': 'people',
  'GET /api/me/api-keys': 'users',
  'POST /api/me/api-keys': 'users',
  'PATCH /api/me/api-keys/{id}': 'users',
  'POST /api/me/api-keys/{id}/rotate': 'users',
  'DELETE /api/me/api-keys/{id}': 'users',
  'GET /api/me/limits': 'users',
  'GET /api/me/usage/summary': 'users',
  'GET /api/me/usage/by-day': 'users',
  'GET /api/me/usage/by-hour': 'users',
  'GET /api/me/usage/by-model': 'users',
  'GET /api/me/usage/by-key': 'users',
  'GET /api/me/usage/by-provider': 'users',
  'GET /api/me/usage/by-tag': 'users',
  'GET /api/me/usage/events': 'users',
  'GET /api/admin/users': 'admins',
  'POST /api/admin/users': 'admins',
  'GET /api/admin/users/{id}': 'admins',
  'PATCH /api/admin/users/{id}': 'admins',
  'POST /api/admin/users/{id}/disable': 'admins',
  'POST /api/admin/users/{id}/enable': 'admins',
  'POST /api/admin/users/{id}/reset-password': 'admins',
  'POST /api/admin/users/{id}/api-keys': 'admins',
  'GET /api/admin/users/{id}/usage/summary': 'admins',
  'GET /api/admin/users/{id}/usage/by-day': 'admins',
  'GET /api/admin/users/{id}/usage/by-hour': 'admins',
  'GET /api/admin/users/{id}/usage/by-model': 'admins',
  'GET /api/admin/users/{id}/usage/by-key': 'admins',
  'GET /api/admin/users/{id}/usage/by-provider': 'admins',
  'GET /api/admin/users/{id}/usage/by-tag': 'admins',
  'GET /api/admin/users/{id}/usage/events': 'admins',
  'PATCH /api/admin/users/{id}/access': 'admins',
  'GET /api/admin/limits': 'admins',
  'PUT /api/admin/limits': 'admins',
  'POST /api/admin/limits/{id}/raise': 'admins',
  'DELETE /api/admin/limits/{id}': 'admins',
  'GET /api/admin/limits/report': 'admins',
  'GET /api/admin/api-keys': 'admins',
  'PATCH /api/admin/api-keys/{id}': 'admins',
  'POST /api/admin/api-keys/{id}/rotate': 'admins',
  'DELETE /api/admin/api-keys/{id}': 'admins',
  'GET /api/admin/usage/summary': 'admins',
  'GET /api/admin/usage/by-day': 'admins',
  'GET /api/admin/usage/by-hour': 'admins',
  'GET /api/admin/usage/by-user': 'admins',
  'GET /api/admin/usage/by-key': 'admins',
  'GET /api/admin/usage/by-model': 'admins',
  'GET /api/admin/usage/by-provider': 'admins',
  'GET /api/admin/usage/by-tag': 'admins',
  'GET /api/admin/usage/events': 'admins',
  'POST /api/admin/usage/prune': 'admins',
  'GET /api/admin/providers': 'admins',
  'POST /api/admin/provider-keys': 'admins',
  'POST /api/admin/provider-keys/{id}/enable': 'admins',
  'POST /api/admin/provider-keys/{id}/disable': 'admins',
  'POST /api/admin/provider-keys/{id}/test': 'admins',
  'DELETE /api/admin/provider-keys/{id}': 'admins',
  'GET /api/admin/models': 'admins',
  'GET /api/admin/audit': 'admins',
};

/** The data plane beside it: the same callers at the other door. */
const DATA_PLANE = ['GET /v1/models', 'POST /v1/chat/completions', 'POST /v1/embeddings'];

let house: TestTollgate;
let routes: readonly Route[];
const keys: Partial<Record<Caller, string>> = {};
let cookies: Record<'user session' | 'admin session', { cookie: string; csrf: string }>;

beforeAll(async () => {
  const plan = await openPeopleHouse();
  routes = apiRoutes({ ...plan.parts, ...NO_SERVER });
  await plan.close();
  house = await startTollgate({ PROXY_API_KEY: MASTER_KEY });
  const passwordHash = await createPasswordHasher().hash(GOOD_PASSWORD);
  const deps = { store: house.store, clock: systemClock };
  const root = await createUser(deps, { username: 'root', passwordHash, role: 'admin' });
  await createUser(deps, { username: 'user', passwordHash, role: 'user' });
  await house.reload();
  keys['plain key'] = house.key;
  keys['admin key'] = (await house.issueKey({ userId: root.id, scopes: ['admin'] })).token;
  keys['master key'] = MASTER_KEY;
  await signInBoth();
});
afterAll(() => house.stop());

async function signInBoth(): Promise<void> {
  const [user, admin] = await Promise.all([signIn('user'), signIn('root')]);
  cookies = { 'user session': user, 'admin session': admin };
}

async function signIn(username: string): Promise<{ cookie: string; csrf: string }> {
  const response = await fetch(`${house.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password: GOOD_PASSWORD }),
  });
  const { csrf_token: csrf } = (await response.json()) as { csrf_token: string };
  return { cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '', csrf };
}

function headersOf(caller: Caller): Record<string, string> {
  if (caller === 'anonymous') return {};
  if (caller !== 'user session' && caller !== 'admin session') {
    return { authorization: `Bearer ${keys[caller] ?? ''}` };
  }
  return { cookie: cookies[caller].cookie, 'x-csrf-token': cookies[caller].csrf };
}

async function call(name: string, headers: Record<string, string>, body = '{}'): Promise<Response> {
  const [method = '', path = ''] = name.split(' ');
  const init = method === 'GET' ? {} : { body };
  const type = { 'content-type': 'application/json' };
  return fetch(`${house.url}${path.replace('{id}', 'none_0')}`, {
    method,
    headers: method === 'GET' ? headers : { ...type, ...headers },
    ...init,
  });
}

test('the table names every route, and no other', () => {
  expect(Object.keys(TABLE).sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
});

describe('every route, every caller', () => {
  test.each([...Object.entries(TABLE), ...DATA_PLANE.map((name) => [name, 'models'] as const)])(
    '%s is for %s',
    async (name, kind) => {
      const wanted = GETS[kind as keyof typeof GETS];
      const got: (number | 'ok')[] = [];
      for (const caller of CALLERS) {
        const { status } = await call(name, headersOf(caller));
        got.push((status === 401 && !isSignIn(name)) || status === 403 ? status : 'ok');
        expect(status).toBeLessThan(500);
      }
      expect(got).toEqual([...wanted]);
      if (!name.startsWith('GET')) await signInBoth();
    },
  );
});

/** Its 401 is about the password, not about the caller. */
function isSignIn(name: string): boolean {
  return name === 'POST /auth/login';
}

const CHANGES = Object.keys(TABLE).filter((name) => !name.startsWith('GET') && TABLE[name] !== 'everybody');

describe('T12: changes by cookie', () => {
  test.each(CHANGES)(
    '%s is refused without proof, from foreign origins and as a plain form',
    async (name) => {
      const { cookie, csrf } = cookies['admin session'];
      const token = { 'x-csrf-token': csrf };
      const attacks: Record<string, Record<string, string>> = {
        'no proof at all': { cookie },
        'a wrong token': { cookie, 'x-csrf-token': csrf.slice(1) },
        'a token of another session': { cookie, 'x-csrf-token': cookies['user session'].csrf },
        'a foreign origin with a right token': { cookie, ...token, origin: 'https://evil.example' },
        'the null origin': { cookie, ...token, origin: 'null' },
        'a cross-site request': { cookie, ...token, 'sec-fetch-site': 'cross-site' },
        'a sister site': { cookie, ...token, 'sec-fetch-site': 'same-site' },
        'an origin on another port': { cookie, origin: house.url.replace(/\d+$/, '1') },
      };
      const statuses: Record<string, number> = {};
      for (const [attack, headers] of Object.entries(attacks))
        statuses[attack] = (await call(name, headers)).status;
      expect(statuses).toEqual(Object.fromEntries(Object.keys(attacks).map((attack) => [attack, 403])));
      const form = await call(name, { cookie, ...token, 'content-type': 'text/plain' }, '{"username":"x"}');
      expect(form.status).toBe(415);
      const coded = await call(name, { cookie, ...token, 'content-encoding': 'gzip' });
      expect(coded.status).toBe(415);
    },
  );

  test('own pages need no token where the browser vouches for them', async () => {
    const { cookie } = cookies['user session'];
    const body = JSON.stringify({ name: 'k' });
    const byOrigin = await call('POST /api/me/api-keys', { cookie, origin: house.url }, body);
    const byFetchSite = await call(
      'POST /api/me/api-keys',
      { cookie, 'sec-fetch-site': 'same-origin' },
      body,
    );
    expect([byOrigin.status, byFetchSite.status]).toEqual([200, 200]);
  });

  test('a sign-in from a foreign page is refused', async () => {
    const body = JSON.stringify({ username: 'user', password: GOOD_PASSWORD });
    const foreign = await call('POST /auth/login', { origin: 'https://evil.example' }, body);
    const form = await call('POST /auth/login', { 'content-type': 'text/plain' }, body);
    expect([foreign.status, form.status]).toEqual([403, 415]);
  });

  test('T13: no origin is reflected and no preflight is answered with leave', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const preflight = await fetch(`${house.url}/api/me/api-keys`, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(405);
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('answers', () => {
  test('are never stored by caches and always JSON; unknown paths and methods are told apart', async () => {
    const headers = headersOf('user session');
    for (const path of ['/api/me', '/api/me/api-keys', '/auth/me']) {
      const response = await fetch(`${house.url}${path}`, { headers });
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('content-type')).toBe('application/json');
    }
    const unknown = await fetch(`${house.url}/api/nothing`, { headers });
    const method = await fetch(`${house.url}/api/me`, { method: 'PUT', headers });
    expect([unknown.status, method.status, method.headers.get('allow')]).toEqual([404, 405, 'GET']);
  });

  test('two different keys in one request are refused', async () => {
    const two = { authorization: `Bearer ${keys['admin key']}`, 'x-api-key': house.key };
    expect((await call('GET /api/me', two)).status).toBe(401);
  });
});
