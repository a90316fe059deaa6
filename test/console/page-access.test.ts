// Guarantee (T12, T16, T21, T22): every page and form asks who is there; a user reaches no admin's page and nothing of another
// user; no form is taken from a foreign site or without proof; signing in leads nowhere but to pages of ours.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { pageRoutes } from '../../src/console/pages/create-pages.ts';
import type { PageParts } from '../../src/console/pages/page-parts.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createUser } from '../../src/services/create-user.ts';
import { issueKey } from '../../src/services/issue-key.ts';
import { createPasswordHasher } from '../../src/services/passwords/password-hasher.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { type Dashboard, startDashboard } from '../browser/support/start-dashboard.ts';
import { usageEvent } from '../support/usage-events.ts';

const PASSWORD = 'tiger lamp river 9';
/** Only the shape of the list is looked at here; nothing of the parts is touched. */
const routes = pageRoutes({} as PageParts);
const ids = { bobsKey: '', bobsUser: '', bobsRequest: '' };
let dashboard: Dashboard;
let admin: string;
let alice: string;

beforeAll(async () => {
  dashboard = await startDashboard({
    seed: async (store, pepper) => {
      const passwordHash = await createPasswordHasher().hash(PASSWORD);
      const deps = { store, clock: systemClock, pepper };
      for (const [username, role] of [
        ['root', 'admin'],
        ['alice', 'user'],
        ['bob', 'user'],
      ] as const) {
        const user = await createUser(deps, { username, passwordHash, role });
        if (username !== 'bob') continue;
        const { row } = await issueKey(deps, { userId: user.id, name: 'bobs secret key' });
        const event = usageEvent({ timeMs: systemClock.nowMs(), userId: user.id, keyId: row.id });
        await insertUsageEvents(store, [event]);
        Object.assign(ids, { bobsKey: row.id, bobsUser: user.id, bobsRequest: event.id });
      }
    },
  });
  admin = await signIn('root');
  alice = await signIn('alice');
}, 60_000);
afterAll(() => dashboard.stop());

describe('every page and form', () => {
  test('there are some, and only three are open to strangers', () => {
    expect(routes.length).toBeGreaterThan(40);
    const open = new Set(routes.filter((route) => route.access === 'none').map((route) => route.path));
    expect([...open].toSorted()).toEqual(['/ui/forgotten', '/ui/setup', '/ui/sign-in']);
    expect(
      routes.filter((route) => route.path.startsWith('/ui/admin')).every((each) => each.access === 'admin'),
    ).toBe(true);
  });

  test.each(routes.filter((route) => route.access !== 'none'))(
    'a stranger is sent to sign in: $method $path',
    async (route) => {
      const response = await send(route.method, pathOf(route.path), { cookie: null });
      expect(response.status).toBe(303);
      expect(response.headers.get('location')).toStartWith('/ui/sign-in?next=');
    },
  );

  test.each(routes.filter((route) => route.access === 'admin'))(
    'a user is refused: $method $path',
    async (route) => {
      const response = await send(route.method, pathOf(route.path), { cookie: alice });
      expect(response.status).toBe(403);
      expect(await response.text()).not.toContain('bob');
    },
  );

  test.each(routes.filter((route) => route.path.includes(':id') && route.access === 'person'))(
    'what belongs to another user is not there: $method $path',
    async (route) => {
      const response = await send(route.method, pathOf(route.path), { cookie: alice });
      expect(response.status).toBe(404);
      expect(await response.text()).not.toContain('bobs secret key');
    },
  );

  test.each(routes.filter((route) => route.method === 'POST'))(
    'a foreign site is refused: $path',
    async (route) => {
      const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
      const response = await send('POST', pathOf(route.path), { cookie: admin, headers: foreign });
      expect(response.status).toBe(403);
    },
  );

  test.each(routes.filter((route) => route.method === 'POST' && route.access !== 'none'))(
    'no proof, no change: $path',
    async (route) => {
      const response = await send('POST', pathOf(route.path), { cookie: admin, headers: {} });
      expect(response.status).toBe(403);
    },
  );

  test('a form of another type is refused before it is read', async () => {
    const headers = { 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' };
    expect((await send('POST', '/ui/keys', { cookie: admin, headers })).status).toBe(415);
  });

  test('an API key opens no page', async () => {
    const response = await fetch(`${dashboard.url}/ui/keys`, {
      headers: { authorization: 'Bearer tg_whatever' },
      redirect: 'manual',
    });
    expect(response.status).not.toBe(200);
  });
});

describe('lists and sums', () => {
  test.each(['/ui', '/ui/keys', '/ui/requests', '/ui/usage', '/ui/usage.csv', '/ui/connect'])(
    'of a user hold nothing of another: %s',
    async (path) => {
      const text = await (await send('GET', path, { cookie: alice })).text();
      expect(text).not.toContain('bobs secret key');
      expect(text).not.toContain(ids.bobsRequest);
    },
  );

  test('narrowing to another user or key counts as nothing', async () => {
    for (const only of [`key:${ids.bobsKey}`, `user:${ids.bobsUser}`, 'model:openai/gpt-5']) {
      const csv = await (await send('GET', `/ui/usage.csv?by=model&only=${only}`, { cookie: alice })).text();
      expect(csv.trim().split('\r\n')).toHaveLength(1);
    }
    const filtered = await (await send('GET', `/ui/requests?key=${ids.bobsKey}`, { cookie: alice })).text();
    expect(filtered).toContain('No request fits');
  });
});

describe('after signing in', () => {
  test.each([
    '//evil.example',
    '/\\evil.example',
    'https:evil.example',
    '/ui/..//evil.example',
    '/ui\r\nx: y',
    '/ui%0d%0a',
    '/uievil',
  ])('nobody is led away: %j', async (next) => {
    const form = new URLSearchParams({ username: 'alice', password: PASSWORD, next });
    const response = await send('POST', '/ui/sign-in', { cookie: null, form });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/ui');
  });

  test('one comes back to the page one asked for', async () => {
    const form = new URLSearchParams({ username: 'alice', password: PASSWORD, next: '/ui/usage?by=key' });
    const response = await send('POST', '/ui/sign-in', { cookie: null, form });
    expect(response.headers.get('location')).toBe('/ui/usage?by=key');
  });
});

function pathOf(pattern: string): string {
  const id = pattern.includes('users')
    ? ids.bobsUser
    : pattern.includes('requests')
      ? ids.bobsRequest
      : ids.bobsKey;
  return pattern.replace(':id', id);
}

function send(
  method: string,
  path: string,
  options: { cookie: string | null; headers?: Record<string, string>; form?: URLSearchParams },
): Promise<Response> {
  const headers = new Headers(options.headers ?? { 'sec-fetch-site': 'same-origin' });
  if (options.cookie) headers.set('cookie', options.cookie);
  const isPost = method === 'POST';
  if (isPost && !headers.has('content-type'))
    headers.set('content-type', 'application/x-www-form-urlencoded');
  const body = isPost ? { body: String(options.form ?? '') } : {};
  return fetch(`${dashboard.url}${path}`, { method, headers, redirect: 'manual', ...body });
}

async function signIn(username: string): Promise<string> {
  const form = new URLSearchParams({ username, password: PASSWORD });
  const response = await send('POST', '/ui/sign-in', { cookie: null, form });
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}
