// T40: no secret in anything that leaves or stays: backup, export, metrics, audit, answers, database, journal. The attack:
// plant secrets by every way a person or a program brings one, then look for them in everything that was written.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load-config.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { addCredential } from '../../src/services/provider-credentials/add-credential.ts';
import { createAddressGuard } from '../../src/upstream/address-guard.ts';
import {
  chatStream,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { runTollgate } from '../support/spawn-tollgate.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

setDefaultTimeout(60_000);
const PASSWORD = 'canary-password-lamp-river-9';
const PROMPT = 'canary-prompt-that-nobody-keeps';
const ANSWER = 'canary-answer-that-nobody-keeps';
const STORED = 'sk-canary-stored-provider-key-42';
const CONFIGURED = 'sk-canary-configured-provider-key-43';
let upstream: ScriptedUpstream;
let tollgate: TestTollgate;

beforeAll(async () => {
  upstream = await startScriptedUpstream(() => streamAnswer(chatStream([ANSWER])));
  tollgate = await startTollgate({
    UP_API_KEY: CONFIGURED,
    UP_API_BASE: `${upstream.url}/v1`,
    INITIAL_ADMIN_USERNAME: 'root',
    INITIAL_ADMIN_PASSWORD: PASSWORD,
  });
});
afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const kind = statSync(path);
    return kind.isDirectory() ? filesUnder(path) : kind.isFile() ? [path] : [];
  });
}

test('T40: no password, session, key, prompt or answer is in backup, export, metrics, audit, database or journal', async () => {
  const config = loadConfig({ workDir: tollgate.dataDir, environment: { DATA_DIR: tollgate.dataDir } });
  const guard = createAddressGuard({ allowPrivate: [], clock: systemClock });
  const deps = { store: tollgate.store, masterKey: config.secrets.masterKey, clock: systemClock, guard };
  await addCredential(deps, {
    provider: 'openai',
    secret: STORED,
    label: 'team',
    priority: null,
    baseUrl: null,
    knownProviders: [],
  });
  const signedIn = await fetch(`${tollgate.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'root', password: PASSWORD }),
  });
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const session = cookie.split('=')[1] ?? '';
  expect(session.length).toBeGreaterThan(40);
  const streamed = await tollgate.post('/v1/chat/completions', {
    model: 'up/m',
    stream: true,
    messages: [{ role: 'user', content: PROMPT }],
    user: PROMPT,
  });
  expect(await streamed.text()).toContain(ANSWER);
  await tollgate.usageEvents(1);

  const told: Record<string, string> = {};
  for (const path of [
    '/metrics',
    '/api/admin/audit',
    '/api/admin/users',
    '/api/admin/api-keys',
    '/api/me',
    '/ui',
    '/ui/keys',
    '/api/admin/usage/summary',
  ])
    told[path] = await (await fetch(tollgate.url + path, { headers: { cookie } })).text();
  const backup = join(tollgate.dataDir, 'canary.backup');
  const run = (args: string[]) => runTollgate(tollgate.dataDir, [...args, '--data', tollgate.dataDir]);
  for (const args of [
    ['backup', backup],
    ['usage', 'export', '--format', 'csv'],
    ['usage', 'export', '--format', 'ndjson'],
    ['doctor'],
    ['config', 'check'],
    ['provider', 'list'],
    ['key', 'list'],
    ['user', 'list'],
  ]) {
    const { stdout, stderr } = await run(args);
    told[args.join(' ')] = stdout + stderr;
  }
  expect(statSync(backup).size).toBeGreaterThan(10_000);
  for (const path of filesUnder(tollgate.dataDir)) {
    if (!path.endsWith('secrets.json')) told[path] = readFileSync(path, 'latin1');
  }
  rmSync(backup);

  const secrets = {
    PASSWORD,
    PROMPT,
    ANSWER,
    STORED,
    CONFIGURED,
    session,
    key: tollgate.key,
    pepper: config.secrets.pepper,
    masterKey: config.secrets.masterKey,
  };
  const found = Object.entries(told).flatMap(([place, text]) =>
    Object.entries(secrets)
      .filter(([, secret]) => text.includes(secret))
      .map(([name]) => `${name} in ${place}`),
  );
  expect(found).toEqual([]);
});
