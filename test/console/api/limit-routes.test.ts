// Guarantee: limits are set, raised and removed by API and bind the next request; users see what binds them, never what
// the house has used, and change nothing.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { systemClock } from '../../../src/lib/clock.ts';
import { asArray, asObject, type JsonObject } from '../../../src/lib/json.ts';
import { createUser } from '../../../src/services/create-user.ts';
import { startTollgate, type TestTollgate } from '../../support/start-tollgate.ts';

let house: TestTollgate;
let admin = '';
beforeAll(async () => {
  house = await startTollgate();
  const root = await createUser(
    { store: house.store, clock: systemClock },
    { username: 'root', passwordHash: null, role: 'admin' },
  );
  admin = (await house.issueKey({ userId: root.id, scopes: ['use', 'admin'] })).token;
});
afterAll(() => house.stop());

async function call(method: string, path: string, body?: object, token = admin) {
  const response = await fetch(`${house.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: asObject(await response.json()) ?? {} };
}

const chat = (token = house.key) =>
  fetch(`${house.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': token },
    body: JSON.stringify({ model: 'demo/echo', messages: [{ role: 'user', content: 'hi' }] }),
  }).then(async (response) => {
    await response.text();
    return response.status;
  });

const one = (body: JsonObject, at = 0) => asObject(asArray(body.limits)?.[at]) ?? {};

test('set, hit, raise, change, remove: each holds from the next request on', async () => {
  const limit = { scope: 'user', scope_id: house.userId, kind: 'requests_per_minute', amount: 1 };
  const made = await call('PUT', '/api/admin/limits', limit);
  expect(made).toMatchObject({ status: 200, body: { amount: 1, amount_in_force: 1, used: 0, remaining: 1 } });
  expect([await chat(), await chat()]).toEqual([200, 429]);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const raised = await call('POST', `/api/admin/limits/${made.body.id}/raise`, { amount: 2, until });
  expect(raised).toMatchObject({ status: 200, body: { amount: 1, amount_in_force: 2, raised_until: until } });
  expect([await chat(), await chat()]).toEqual([200, 429]);
  const changed = await call('PUT', '/api/admin/limits', { ...limit, amount: 4 });
  expect(changed.body).toMatchObject({ id: made.body.id ?? '', amount: 4, used: 2, raised_until: null });
  expect([await chat(), await chat(), await chat()]).toEqual([200, 200, 429]);
  expect((await call('DELETE', `/api/admin/limits/${made.body.id}`)).status).toBe(200);
  expect(await chat()).toBe(200);
  expect((await call('DELETE', `/api/admin/limits/${made.body.id}`)).status).toBe(404);
  const report = await call('GET', '/api/admin/limits/report?near_percent=1');
  expect(report).toMatchObject({ status: 200, body: { month: new Date().toISOString().slice(0, 7) } });
});

test('what makes no sense is refused with a sentence', async () => {
  const base = { scope: 'user', scope_id: house.userId, kind: 'budget_money', amount: 5 };
  const period = await call('PUT', '/api/admin/limits', base);
  expect(period).toMatchObject({ status: 422 });
  expect(JSON.stringify(period.body)).toContain('needs a period');
  expect((await call('PUT', '/api/admin/limits', { ...base, kind: 'everything' })).status).toBe(422);
  expect((await call('PUT', '/api/admin/limits', { ...base, period: 'day', scope_id: 'usr_x' })).status).toBe(
    404,
  );
  expect((await call('PUT', '/api/admin/limits', { ...base, period: 'day', id: 'lim_mine' })).status).toBe(
    422,
  );
  expect((await call('GET', '/api/admin/limits/report?month=2026-13')).status).toBe(422);
});

test('a user sees what binds them and their keys, not what the house has used nor what binds others', async () => {
  const other = await createUser(
    { store: house.store, clock: systemClock },
    { username: 'other', passwordHash: null, role: 'user' },
  );
  const budget = { kind: 'budget_money', period: 'month', amount: 1_000_000_000 };
  await call('PUT', '/api/admin/limits', { ...budget, scope: 'house', allow_unpriced: true });
  await call('PUT', '/api/admin/limits', {
    ...budget,
    scope: 'key',
    scope_id: house.keyId,
    allow_unpriced: true,
  });
  await call('PUT', '/api/admin/limits', { ...budget, scope: 'user', scope_id: other.id });
  const me = await createUser(
    { store: house.store, clock: systemClock },
    { username: 'boss', passwordHash: null, role: 'admin' },
  );
  const boss = (await house.issueKey({ userId: me.id, scopes: ['admin'] })).token;
  const bossSees = await call('GET', '/api/me/limits', undefined, boss);
  expect(asArray(bossSees.body.limits)?.length).toBe(1);
  expect(one(bossSees.body)).toMatchObject({ scope: 'house', used: 0 });
  const own = await (await house.get('/v1/usage/me')).json();
  const limits = asArray(asObject(own)?.limits) ?? [];
  expect(limits.map((limit) => asObject(limit)?.scope)).toEqual(['house', 'key']);
  expect(limits.map((limit) => asObject(limit)?.used)).toEqual([null, 0]);
  const all = await call('GET', `/api/admin/limits?scope=user&scope_id=${other.id}`);
  expect(asArray(all.body.limits)?.length).toBe(1);
});

test("a user's models and addresses bind at once; a deny wins", async () => {
  const path = `/api/admin/users/${house.userId}/access`;
  expect((await call('PATCH', path, { models: ['demo/*', '!demo/echo'] })).status).toBe(200);
  expect(await chat()).toBe(403);
  expect((await call('PATCH', path, { models: null, addresses: ['203.0.113.0/24'] })).status).toBe(200);
  expect(await chat()).toBe(403);
  expect((await house.get('/v1/usage/me')).status).toBe(403);
  expect((await call('PATCH', path, { addresses: ['home'] })).status).toBe(422);
  expect((await call('PATCH', path, { addresses: null })).status).toBe(200);
  expect(await chat()).toBe(200);
  expect((await call('PATCH', '/api/admin/users/usr_x/access', { models: null })).status).toBe(404);
});
