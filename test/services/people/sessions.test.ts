// T4, T8 to T11: sessions are random, stored hashed, renewed at sign-in and change of rights, and over when they are over.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { SESSIONS_PER_USER_MAX } from '../../../src/services/people/sessions.ts';
import { type Client, GOOD_PASSWORD, openPeopleHouse, type PeopleHouse } from '../../support/people-house.ts';

let house: PeopleHouse;
let client: Client;
let ownerId: string;

beforeEach(async () => {
  house = await openPeopleHouse();
  ownerId = await house.addUser('owner');
  client = house.client();
  await client.signIn('owner');
});
afterEach(() => house.close());

const tokenOf = (each: Client) => each.cookie?.split('=')[1] ?? '';
const copyOf = (each: Client) => {
  const copy = house.client();
  copy.cookie = each.cookie;
  copy.csrf = each.csrf;
  return copy;
};

describe('T8: the token', () => {
  test('is 256 random bits, and neither it nor the CSRF token can be read out of the database', async () => {
    expect(tokenOf(client)).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const rows = JSON.stringify(await house.store.read.selectFrom('sessions').selectAll().execute());
    expect(rows).not.toContain(tokenOf(client));
    expect(rows).not.toContain(client.csrf ?? 'no token');
  });

  test('is renewed at sign-in: the old one ends, and a planted one is never taken over', async () => {
    const old = copyOf(client);
    await client.signIn('owner');
    expect(tokenOf(client)).not.toBe(tokenOf(old));
    expect((await old.get('/api/me')).status).toBe(401);
    const victim = house.client();
    victim.cookie = `tollgate_session=${'A'.repeat(43)}`;
    await victim.signIn('owner');
    expect(tokenOf(victim)).not.toBe('A'.repeat(43));
    victim.cookie = `tollgate_session=${'A'.repeat(43)}`;
    expect((await victim.get('/api/me')).status).toBe(401);
  });

  test('its hash does not open anything', async () => {
    const row = await house.store.read.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
    const thief = house.client();
    for (const value of [row.token_hash, row.token_hash.slice(0, 43), row.id]) {
      thief.cookie = `tollgate_session=${value}`;
      expect((await thief.get('/api/me')).status).toBe(401);
    }
  });

  test('two cookies of its name are believed by nobody', async () => {
    client.cookie = `${client.cookie}; tollgate_session=${'B'.repeat(43)}`;
    expect((await client.get('/api/me')).status).toBe(401);
  });
});

describe('T9: the cookie', () => {
  test('on plain local http it is HttpOnly, SameSite=Lax, Path=/, under its plain name', async () => {
    const answer = await house.client().signIn('owner');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^tollgate_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
  });

  test('in production it is __Host- and Secure', async () => {
    const strict = await openPeopleHouse({ settings: { production: true, cookieSameSite: 'strict' } });
    await strict.addUser('owner');
    const answer = await strict.client().signIn('owner');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^__Host-tollgate_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/,
    );
    await strict.close();
  });
});

describe('T10: limits of time', () => {
  test('two hours without a request end it; a request within them renews it', async () => {
    for (let i = 0; i < 3; i++) {
      house.clock.advance(7_000_000);
      expect((await client.get('/api/me')).status).toBe(200);
    }
    house.clock.advance(7_200_001);
    expect((await client.get('/api/me')).status).toBe(401);
  });

  test('a day ends it however busy it was', async () => {
    for (let hours = 1; hours < 24; hours++) {
      house.clock.advance(3_600_000);
      expect((await client.get('/api/me')).status).toBe(200);
    }
    house.clock.advance(3_600_000);
    expect((await client.get('/api/me')).status).toBe(401);
  });
});

describe('T11: the end holds at once', () => {
  test('of one session by its owner; the list shows which is mine', async () => {
    const other = house.client();
    await other.signIn('owner');
    const { sessions } = (await client.get('/api/me/sessions')).json;
    expect(sessions.map((each: { current: boolean }) => each.current)).toEqual([false, true]);
    expect(JSON.stringify(sessions)).not.toContain(tokenOf(other));
    expect((await client.send('DELETE', `/api/me/sessions/${sessions[0].id}`)).json).toEqual({ ok: true });
    expect((await other.get('/api/me')).status).toBe(401);
    expect((await client.get('/api/me')).status).toBe(200);
  });

  test('of all others', async () => {
    const others = await Promise.all(
      [1, 2, 3].map(async () => {
        const other = house.client();
        await other.signIn('owner');
        return other;
      }),
    );
    expect((await client.send('DELETE', '/api/me/sessions')).json).toEqual({ ok: true, ended: 3 });
    for (const other of others) expect((await other.get('/api/me')).status).toBe(401);
    expect((await client.get('/api/me')).status).toBe(200);
  });

  test('T4: a new password needs the current one, ends the others and renews this one', async () => {
    const other = house.client();
    await other.signIn('owner');
    const before = copyOf(client);
    const path = '/api/me/password';
    const wrong = await client.send('POST', path, {
      current_password: 'wrong one',
      new_password: 'a new good one',
    });
    expect([wrong.status, wrong.json.param]).toEqual([400, 'current_password']);
    const weak = await client.send('POST', path, {
      current_password: GOOD_PASSWORD,
      new_password: 'password',
    });
    expect(weak.status).toBe(400);
    expect((await other.get('/api/me')).status).toBe(200);
    const done = await client.send('POST', path, {
      current_password: GOOD_PASSWORD,
      new_password: 'a new good one',
    });
    expect(done.status).toBe(200);
    client.csrf = done.json.csrf_token;
    expect((await other.get('/api/me')).status).toBe(401);
    expect((await before.get('/api/me')).status).toBe(401);
    expect((await client.send('POST', '/api/me/api-keys', { name: 'k' })).status).toBe(200);
    expect((await house.client().signIn('owner')).status).toBe(401);
    expect((await house.client().signIn('owner', 'a new good one')).status).toBe(200);
  });

  test('a stolen session cannot guess the current password for ever', async () => {
    const bodies = Array.from({ length: 7 }, (_, i) => ({
      current_password: `guess ${i}`,
      new_password: GOOD_PASSWORD,
    }));
    const statuses = [];
    for (const body of bodies) statuses.push((await client.send('POST', '/api/me/password', body)).status);
    expect(statuses).toEqual([400, 400, 400, 400, 400, 400, 429]);
  });

  test('of keys and sessions alike when the owner is disabled, and keys come back with the owner', async () => {
    await house.addUser('root', 'admin');
    const root = house.client();
    await root.signIn('root');
    const key = (await client.send('POST', '/api/me/api-keys', { name: 'k' })).json.token;
    await root.send('POST', `/api/admin/users/${ownerId}/disable`);
    expect(house.keys.find(key)).toBe('user_disabled');
    expect((await client.get('/api/me')).status).toBe(401);
    await root.send('POST', `/api/admin/users/${ownerId}/enable`);
    expect(typeof house.keys.find(key)).toBe('object');
    expect((await client.get('/api/me')).status).toBe(401);
  });

  test('of a session whose owner was disabled behind our back', async () => {
    await house.store.write.updateTable('users').set({ is_active: 0 }).where('id', '=', ownerId).execute();
    expect((await client.get('/api/me')).status).toBe(401);
  });

  test('a reset or a disabling while a sign-in computes its hash wins', async () => {
    const racing = house.client();
    const attempt = racing.signIn('owner');
    await house.store.write.updateTable('users').set({ is_active: 0 }).where('id', '=', ownerId).execute();
    const answer = await attempt;
    expect(answer.status).toBe(401);
    expect((await racing.get('/api/me')).status).toBe(401);
  });
});

test(`a user has at most ${SESSIONS_PER_USER_MAX} sessions; the oldest go first`, async () => {
  const { sessions } = house.parts;
  const origin = { address: null, userAgent: 'x'.repeat(5_000), requestId: 'req' };
  for (let i = 0; i < SESSIONS_PER_USER_MAX; i++) {
    house.clock.advance(1);
    await sessions.open(house.store.write, ownerId, origin);
  }
  const rows = await house.store.read.selectFrom('sessions').selectAll().execute();
  expect(rows).toHaveLength(SESSIONS_PER_USER_MAX);
  expect((await client.get('/api/me')).status).toBe(401);
  expect(Math.max(...rows.map((row) => row.user_agent?.length ?? 0))).toBe(300);
});
