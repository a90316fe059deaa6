// T22, T24: nothing of one user is reachable, changeable or visible with another user's credentials.
// The attack: B tries every id of A on every route that takes one, and looks for A in every answer it can get.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { apiRoutes } from '../../../src/console/api/create-api.ts';
import { insertUsageEvents } from '../../../src/store/usage-events.ts';
import { type Client, NO_SERVER, openPeopleHouse, type PeopleHouse } from '../../support/people-house.ts';
import { usageEvent } from '../../support/usage-event.ts';

let house: PeopleHouse;
let ann: Client;
let bob: Client;
const ids: string[] = [];
const marks: string[] = [];

beforeAll(async () => {
  house = await openPeopleHouse();
  const annId = await house.addUser('ann-of-house-a');
  await house.addUser('bob');
  ann = house.client();
  bob = house.client();
  await ann.signIn('ann-of-house-a');
  await bob.signIn('bob');
  const key = (await ann.send('POST', '/api/me/api-keys', { name: 'key of ann', tags: ['tag-of-ann'] })).json;
  const session = (await ann.get('/api/me/sessions')).json.sessions[0].id;
  ids.push(annId, key.id, session);
  marks.push(...ids, 'ann-of-house-a', 'key of ann', 'tag-of-ann', 'model-of-ann', key.token_prefix);
  const timeMs = house.clock.nowMs();
  const owner = { userId: annId, keyId: key.id, tags: ['tag-of-ann'] };
  await insertUsageEvents(house.store, [
    usageEvent({ timeMs, ...owner, modelAsked: 'model-of-ann', provider: 'model-of-ann' }),
  ]);
});
afterAll(() => house.close());

test('every id of A on every route of B is 404, whatever the method', async () => {
  const routes = apiRoutes({ ...house.parts, ...NO_SERVER }).filter(
    ({ path, access }) => path.includes('{id}') && access !== 'admin',
  );
  expect(routes.length).toBeGreaterThan(3);
  for (const { method, path } of routes) {
    for (const id of ids) {
      const answer = await bob.send(method, path.replace('{id}', id), method === 'GET' ? undefined : {});
      expect([method, path, id, answer.status]).toEqual([method, path, id, 404]);
    }
  }
});

test('the same for ids that are not there: nothing tells the two apart', async () => {
  const [, keyId = ''] = ids;
  const there = await bob.send('DELETE', `/api/me/api-keys/${keyId}`);
  const nowhere = await bob.send('DELETE', `/api/me/api-keys/${keyId.slice(0, -1)}0`);
  expect({ ...there.json, request_id: '' }).toEqual({ ...nowhere.json, request_id: '' });
});

test('no answer that B can get mentions anything of A', async () => {
  const routes = apiRoutes({ ...house.parts, ...NO_SERVER }).filter(
    ({ method, access }) => method === 'GET' && access !== 'none',
  );
  for (const { path } of routes) {
    const answer = await bob.get(path.replace('{id}', ids[0] ?? ''));
    for (const mark of marks) expect([path, answer.text.includes(mark)]).toEqual([path, false]);
  }
  for (const search of ['ann', '%', '_', '\\', "'"]) {
    const answer = await bob.get(`/api/me/api-keys?search=${encodeURIComponent(search)}`);
    expect(answer.json.api_keys).toEqual([]);
  }
});

test('a cursor of A does not open the list of A to B', async () => {
  await ann.send('POST', '/api/me/api-keys', { name: 'second key of ann' });
  const { next_cursor } = (await ann.get('/api/me/api-keys?limit=1')).json;
  expect(next_cursor).toBeString();
  expect((await ann.get(`/api/me/api-keys?cursor=${next_cursor}`)).json.api_keys).toHaveLength(1);
  expect((await bob.get(`/api/me/api-keys?cursor=${next_cursor}`)).json.api_keys).toEqual([]);
  expect((await bob.get('/api/me/api-keys?cursor=bm90LWEtY3Vyc29y')).status).toBe(422);
});

test('A is as it was: the key works, the session lives', async () => {
  expect((await ann.get('/api/me')).status).toBe(200);
  expect((await ann.get('/api/me/api-keys?state=active')).json.api_keys).toHaveLength(2);
});

test.each(['id', 'user_id', 'username', 'created_at', 'role', 'token_hash', 'is_active', 'cost_usd'])(
  'T23: a key created or changed with the server-owned field %s is refused, not obeyed',
  async (field) => {
    const made = await bob.send('POST', '/api/me/api-keys', { name: 'k', [field]: ids[0] });
    expect(made.status).toBe(422);
    expect(made.text).toContain(field);
    const own = (await bob.send('POST', '/api/me/api-keys', { name: 'k' })).json;
    expect((await bob.send('PATCH', `/api/me/api-keys/${own.id}`, { [field]: ids[0] })).status).toBe(422);
  },
);

test('T23: a user cannot give a key the admin scope, nor get one by rotation after a demotion', async () => {
  const refused = await bob.send('POST', '/api/me/api-keys', { name: 'k', scopes: ['use', 'admin'] });
  expect(refused.status).toBe(403);
  const rootId = await house.addUser('root', 'admin');
  await house.addUser('root-2', 'admin');
  const root = house.client();
  await root.signIn('root');
  const key = (await root.send('POST', '/api/me/api-keys', { name: 'script', scopes: ['admin'] })).json;
  const script = house.client();
  script.key = key.token;
  expect((await script.get('/api/admin/users')).status).toBe(200);
  const other = house.client();
  await other.signIn('root-2');
  await other.send('PATCH', `/api/admin/users/${rootId}`, { role: 'user' });
  expect((await script.get('/api/admin/users')).status).toBe(403);
  expect((await root.get('/api/me')).status).toBe(401);
  await root.signIn('root');
  expect((await root.send('POST', `/api/me/api-keys/${key.id}/rotate`)).status).toBe(403);
});
