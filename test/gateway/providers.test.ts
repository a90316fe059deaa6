// Guarantee: callers see the models and providers that are configured, filtered; admins see quota figures under the
// predecessor's names; nobody sees a key; fallbacks and aliases lead where the file says.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asObject, type JsonObject } from '../../src/lib/json.ts';
import {
  chatCompletion,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const MASTER = 'master-key-for-this-test-0123456789';
let folder = '';
let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let modelLists = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-yaml-'));
  upstream = await startScriptedUpstream(({ path, json, headers }) => {
    if (headers.authorization === 'Bearer sk-revoked') return jsonAnswer({ error: { message: 'no' } }, 401);
    if (path.endsWith('/models')) {
      modelLists += 1;
      return jsonAnswer({
        data: ['gpt-a', 'gpt-b', 'gpt-preview', 'secret-x'].map((id) => ({ id, created: 1_700_000_000 })),
      });
    }
    if (json?.model === 'broken') return jsonAnswer({ error: { message: 'ill' } }, 500);
    if (json?.model === 'small')
      return jsonAnswer({ error: { message: 'x', code: 'context_length_exceeded' } }, 400);
    return jsonAnswer({ ...chatCompletion(`this is ${json?.model}`), seen: json });
  });
  writeFileSync(
    join(folder, 'tollgate.yaml'),
    JSON.stringify({
      aliases: { smart: 'up/gpt-a', 'team-*': 'up/gpt-b' },
      fallbacks: { 'up/broken': ['up/secret-x', 'up/gpt-a'], 'up/small': ['smart'] },
    }),
  );
  tollgate = await startTollgate({
    PROXY_API_KEY: MASTER,
    TOLLGATE_CONFIG: join(folder, 'tollgate.yaml'),
    UP_API_BASE: `${upstream.url}/v1`,
    UP_API_KEY_1: 'sk-good-canary-0123456789',
    UP_API_KEY_2: 'sk-revoked',
    PRIORITY_UP_2: '1',
    IGNORE_MODELS_UP: '*-preview,secret-*',
    WHITELIST_MODELS_UP: 'gpt-preview',
    UP_MODELS: '{"mine":{"id":"real-id","options":{"reasoning_effort":"high","top_p":0.5}}}',
    QUOTA_GROUPS_UP_BIG: 'gpt-a,gpt-b',
    LOG_LEVEL: 'silent',
  });
});
afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const admin = { authorization: `Bearer ${MASTER}` };

async function ask(model: string, more: object = {}): Promise<{ status: number; json: JsonObject }> {
  const answer = await tollgate.post('/v1/chat/completions', { model, messages: [], ...more });
  return { status: answer.status, json: (await answer.json()) as JsonObject };
}

function said({ json }: { json: JsonObject }): string {
  return /this is ([\w-]+)/.exec(JSON.stringify(json))?.[1] ?? '';
}

describe('models', () => {
  test('are what the provider lists and the operator names, filtered; asked for once', async () => {
    const ids = async () =>
      ((await (await tollgate.get('/v1/models')).json()) as { data: { id: string }[] }).data.map(
        (each) => each.id,
      );
    expect(await ids()).toEqual(['up/gpt-a', 'up/gpt-b', 'up/gpt-preview', 'up/mine']);
    expect(await ids()).toHaveLength(4);
    expect(modelLists).toBe(1);
    expect((await tollgate.get('/v1/models/up/secret-x')).status).toBe(404);
  });

  test('that are hidden cannot be called either (E26)', async () => {
    expect((await ask('up/secret-x')).status).toBe(404);
    expect((await ask('up/gpt-preview')).status).toBe(200);
  });

  test('aliases, mapped names and their options', async () => {
    expect(said(await ask('smart'))).toBe('gpt-a');
    expect(said(await ask('team-7'))).toBe('gpt-b');
    const mapped = await ask('up/mine', { reasoning_effort: 'low', top_p: 0.9 });
    expect(asObject(mapped.json.seen)).toMatchObject({
      model: 'real-id',
      reasoning_effort: 'high',
      top_p: 0.9,
    });
  });

  test('fallbacks: the next that may be used answers, and the ledger tells what was tried', async () => {
    const before = (await tollgate.usageEvents(4)).length;
    expect(said(await ask('up/broken'))).toBe('gpt-a');
    expect(said(await ask('up/small'))).toBe('gpt-a');
    const rows = (await tollgate.usageEvents(before + 2)).slice(before);
    expect(rows.map((row) => [row.model_asked, row.model, row.outcome])).toEqual([
      ['up/broken', 'up/gpt-a', 'final'],
      ['up/small', 'up/gpt-a', 'final'],
    ]);
  });
});

test('a conversation stays on one key, whatever balance says; another caller’s same id says nothing', async () => {
  const keys: string[] = [];
  const pair = await startScriptedUpstream(({ headers }) => {
    keys.push(String(headers.authorization).slice(-1));
    return jsonAnswer(chatCompletion('fine'));
  });
  const house = await startTollgate({
    UP_API_BASE: `${pair.url}/v1`,
    UP_API_KEY_1: 'sk-key-1',
    UP_API_KEY_2: 'sk-key-2',
    ROTATION_TOLERANCE: '0',
    LOG_LEVEL: 'silent',
  });
  const say = (headers: Record<string, string>) =>
    house
      .post('/v1/chat/completions', { model: 'up/m', messages: [] }, headers)
      .then((answer) => answer.text());
  for (let i = 0; i < 6; i++) await say({ 'x-claude-code-session-id': 'talk-1' });
  expect(new Set(keys).size).toBe(1);
  keys.length = 0;
  for (let i = 0; i < 12; i++) await say({});
  expect(new Set(keys).size).toBe(2);
  expect((await house.usageEvents(18)).filter((event) => event.client_session_id === 'talk-1')).toHaveLength(
    6,
  );
  await house.stop();
  await pair.stop();
});

test('/v1/providers lists what is configured', async () => {
  expect(await (await tollgate.get('/v1/providers')).json()).toEqual(['up']);
});

describe('/v1/quota-stats', () => {
  test('is for admins', async () => {
    expect((await tollgate.get('/v1/quota-stats')).status).toBe(403);
    expect((await tollgate.post('/v1/quota-stats', {})).status).toBe(403);
  });

  test('tells every field the predecessor told, and no key', async () => {
    await ask('up/gpt-a');
    const answer = await tollgate.get('/v1/quota-stats', admin);
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(text).not.toContain('canary');
    expect(text).not.toContain('sk-revoked');
    const stats = JSON.parse(text);
    expect(Object.keys(stats)).toEqual(['providers', 'summary', 'data_source', 'timestamp']);
    expect(stats.data_source).toBe('cache');
    const { up } = stats.providers;
    expect(up).toMatchObject({
      provider: 'up',
      credential_count: 2,
      rotation_mode: 'balanced',
      active_count: 1,
      exhausted_count: 1,
    });
    expect(up.quota_groups.big).toMatchObject({ models: ['gpt-a', 'gpt-b'], total: 2 });
    const named = (name: string) =>
      (Object.values(up.credentials) as JsonObject[]).find((each) => each.identifier === name);
    const [good, revoked] = [named('UP_API_KEY_1'), named('UP_API_KEY_2')];
    expect(Object.keys(good ?? {})).toEqual([
      'stable_id',
      'accessor_masked',
      'full_path',
      'identifier',
      'email',
      'tier',
      'priority',
      'active_requests',
      'status',
      'totals',
      'model_usage',
      'group_usage',
      'cooldowns',
      'fair_cycle',
    ]);
    expect(good).toMatchObject({
      identifier: 'UP_API_KEY_1',
      status: expect.stringMatching(/active|mixed/),
      active_requests: 0,
      priority: null,
    });
    expect(JSON.stringify(good?.group_usage)).toContain('"output":');
    expect(revoked).toMatchObject({ identifier: 'UP_API_KEY_2', status: 'exhausted', priority: 1 });
    expect(revoked?.cooldowns).toMatchObject({ _global_: { reason: 'authentication', source: 'system' } });
    expect(stats.summary).toMatchObject({
      total_providers: 1,
      total_credentials: 2,
      exhausted_credentials: 1,
    });
    expect(stats.summary.tokens.output).toBeGreaterThan(0);
  });

  test('refreshes on order, and says what was wrong with an order', async () => {
    const order = async (body: unknown) => {
      const answer = await tollgate.post('/v1/quota-stats', body, admin);
      return { status: answer.status, json: (await answer.json()) as JsonObject };
    };
    expect(await order({})).toMatchObject({
      status: 200,
      json: { data_source: 'refreshed', refresh_result: { action: 'reload', scope: 'all', success: true } },
    });
    const refreshed = await order({ action: 'force_refresh', scope: 'provider', provider: 'up' });
    expect(refreshed.json.refresh_result).toMatchObject({
      credentials_refreshed: 2,
      success_count: 1,
      failed_count: 1,
      errors: [expect.stringContaining('UP_API_KEY_2')],
    });
    for (const wrong of [
      { action: 'dance' },
      { scope: 'moon' },
      { scope: 'provider' },
      { scope: 'credential', provider: 'up' },
      { scope: 'provider', provider: 'nobody' },
      '{oops',
    ])
      expect((await order(wrong)).status).toBe(400);
    expect((await tollgate.get('/v1/quota-stats?provider=nobody', admin)).status).toBe(400);
  });
});
