// Provider keys over the API: they go in, serve, are switched off and removed, and never come out again (T30).
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { systemClock } from '../../../src/lib/clock.ts';
import { createUser } from '../../../src/services/create-user.ts';
import { startTollgate, type TestTollgate } from '../../support/start-tollgate.ts';

const SECRET = 'sk-canary-of-a-provider-key-0123456789';
let house: TestTollgate;
let key: string;

beforeAll(async () => {
  house = await startTollgate();
  const user = { username: 'root', passwordHash: null, role: 'admin' as const };
  const root = await createUser({ store: house.store, clock: systemClock }, user);
  key = (await house.issueKey({ userId: root.id, scopes: ['admin'] })).token;
});
afterAll(() => house.stop());

async function send(method: string, path: string, body?: unknown) {
  const response = await fetch(`${house.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // biome-ignore lint/suspicious/noExplicitAny: answers of several shapes are read here
  return { status: response.status, text, json: JSON.parse(text) as any };
}

async function keysOf(name: string) {
  const { providers } = (await send('GET', '/api/admin/providers')).json;
  return providers.find((each: { name: string }) => each.name === name)?.keys ?? [];
}

test('a key is added, switched off and on, and removed; its secret is in no answer and no row', async () => {
  const bad = await send('POST', '/api/admin/provider-keys', { provider: 'groq', label: '', secret: SECRET });
  expect([bad.status, bad.json.param]).toEqual([400, 'label']);
  const key = { provider: 'groq', label: 'team', secret: SECRET };
  const added = await send('POST', '/api/admin/provider-keys', key);
  expect(added.json).toEqual({ ok: true });
  const [mine] = await keysOf('groq');
  expect(mine).toMatchObject({ label: 'team', source: 'dashboard', state: 'ready' });
  expect((await send('POST', `/api/admin/provider-keys/${mine.id}/disable`)).json).toEqual({ ok: true });
  expect((await keysOf('groq'))[0].state).toBe('disabled');
  expect((await send('POST', `/api/admin/provider-keys/${mine.id}/enable`)).json).toEqual({ ok: true });
  expect((await keysOf('groq'))[0].state).toBe('ready');
  const audit = await send('GET', '/api/admin/audit?action=provider_create');
  expect(audit.json.entries).toMatchObject([{ target: { name: 'team' } }]);
  const providers = (await send('GET', '/api/admin/providers')).text;
  const log = (await send('GET', '/api/admin/audit')).text;
  const rows = await house.store.read.selectFrom('provider_credentials').selectAll().execute();
  for (const text of [added.text, providers, log, JSON.stringify(rows)]) {
    expect(text).not.toContain('canary-of-a-provider');
  }
  expect((await send('DELETE', `/api/admin/provider-keys/${mine.id}`)).json).toEqual({ ok: true });
  expect(await keysOf('groq')).toEqual([]);
  expect((await send('DELETE', `/api/admin/provider-keys/${mine.id}`)).status).toBe(404);
});

test('a base URL in a private range is refused unless it is allowed', async () => {
  const body = { provider: 'inner', label: 'x', secret: SECRET, base_url: 'http://10.0.0.1/v1' };
  const refused = await send('POST', '/api/admin/provider-keys', body);
  expect([refused.status, refused.json.param]).toEqual([400, 'base_url']);
});

test('models are listed with their prices', async () => {
  const { json } = await send('GET', '/api/admin/models');
  expect(json.models.map((model: { id: string }) => model.id)).toContain('demo/echo');
  expect(json).toMatchObject({ aliases: [], fallbacks: [] });
});
