// Guarantee: no secret ever appears in what the server prints, logs, answers or stores in clear. The attack: plant known
// secrets everywhere a secret can come from, make the server fail in many ways, and look for them in everything it wrote.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { jsonAnswer, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { type SpawnedTollgate, spawnTollgate } from '../support/spawn-tollgate.ts';

const CANARIES = {
  PROXY_API_KEY: 'canary-master-7f3a9c1e5b',
  API_TOKEN_PEPPER: 'canary-pepper-00000000000000000000000000',
  SESSION_SECRET: 'canary-session-0000000000000000000000000',
  MASTER_KEY: 'canary-encryption-0000000000000000000000',
  UP_API_KEY: 'sk-canary-provider-5d1f8e2b7a',
  INITIAL_ADMIN_PASSWORD: 'canary-password-correct-horse',
};
const PROMPT = 'canary-prompt-nobody-may-keep-this';

let upstream: ScriptedUpstream;
let tollgate: SpawnedTollgate;
let key: string;
const answers: string[] = [];

beforeAll(async () => {
  // A provider that repeats the key and the prompt in its error, as some do.
  upstream = await startScriptedUpstream(({ headers, body }, index) =>
    jsonAnswer(
      { error: { message: `bad key ${headers.authorization} for ${body}`, type: 'x' } },
      [400, 400, 400, 500][index] ?? 401,
    ),
  );
  tollgate = await spawnTollgate({
    ...CANARIES,
    UP_API_BASE: `${upstream.url}/v1`,
    INITIAL_ADMIN_USERNAME: 'root',
    LOG_LEVEL: 'debug',
  });
  await tollgate.run(['user', 'create', 'alice']);
  key = (await tollgate.run(['key', 'create', '--user', 'alice', '--name', 'canary'])).stdout.trim();
});

afterAll(async () => {
  await tollgate?.remove();
  await upstream?.stop();
});

test('T40: no planted secret is in output, logs, answers, database or journal', async () => {
  for (const headers of [
    { authorization: `Bearer ${key}` },
    { 'x-api-key': CANARIES.PROXY_API_KEY },
    { 'x-api-key': 'sk-canary-wrong-4e6d' },
  ]) {
    for (const model of ['up/m', 'up/m2', 'up/m3', 'nobody/m']) {
      answers.push(await ask(model, headers));
    }
  }
  const check = await tollgate.run(['config', 'check']);
  expect(check.stdout).toContain('(set, hidden)');
  expect(upstream.requests.length).toBeGreaterThan(3);
  tollgate.kill('SIGTERM');
  expect(await tollgate.exited).toBe(0);
  const places: [string, string][] = [
    ['output', tollgate.output()],
    ['answers', answers.join('\n')],
    ['config check', check.stdout + check.stderr],
    ...filesBelow(join(tollgate.workDir, 'data')).map((path): [string, string] => [
      path,
      readFileSync(path, 'latin1'),
    ]),
  ];
  const found = places.flatMap(([place, text]) =>
    // The caller may see its own prompt in its provider's error; nobody may store it.
    [...Object.values(CANARIES), key, 'sk-canary-wrong-4e6d', ...(place === 'answers' ? [] : [PROMPT])]
      .filter((secret) => text.includes(secret))
      .map((secret) => `${secret} in ${place}`),
  );
  expect(found).toEqual([]);
  expect(places.length).toBeGreaterThan(3);
});

async function ask(model: string, headers: Record<string, string>): Promise<string> {
  const messages = [{ role: 'user', content: PROMPT }];
  const response = await fetch(`${tollgate.url}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model, messages }),
  });
  return JSON.stringify([...response.headers]) + (await response.text());
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path);
    if (stat.isDirectory()) return filesBelow(path);
    return stat.isFile() ? [path] : [];
  });
}
