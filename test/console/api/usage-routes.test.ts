// Usage over the API: the predecessor's summary, by-day and by-model with its field names, and what it lacked.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { insertUsageEvents } from '../../../src/store/usage-events.ts';
import { type Client, openPeopleHouse, type PeopleHouse } from '../../support/people-house.ts';
import { usageEvent } from '../../support/usage-event.ts';

let house: PeopleHouse;
let admin: Client;
let ann: Client;
let annId: string;
const DAY_MS = 86_400_000;

beforeAll(async () => {
  house = await openPeopleHouse();
  await house.addUser('root', 'admin');
  annId = await house.addUser('ann');
  const bobId = await house.addUser('bob');
  admin = house.client();
  ann = house.client();
  await admin.signIn('root');
  await ann.signIn('ann');
  const key = (await ann.send('POST', '/api/me/api-keys', { name: '=laptop' })).json;
  const nowMs = house.clock.nowMs();
  const mine = { userId: annId, keyId: key.id };
  await insertUsageEvents(house.store, [
    usageEvent({ timeMs: nowMs, ...mine, tags: ['ci'] }),
    usageEvent({ timeMs: nowMs - DAY_MS, ...mine }),
    usageEvent({
      timeMs: nowMs - DAY_MS,
      ...mine,
      modelAsked: 'x/free',
      provider: 'x',
      costNanoUsd: null,
      unpriced: true,
    }),
    usageEvent({ timeMs: nowMs - 200 * DAY_MS, ...mine, status: 500, outcome: 'error' }),
    usageEvent({ timeMs: nowMs, userId: bobId }),
    usageEvent({ timeMs: nowMs, userId: null }),
  ]);
});
afterAll(() => house.close());

describe('my usage', () => {
  test('summary counts all time, others not', async () => {
    const { json } = await ann.get('/api/me/usage/summary');
    expect(json).toMatchObject({
      request_count: 4,
      prompt_tokens: 400,
      completion_tokens: 80,
      total_tokens: 480,
    });
    expect(json.cost_usd).toBeCloseTo(0.0075, 9);
    expect(json).toMatchObject({ failed_count: 1, unpriced_count: 1 });
  });

  test('by-day has one row per day with events, ascending', async () => {
    const { json } = await ann.get('/api/me/usage/by-day?days=7');
    expect(json.days).toBe(7);
    expect(json.rows.map((row: { request_count: number }) => row.request_count)).toEqual([2, 1]);
    const today = new Date(house.clock.nowMs()).toISOString().slice(0, 10);
    expect(json.rows[1]).toMatchObject({ day: today, total_tokens: 120 });
  });

  test('by-model puts most requests first; what is unpriced has no cost, not zero', async () => {
    const { json } = await ann.get('/api/me/usage/by-model');
    expect(json.rows).toMatchObject([
      { model: 'openai/gpt-x', request_count: 2 },
      { model: 'x/free', request_count: 1, cost_usd: null, cost_nano_usd: null },
    ]);
  });

  test('by key, provider and tag', async () => {
    expect((await ann.get('/api/me/usage/by-key')).json.rows).toMatchObject([
      { name: '=laptop', request_count: 3 },
    ]);
    const providers = (await ann.get('/api/me/usage/by-provider')).json.rows;
    expect(providers).toMatchObject([{ provider: 'openai' }, { provider: 'x' }]);
    expect((await ann.get('/api/me/usage/by-tag')).json.rows).toMatchObject([
      { tag: 'ci', request_count: 1 },
    ]);
  });

  test('days of the asker: a zone 14 hours ahead', async () => {
    const { json } = await ann.get('/api/me/usage/by-day?days=3&time_zone=Pacific/Kiritimati');
    const there = new Date(house.clock.nowMs() + 14 * 3_600_000).toISOString().slice(0, 10);
    expect(json.rows.at(-1)).toMatchObject({ day: there });
    expect(json.time_zone).toBe('Pacific/Kiritimati');
  });

  test('CSV is inert in a spreadsheet', async () => {
    const answer = await ann.get('/api/me/usage/by-key?format=csv');
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toContain('usage-by-key.csv');
    const [head, row] = answer.text.split('\r\n');
    expect(head).toStartWith('api_key_id,name,request_count');
    expect(row).toContain(",'=laptop,3,");
  });

  test.each(['days=0', 'days=366', 'days=x', 'time_zone=Mars/Base', 'surprise=1', 'days=1&days=2'])(
    '%s is 422',
    async (query) => {
      const answer = await ann.get(`/api/me/usage/by-day?${query}`);
      expect(answer.status).toBe(422);
      expect(answer.json.detail[0].loc[0]).toBe('query');
    },
  );

  test('a range is bounded and must run forwards', async () => {
    const back = await ann.get('/api/me/usage/by-day?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z');
    const long = await ann.get('/api/me/usage/by-day?since=2020-01-01T00:00:00Z&until=2026-01-01T00:00:00Z');
    expect([back.status, long.status]).toEqual([422, 422]);
  });
});

describe('events', () => {
  test('mine are paged newest first; a foreign user_id in the query changes nothing', async () => {
    const first = (await ann.get('/api/me/usage/events?limit=3')).json;
    const second = (await ann.get(`/api/me/usage/events?limit=3&cursor=${first.next_cursor}`)).json;
    const events = [...first.events, ...second.events];
    expect(events).toHaveLength(4);
    expect(second.next_cursor).toBeNull();
    expect(new Set(events.map((event: { user_id: string }) => event.user_id))).toEqual(new Set([annId]));
    expect(events[0]).toMatchObject({ cost_usd: 0.0025, provenance: 'provider', tags: ['ci'] });
    const all = (await admin.get('/api/admin/usage/events')).json.events;
    const foreign = all.find((event: { user_id: string | null }) => event.user_id !== annId);
    const asked = (await ann.get(`/api/me/usage/events?user_id=${foreign.user_id}`)).json;
    expect(asked.events).toHaveLength(4);
    const filtered = (await ann.get('/api/me/usage/events?outcome=error')).json.events;
    expect(filtered).toMatchObject([{ status: 500 }]);
  });

  test('whole as CSV and NDJSON', async () => {
    const csv = await admin.get(`/api/admin/users/${annId}/usage/events?format=csv`);
    expect(csv.headers.get('content-disposition')).toContain('usage-events.csv');
    expect(csv.text.trim().split('\n')).toHaveLength(5);
    const lines = (await ann.get('/api/me/usage/events?format=ndjson')).text.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).user_id)).toEqual([annId, annId, annId, annId]);
  });
});

describe('usage for admins', () => {
  test('of one user, as that user sees it', async () => {
    const seen = (await admin.get(`/api/admin/users/${annId}/usage/summary`)).json;
    expect(seen).toEqual((await ann.get('/api/me/usage/summary')).json);
    const missing = await admin.get('/api/admin/users/usr_0/usage/by-day');
    expect([missing.status, missing.json.detail]).toEqual([404, 'User not found']);
  });

  test('of the house, by user: callers without a user are shown as such', async () => {
    const { rows } = (await admin.get('/api/admin/usage/by-user')).json;
    expect(rows).toMatchObject([
      { username: 'ann', request_count: 3 },
      { request_count: 1 },
      { request_count: 1 },
    ]);
    expect(rows.map((row: { username: string | null }) => row.username).sort()).toEqual(
      ['ann', 'bob', null].sort(),
    );
  });

  test('prune deletes what is older than the retention and keeps the totals', async () => {
    const { json } = await admin.send('POST', '/api/admin/usage/prune');
    expect(json).toEqual({ ok: true, deleted: 1, retention_days: 30 });
    expect((await ann.get('/api/me/usage/summary')).json.request_count).toBe(4);
    expect((await admin.send('POST', '/api/admin/usage/prune')).json.deleted).toBe(0);
  });
});
