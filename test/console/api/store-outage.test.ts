// The database cannot be written: people who are signed in read on, changes are 503 and never a false success.
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { sql } from 'kysely';
import { asStoreOutage } from '../../../src/store/store-outage.ts';
import { GOOD_PASSWORD, openPeopleHouse, type PeopleHouse } from '../../support/people-house.ts';

let house: PeopleHouse;

beforeAll(async () => {
  house = await openPeopleHouse({ mode: 'threaded', busyTimeoutMs: 100 });
  await house.addUser('owner');
});
afterAll(() => house.close());

test('another process holds the write lock: reading goes on, changing is 503, and afterwards all is well', async () => {
  const client = house.client();
  await client.signIn('owner');
  const locker = new Database(house.store.path);
  locker.run('BEGIN IMMEDIATE');
  // Past the grain of the last-seen mark: the session wants to be written too.
  house.clock.advance(120_000);
  expect((await client.get('/api/me')).status).toBe(200);
  const change = await client.send('POST', '/api/me/api-keys', { name: 'k' });
  expect([change.status, change.json.code]).toEqual([503, 'store_unavailable']);
  expect(change.headers.get('retry-after')).toBe('2');
  const signIn = await house.client().signIn('owner', GOOD_PASSWORD);
  expect(signIn.status).toBe(503);
  const signOut = await client.send('POST', '/auth/logout');
  expect(signOut.status).toBe(503);
  locker.run('ROLLBACK');
  locker.close();
  expect((await client.get('/api/me/api-keys')).json.api_keys).toEqual([]);
  expect((await client.send('POST', '/api/me/api-keys', { name: 'k' })).status).toBe(200);
  expect((await client.send('POST', '/auth/logout')).status).toBe(200);
  expect((await client.get('/api/me')).status).toBe(401);
}, 30_000);

test('the disk is full: changing is 503 and not a defect, and afterwards all is well', async () => {
  const client = house.client();
  await client.signIn('owner');
  const setMost = (pages: number) => sql.raw(`PRAGMA max_page_count = ${pages}`).execute(house.store.write);
  // Never below what the file has.
  await setMost(1);
  const create = () => client.send('POST', '/api/me/api-keys', { name: 'x'.repeat(100) });
  let change = await create();
  for (let i = 0; i < 200 && change.status === 200; i++) change = await create();
  expect([change.status, change.json.code]).toEqual([503, 'store_unavailable']);
  await setMost(100_000);
  expect((await create()).status).toBe(200);
}, 30_000);

test('a defect of ours is not excused as an outage', () => {
  const defect = Object.assign(new Error('no such column'), { code: 'SQLITE_ERROR' });
  expect(asStoreOutage(defect)).toBe(defect);
  expect(asStoreOutage(null)).toBeNull();
});
