// T7, T25: no default account, one setup, never without an admin. And what the audit log keeps of it all.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { systemDoer } from '../../../src/core/principal.ts';
import { setAccountActive, setAccountRole } from '../../../src/services/people/accounts.ts';
import { LIVE_KEYS_PER_USER_MAX } from '../../../src/services/people/manage-keys.ts';
import { createInitialAdmin, createSetup, setupPath } from '../../../src/services/people/setup.ts';
import { GOOD_PASSWORD, openPeopleHouse, type PeopleHouse } from '../../support/people-house.ts';

let house: PeopleHouse;

beforeEach(async () => {
  house = await openPeopleHouse({ mode: 'threaded' });
});
afterEach(() => house.close());

const doer = systemDoer('test');

/** The runner's own `rejects` waits without letting the database's thread answer. */
const refusal = (act: Promise<unknown>) =>
  act.then(
    () => 'done',
    (error: Error) => error.message,
  );

describe('T7: the first admin', () => {
  test('a fresh house has no account; the code makes one admin with a session and a key, once', async () => {
    const client = house.client();
    expect((await client.get('/api/setup')).json).toEqual({ open: true });
    expect((await client.signIn('admin', 'admin')).status).toBe(401);
    const body = { username: 'root', password: GOOD_PASSWORD };
    const wrong = await client.send('POST', '/api/setup', { ...body, code: 'x'.repeat(32) });
    expect([wrong.status, wrong.json.code]).toEqual([410, 'setup_closed']);
    const code = house.parts.setup.code ?? '';
    expect(setupPath(code)).toBe(`/ui/setup?code=${code}`);
    const weak = await client.send('POST', '/api/setup', { ...body, password: 'password', code });
    expect(weak.status).toBe(400);
    const done = await client.send('POST', '/api/setup', { ...body, code });
    expect(done.json).toMatchObject({ username: 'root', role: 'admin', api_key: { name: 'first key' } });
    expect(house.keys.find(done.json.api_key.token)).toMatchObject({ name: 'root' });
    expect((await client.get('/api/admin/users')).json.users).toHaveLength(1);
    const again = await house.client().send('POST', '/api/setup', { ...body, username: 'root2', code });
    expect(again.status).toBe(410);
    expect((await client.get('/api/setup')).json).toEqual({ open: false });
  });

  test('two racing setups make one admin', async () => {
    const code = house.parts.setup.code ?? '';
    const send = (username: string) =>
      house.client().send('POST', '/api/setup', { code, username, password: GOOD_PASSWORD });
    const answers = await Promise.all([send('one'), send('two'), send('three')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 410, 410]);
    expect(await house.store.read.selectFrom('users').selectAll().execute()).toHaveLength(1);
  });

  test('with any account there, a start offers no setup', async () => {
    await house.addUser('someone');
    expect((await createSetup(house.parts)).code).toBeNull();
    expect((await house.client().get('/api/setup')).json).toEqual({ open: false });
  });

  test('INITIAL_ADMIN_* makes an admin once and never changes one', async () => {
    expect(await createInitialAdmin(house.parts, { username: ' boss ', password: GOOD_PASSWORD })).toBe(true);
    expect(await createInitialAdmin(house.parts, { username: 'boss', password: 'another good one' })).toBe(
      false,
    );
    expect((await house.client().signIn('boss')).json.role).toBe('admin');
    expect(
      await refusal(createInitialAdmin(house.parts, { username: 'b2', password: 'password' })),
    ).toContain('common');
  });
});

describe('T25: the last admin', () => {
  test('survives two demotions and two disablings at once', async () => {
    const ids = [await house.addUser('one', 'admin'), await house.addUser('two', 'admin')];
    const demoted = await Promise.allSettled(
      ids.map((userId) => setAccountRole(house.parts, { doer, userId, role: 'user' })),
    );
    expect(demoted.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const users = await house.store.read.selectFrom('users').selectAll().execute();
    const [left] = users.filter((user) => user.role === 'admin');
    expect(users.filter((user) => user.role === 'admin')).toHaveLength(1);
    const third = await house.addUser('three', 'admin');
    const disabled = await Promise.allSettled(
      [left?.id ?? '', third].map((userId) => setAccountActive(house.parts, { doer, userId, active: false })),
    );
    expect(disabled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('cannot be demoted or disabled alone either, and over HTTP the answer says why', async () => {
    const id = await house.addUser('root', 'admin');
    const root = house.client();
    await root.signIn('root');
    const demotion = await root.send('PATCH', `/api/admin/users/${id}`, { role: 'user' });
    expect([demotion.status, demotion.json.detail]).toEqual([409, 'The last active admin cannot be demoted']);
    const both = await root.send('PATCH', `/api/admin/users/${id}`, { role: 'user', username: 'other' });
    expect(both.status).toBe(409);
    expect((await root.get('/api/me')).json.username).toBe('root');
    expect((await root.get('/api/me')).json.role).toBe('admin');
  });
});

test('a disabled admin counts for nothing: the other one stays', async () => {
  const one = await house.addUser('one', 'admin');
  const two = await house.addUser('two', 'admin');
  await setAccountActive(house.parts, { doer, userId: one, active: false });
  expect(await refusal(setAccountRole(house.parts, { doer, userId: two, role: 'user' }))).toContain(
    'last active admin',
  );
});

describe('the audit log', () => {
  test('tells who did what to whom, when and from where, without secrets, page by page', async () => {
    await house.addUser('root', 'admin');
    const root = house.client();
    await root.send(
      'POST',
      '/auth/login',
      { username: 'root', password: GOOD_PASSWORD },
      { 'x-test-address': '10.8.0.1' },
    );
    await house.client().signIn('root', 'a wrong password');
    await house.client().signIn('a password typed as name', 'x');
    root.csrf = (await root.get('/auth/me')).json.csrf_token;
    const bob = (await root.send('POST', '/api/admin/users', { username: 'bob', password: GOOD_PASSWORD }))
      .json;
    await root.send('PATCH', `/api/admin/users/${bob.id}`, { role: 'admin', username: 'rob' });
    const key = (await root.send('POST', '/api/me/api-keys', { name: 'script' })).json;
    await root.send('POST', `/api/me/api-keys/${key.id}/rotate`, { grace_seconds: 60 });
    await root.send('DELETE', `/api/me/api-keys/${key.id}`);
    await root.send('POST', `/api/admin/users/${bob.id}/reset-password`, {});
    await root.send('POST', `/api/admin/users/${bob.id}/disable`);
    const { entries } = (await root.get('/api/admin/audit?limit=500')).json;
    const actions = entries.map((entry: { action: string }) => entry.action);
    expect(actions).toEqual([
      'user_disable',
      'user_reset_password',
      'key_revoke',
      'key_rotate',
      'key_create',
      'user_role',
      'user_rename',
      'user_create',
      'sign_in_failed',
      'sign_in_failed',
      'sign_in',
      'user_create',
    ]);
    const role = entries.find((entry: { action: string }) => entry.action === 'user_role');
    expect(role).toMatchObject({
      actor: { kind: 'user', name: 'root' },
      target: { kind: 'user', id: bob.id },
      before: { role: 'user' },
      after: { role: 'admin' },
    });
    expect(role.request_id).toStartWith('req_');
    expect(entries.find((entry: { action: string }) => entry.action === 'sign_in').address).toBe('10.8.0.1');
    const text = JSON.stringify(entries);
    for (const secret of [
      key.token,
      GOOD_PASSWORD,
      'a password typed as name',
      '$argon2id',
      root.csrf ?? '?',
    ]) {
      expect(text).not.toContain(secret);
    }
    const first = (await root.get('/api/admin/audit?limit=5')).json;
    const second = (await root.get(`/api/admin/audit?limit=500&cursor=${first.next_cursor}`)).json;
    expect([...first.entries, ...second.entries]).toEqual(entries);
    const filtered = (await root.get(`/api/admin/audit?action=key_revoke&target_id=${key.id}`)).json;
    expect(filtered.entries).toHaveLength(1);
  });

  test('cannot be changed nor shortened, not even by our own connection', async () => {
    await house.addUser('root', 'admin');
    const update = house.store.write.updateTable('audit_log').set({ actor_name: 'nobody' }).execute();
    expect(await refusal(update)).toContain('append-only');
    expect(await refusal(house.store.write.deleteFrom('audit_log').execute())).toContain('append-only');
  });
});

describe('keys', () => {
  test('rotation: the old key serves through its grace time, then ends; the fields move over', async () => {
    await house.addUser('ann');
    const ann = house.client();
    await ann.signIn('ann');
    const fields = {
      models: ['openai/*', '!openai/o*'],
      addresses: ['10.0.0.0/8'],
      tags: ['ci'],
      on_hang_up: 'drain',
    };
    const old = (await ann.send('POST', '/api/me/api-keys', { name: 'k', ...fields })).json;
    const next = (await ann.send('POST', `/api/me/api-keys/${old.id}/rotate`, { grace_seconds: 60 })).json;
    expect(next).toMatchObject({ name: 'k', rotated_from: old.id, ...fields });
    expect([typeof house.keys.find(old.token), typeof house.keys.find(next.token)]).toEqual([
      'object',
      'object',
    ]);
    house.clock.advance(61_000);
    expect(house.keys.find(old.token)).toBe('key_expired');
    const last = (await ann.send('POST', `/api/me/api-keys/${next.id}/rotate`)).json;
    expect(house.keys.find(next.token)).toBe('key_revoked');
    expect(typeof house.keys.find(last.token)).toBe('object');
    expect((await ann.send('POST', `/api/me/api-keys/${next.id}/rotate`)).status).toBe(400);
  });

  test.each([
    [{ name: 'k'.repeat(129) }, 'longer than 128'],
    [{ name: 'a\u0000b' }, 'control character'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'past'],
    [{ models: ['a b'] }, 'models'],
    [{ models: Array.from({ length: 201 }, () => 'm') }, 'at most 200'],
    [{ addresses: ['10.0.0.0/33'] }, 'addresses'],
    [{ tags: [''] }, 'tag'],
    [{ tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, 'at most 20'],
  ])('a bad field %j is refused with a sentence, at creation and at change', async (fields, words) => {
    await house.addUser('ann');
    const ann = house.client();
    await ann.signIn('ann');
    const made = await ann.send('POST', '/api/me/api-keys', { name: 'k', ...fields });
    expect(made.status).toBe(400);
    expect(made.json.detail).toContain(words);
    const key = (await ann.send('POST', '/api/me/api-keys', { name: 'k' })).json;
    expect((await ann.send('PATCH', `/api/me/api-keys/${key.id}`, fields)).status).toBe(400);
  });

  test('a user has a bounded number of keys; revoking one makes room', async () => {
    const userId = await house.addUser('ann');
    const ann = house.client();
    await ann.signIn('ann');
    const first = (await ann.send('POST', '/api/me/api-keys', { name: 'k' })).json;
    const row = await house.store.read.selectFrom('api_keys').selectAll().executeTakeFirstOrThrow();
    await house.store.write.transaction().execute(async (trx) => {
      for (let i = 1; i < LIVE_KEYS_PER_USER_MAX; i++) {
        await trx
          .insertInto('api_keys')
          .values({ ...row, id: `key_${i}`, token_hash: `${i}` })
          .execute();
      }
    });
    const refused = await ann.send('POST', '/api/me/api-keys', { name: 'one more' });
    expect([refused.status, refused.json.detail]).toEqual([400, expect.stringContaining('at most 500 keys')]);
    await ann.send('DELETE', `/api/me/api-keys/${first.id}`);
    expect((await ann.send('POST', '/api/me/api-keys', { name: 'one more' })).status).toBe(200);
    expect(userId).toBe(row.user_id);
  });

  test('an admin key opens /api from its addresses only, and acts as its owner', async () => {
    await house.addUser('root', 'admin');
    const root = house.client();
    await root.signIn('root');
    const fields = { name: 'script', scopes: ['admin'], addresses: ['10.0.0.0/8'] };
    const script = house.client();
    script.key = (await root.send('POST', '/api/me/api-keys', fields)).json.token;
    const from = (address: string) =>
      script.send('GET', '/api/admin/users', undefined, { 'x-test-address': address });
    expect([(await from('10.1.2.3')).status, (await from('192.168.0.1')).status]).toEqual([200, 403]);
    const made = await script.send(
      'POST',
      '/api/admin/users',
      { username: 'x', password: GOOD_PASSWORD },
      { 'x-test-address': '10.1.2.3' },
    );
    expect(made.status).toBe(200);
    const { entries } = (await root.get('/api/admin/audit?limit=1')).json;
    expect(entries[0].actor).toMatchObject({ name: 'root' });
    expect(entries[0].actor.api_key_id).toStartWith('key_');
  });
});

test('lists are paged, filtered and searched; % means itself', async () => {
  await house.addUser('root', 'admin');
  for (const name of ['ann', 'anna', 'a%b', 'bob']) {
    const row = {
      password_hash: null,
      role: 'user' as const,
      is_active: 1 as const,
      last_login_ms: null,
      imported_id: null,
    };
    await house.store.write
      .insertInto('users')
      .values({ ...row, id: `usr_${name}`, username: name, created_ms: 5 })
      .execute();
  }
  const root = house.client();
  await root.signIn('root');
  const names = (answer: { json: { users: { username: string }[] } }) =>
    answer.json.users.map((user) => user.username);
  expect(names(await root.get('/api/admin/users?search=ann'))).toEqual(['ann', 'anna']);
  expect(names(await root.get('/api/admin/users?search=%25'))).toEqual(['a%b']);
  expect(names(await root.get('/api/admin/users?role=admin'))).toEqual(['root']);
  const first = await root.get('/api/admin/users?limit=3');
  const second = await root.get(`/api/admin/users?limit=3&cursor=${first.json.next_cursor}`);
  expect([...names(first), ...names(second)]).toEqual(['a%b', 'ann', 'anna', 'bob', 'root']);
  expect(second.json.next_cursor).toBeNull();
  expect((await root.get('/api/admin/users?limit=1001')).status).toBe(422);
});
