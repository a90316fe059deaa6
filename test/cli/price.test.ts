// Guarantee: a price set here is on the next rows of a running server, with its version; removing it brings the list back.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { dirname } from 'node:path';
import {
  chatCompletion,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { runTollgate } from '../support/spawn-tollgate.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

setDefaultTimeout(60_000);

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let rows = 0;

beforeAll(async () => {
  const usage = { prompt_tokens: 1_000, completion_tokens: 100 };
  upstream = await startScriptedUpstream(() => jsonAnswer({ ...chatCompletion('ok'), usage }));
  tollgate = await startTollgate(
    { UP_API_KEY: 'sk-up', UP_API_BASE: `${upstream.url}/v1` },
    { prices: { 'up/*': { input: 1, output: 1 } } },
  );
});

afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

async function price(...args: string[]) {
  return runTollgate(dirname(tollgate.dataDir), ['price', ...args, '--data', tollgate.dataDir]);
}

async function costOfOne() {
  const messages = [{ role: 'user', content: 'hi' }];
  await (await tollgate.post('/v1/chat/completions', { model: 'up/m', messages })).text();
  rows += 1;
  const row = (await tollgate.usageEvents(rows)).at(-1);
  return { cost: row?.cost_nano_usd, version: row?.price_version ?? '' };
}

/** Prices arrive by the server's own look at the database, twice a second. */
async function untilCost(cost: number) {
  for (let i = 0; i < 40; i++) {
    const found = await costOfOne();
    if (found.cost === cost) return found;
    await Bun.sleep(100);
  }
  throw new Error(`no row costs ${cost}`);
}

test('the store wins over the file, the sharper name over the glob; each row keeps its version', async () => {
  expect((await costOfOne()).version).toMatch(/^tollgate\.yaml [0-9a-f]{8}$/);
  expect((await price('set', 'up/*', '--input', '2', '--output', '3')).exitCode).toBe(0);
  // 1000 x $2 + 100 x $3 per million.
  expect((await untilCost(2_300_000)).version).toMatch(/^prc_[0-9a-f]+ [0-9a-f]{8}$/);
  expect((await price('set', 'up/m', '--input', '0', '--output', '5')).exitCode).toBe(0);
  await untilCost(500_000);
  expect((await price('list')).stdout).toMatch(/up\/m +0 +5/);
  await price('remove', 'up/m');
  await price('remove', 'up/*');
  await untilCost(1_100_000);
  const audit = await tollgate.store.read.selectFrom('audit_log').select('action').orderBy('id').execute();
  expect(audit.map(({ action }) => action).filter((action) => action.startsWith('price_'))).toEqual([
    'price_set',
    'price_set',
    'price_delete',
    'price_delete',
  ]);
});

test('a bad price is refused and says what is right', async () => {
  expect((await price('set', 'gpt-5', '--input', '1', '--output', '1')).stderr).toContain('provider/model');
  expect((await price('set', 'up/m', '--input', '-1', '--output', '1')).exitCode).toBe(2);
  expect((await price('set', 'up/m', '--input', '1')).exitCode).toBe(2);
  expect((await price('remove', 'up/none')).exitCode).toBe(1);
});
