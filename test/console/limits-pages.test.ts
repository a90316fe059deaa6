// Guarantee: an admin sets, raises and removes limits on the pages, each in force at once; what is wrong comes back with
// the form; a user sees what binds them and no more.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { systemClock } from '../../src/lib/clock.ts';
import { createUser } from '../../src/services/create-user.ts';
import { createPasswordHasher } from '../../src/services/passwords/password-hasher.ts';
import { GOOD_PASSWORD } from '../support/people-house.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

interface Session {
  readonly cookie: string;
  readonly csrf: string;
}

let house: TestTollgate;
let admin: Session;
let bob: Session;
let bobId = '';
beforeAll(async () => {
  house = await startTollgate(
    {},
    { limits: { house: { budget_usd: 777, period: 'month', allow_unpriced: true } } },
  );
  const passwordHash = await createPasswordHasher().hash(GOOD_PASSWORD);
  const deps = { store: house.store, clock: systemClock };
  await createUser(deps, { username: 'root', passwordHash, role: 'admin' });
  bobId = (await createUser(deps, { username: 'bob', passwordHash, role: 'user' })).id;
  [admin, bob] = await Promise.all([signIn('root'), signIn('bob')]);
});
afterAll(() => house.stop());

async function signIn(username: string): Promise<Session> {
  const response = await fetch(`${house.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password: GOOD_PASSWORD }),
  });
  const { csrf_token: csrf } = (await response.json()) as { csrf_token: string };
  return { cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '', csrf };
}

async function get(session: Session, path: string) {
  const response = await fetch(`${house.url}${path}`, {
    headers: { cookie: session.cookie },
    redirect: 'manual',
  });
  return { status: response.status, text: await response.text() };
}

async function post(session: Session, path: string, fields: Record<string, string>) {
  const response = await fetch(`${house.url}${path}`, {
    method: 'POST',
    headers: { cookie: session.cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ csrf_token: session.csrf, ...fields }).toString(),
    redirect: 'manual',
  });
  return { status: response.status, to: response.headers.get('location'), text: await response.text() };
}

const chat = async (token: string) => {
  const response = await fetch(`${house.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': token },
    body: JSON.stringify({ model: 'demo/echo', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }),
  });
  await response.text();
  return response.status;
};

test('set on the page, in force at once; raised; removed', async () => {
  const key = await house.issueKey({ userId: bobId, name: 'laptop' });
  const form = await get(admin, `/ui/admin/limits/new?user=${bobId}`);
  expect(form.status).toBe(200);
  expect(form.text).toContain(`value="key:${key.id}"`);
  const set = { owner: `key:${key.id}`, kind: 'requests_per_minute', amount: '1', period: 'month' };
  const made = await post(admin, '/ui/admin/limits', set);
  expect([made.status, made.to]).toEqual([303, `/ui/admin/users/${bobId}?done=limits_saved`]);
  expect([await chat(key.token), await chat(key.token)]).toEqual([200, 429]);
  const page = await get(admin, `/ui/admin/users/${bobId}`);
  expect(page.text).toContain('Requests per minute');
  const id = /\/ui\/admin\/limits\/(lim_\w+)"/.exec(page.text)?.[1] ?? '';
  expect((await get(admin, `/ui/admin/limits/${id}`)).text).toContain('Raise for a while');
  const raised = await post(admin, `/ui/admin/limits/${id}/raise`, { raise_to: '2', days: '7' });
  expect(raised.status).toBe(303);
  expect([await chat(key.token), await chat(key.token)]).toEqual([200, 429]);
  expect((await get(admin, '/ui/admin/limits')).text).toContain('raised until');
  expect((await get(admin, `/ui/admin/limits/${id}/remove`)).text).toContain('Remove limit');
  expect((await post(admin, `/ui/admin/limits/${id}/remove`, {})).status).toBe(303);
  expect(await chat(key.token)).toBe(200);
  expect((await get(admin, `/ui/admin/limits/${id}`)).status).toBe(404);
});

test('what is wrong comes back beside its field, with what was typed', async () => {
  const budget = {
    owner: `user:${bobId}`,
    kind: 'budget_money',
    period: 'month',
    time_zone: 'Mars',
    amount: '1.5',
  };
  const zone = await post(admin, '/ui/admin/limits', budget);
  expect(zone.status).toBe(422);
  expect(zone.text).toContain('Mars');
  expect(zone.text).toContain('is no time zone');
  const amount = await post(admin, '/ui/admin/limits', { ...budget, time_zone: 'UTC', amount: 'lots' });
  expect(amount.text).toContain('An amount of dollars');
  expect(amount.text).toContain('value="lots"');
  const made = await post(admin, '/ui/admin/limits', { ...budget, time_zone: 'UTC', warn_percent: '90' });
  expect(made.status).toBe(303);
  const list = await get(admin, '/ui/admin/limits');
  expect(list.text).toContain('$1.50');
  const id = /\/ui\/admin\/limits\/(lim_\w+)"/.exec(list.text)?.[1] ?? '';
  const lower = await post(admin, `/ui/admin/limits/${id}/raise`, { raise_to: '1', days: '1' });
  expect([lower.status, lower.text.includes('above the amount')]).toEqual([422, true]);
});

test('a user sees what binds them, not what the house has used, and reaches no page of admins', async () => {
  await chat(house.key);
  const mine = await get(bob, '/ui/limits');
  expect(mine.status).toBe(200);
  expect(mine.text).toContain('$777.00');
  expect(mine.text).toContain('not shown');
  expect((await get(bob, '/ui/admin/limits')).status).toBe(403);
  expect(
    (await post(bob, '/ui/admin/limits', { owner: 'house', kind: 'requests_per_minute', amount: '9' }))
      .status,
  ).toBe(403);
  const theirs = await get(admin, '/ui/admin/limits');
  expect(theirs.text).toContain('tollgate.yaml');
  expect(theirs.text).not.toContain('not shown');
});

test('a limit of the file cannot be changed on a page', async () => {
  expect((await get(admin, '/ui/admin/limits/lim_yaml_budget_money')).status).toBe(404);
  expect((await post(admin, '/ui/admin/limits/lim_yaml_budget_money/remove', {})).status).toBe(404);
});
