// The predecessor's documented flows, with its paths, statuses and field names (predecessor.md section a).
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { GOOD_PASSWORD, openPeopleHouse, type PeopleHouse } from '../../support/people-house.ts';

let house: PeopleHouse;

beforeAll(async () => {
  house = await openPeopleHouse();
  await house.addUser('root', 'admin');
});
afterAll(() => house.close());

describe('sign in and out', () => {
  test('login answers id, username, role; me repeats them; logout ends the session itself', async () => {
    const client = house.client();
    const login = await client.signIn('  root ');
    expect(login.status).toBe(200);
    expect(login.json).toMatchObject({ username: 'root', role: 'admin' });
    expect(login.json.id).toStartWith('usr_');
    expect((await client.get('/auth/me')).json).toMatchObject({ username: 'root', role: 'admin' });
    expect((await client.get('/api/me')).json).toEqual({
      id: login.json.id,
      username: 'root',
      role: 'admin',
      is_active: true,
    });
    const kept = client.cookie;
    expect((await client.send('POST', '/auth/logout')).json).toEqual({ ok: true });
    client.cookie = kept;
    const after = await client.get('/auth/me');
    expect(after.status).toBe(401);
    expect(after.json.detail).toBe('Invalid session');
  });

  test('without a cookie, with a wrong password, with a bad body', async () => {
    const client = house.client();
    const nobody = await client.get('/api/me');
    expect([nobody.status, nobody.json.detail]).toEqual([401, 'Authentication required']);
    const wrong = await client.signIn('root', 'wrong password');
    expect([wrong.status, wrong.json.detail]).toEqual([401, 'Invalid username or password']);
    const bad = await client.send('POST', '/auth/login', { username: 'root' });
    expect(bad.status).toBe(422);
    expect(bad.json.detail[0]).toMatchObject({ loc: ['body', 'password'] });
    expect(bad.text).not.toContain('"input":');
  });
});

describe('own API keys', () => {
  test('create shows the token once, list and revoke follow', async () => {
    await house.addUser('keys-user');
    const client = house.client();
    await client.signIn('keys-user');
    const made = await client.send('POST', '/api/me/api-keys', { name: '  laptop ' });
    expect(made.status).toBe(200);
    expect(made.json).toMatchObject({ name: 'laptop' });
    expect(made.json.token).toStartWith(made.json.token_prefix);
    const list = await client.get('/api/me/api-keys');
    expect(list.json.api_keys).toHaveLength(1);
    expect(list.text).not.toContain(made.json.token);
    expect(Object.keys(list.json.api_keys[0])).toEqual(
      expect.arrayContaining([
        'id',
        'name',
        'token_prefix',
        'created_at',
        'last_used_at',
        'revoked_at',
        'expires_at',
      ]),
    );
    expect(typeof house.keys.find(made.json.token)).toBe('object');
    expect((await client.send('DELETE', `/api/me/api-keys/${made.json.id}`)).json).toEqual({ ok: true });
    expect(house.keys.find(made.json.token)).toBe('key_revoked');
    const again = await client.send('DELETE', `/api/me/api-keys/${made.json.id}`);
    expect(again.json).toEqual({ ok: true });
    const after = await client.get('/api/me/api-keys');
    expect(after.json.api_keys[0].revoked_at).toMatch(/Z$/);
    const empty = await client.send('POST', '/api/me/api-keys', { name: ' ' });
    expect([empty.status, empty.json.detail]).toEqual([400, 'API key name cannot be empty']);
    const missing = await client.send('DELETE', '/api/me/api-keys/key_0');
    expect([missing.status, missing.json.detail]).toEqual([404, 'API key not found']);
  });
});

describe('users', () => {
  test('create, list, disable, enable, reset', async () => {
    const admin = house.client();
    await admin.signIn('root');
    const made = await admin.send('POST', '/api/admin/users', { username: 'bo', password: GOOD_PASSWORD });
    expect(made.status).toBe(200);
    expect(made.json).toMatchObject({ username: 'bo', role: 'user', is_active: true, last_login_at: null });
    const taken = await admin.send('POST', '/api/admin/users', { username: 'bo', password: GOOD_PASSWORD });
    expect([taken.status, taken.json.detail]).toEqual([409, 'Username already exists']);
    const noName = await admin.send('POST', '/api/admin/users', { username: ' ', password: GOOD_PASSWORD });
    expect([noName.status, noName.json.detail]).toEqual([400, 'Username cannot be empty']);
    const noPassword = await admin.send('POST', '/api/admin/users', { username: 'cy', password: '' });
    expect([noPassword.status, noPassword.json.detail]).toEqual([400, 'Password cannot be empty']);
    const users = (await admin.get('/api/admin/users')).json.users;
    expect(users.map((user: { username: string }) => user.username)).toContain('bo');

    const bo = house.client();
    await bo.signIn('bo');
    expect((await bo.get('/api/me')).status).toBe(200);
    const path = `/api/admin/users/${made.json.id}`;
    expect((await admin.send('POST', `${path}/disable`)).json).toEqual({ ok: true });
    expect((await admin.send('POST', `${path}/disable`)).json).toEqual({ ok: true });
    expect((await bo.get('/api/me')).status).toBe(401);
    const disabled = await house.client().signIn('bo');
    expect([disabled.status, disabled.json.detail]).toEqual([401, 'Invalid username or password']);
    expect((await admin.send('POST', `${path}/enable`)).json).toEqual({ ok: true });
    expect((await bo.signIn('bo')).status).toBe(200);

    const reset = await admin.send('POST', `${path}/reset-password`, {});
    expect(reset.json).toMatchObject({ id: made.json.id, username: 'bo' });
    expect(reset.json.password).toMatch(/^[A-Za-z0-9_-]{16}$/);
    expect((await bo.get('/api/me')).status).toBe(401);
    expect((await bo.signIn('bo', reset.json.password)).status).toBe(200);
    const chosen = await admin.send('POST', `${path}/reset-password`, { password: 'another good one' });
    expect(chosen.json.password).toBe('another good one');
    expect((await admin.send('POST', `${path}/reset-password`)).status).toBe(422);
    expect((await admin.send('POST', '/api/admin/users/usr_0/disable')).json.detail).toBe('User not found');
    const own = await admin.send('POST', `/api/admin/users/${(await admin.get('/api/me')).json.id}/disable`);
    expect([own.status, own.json.detail]).toEqual([400, 'Cannot disable your own account']);
  });

  test('a user is told that it takes an admin', async () => {
    await house.addUser('plain');
    const client = house.client();
    await client.signIn('plain');
    const answer = await client.get('/api/admin/users');
    expect([answer.status, answer.json.detail]).toEqual([403, 'Admin access required']);
  });
});
