// Guarantee: the ledger's commands keep stdout for results and stderr for the rest, and their exit status can be trusted.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openStore } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { runTollgate } from '../support/spawn-tollgate.ts';
import { usageEvent } from '../support/usage-events.ts';

setDefaultTimeout(60_000);

const DAY = 86_400_000;
let workDir: string;
let dataDir: string;

async function run(...args: string[]) {
  return runTollgate(workDir, [...args, '--data', dataDir]);
}

async function inStore(
  act: (store: Awaited<ReturnType<typeof openStore>>) => Promise<unknown>,
): Promise<void> {
  const store = await openStore({ path: join(dataDir, 'tollgate.db'), mode: 'inline' });
  await act(store);
  await store.close();
}

beforeAll(async () => {
  workDir = mkdtempSync(join(tmpdir(), 'tollgate-usage-cli-'));
  dataDir = join(workDir, 'data');
  mkdirSync(dataDir);
  const now = Date.now();
  const events = Array.from({ length: 1_200 }, (_, at) =>
    usageEvent({
      timeMs: now - at * (DAY / 20),
      provider: at % 2 === 0 ? 'openai' : 'groq',
      modelServed: '=cmd()',
    }),
  );
  await inStore((store) => insertUsageEvents(store, events));
});

afterAll(() => rmSync(workDir, { recursive: true, force: true }));

test('export: rows on stdout, progress on stderr, filters, formulas made harmless', async () => {
  const all = await run('usage', 'export', '--format', 'csv');
  expect([all.exitCode, all.stdout.trimEnd().split('\n').length]).toEqual([0, 1_201]);
  expect(all.stdout.split('\n')[1]).toContain(`,'=cmd(),`);
  expect(all.stderr).toContain('100% 1200/1200');
  const some = await run('usage', 'export', '--format', 'ndjson', '--provider', 'groq');
  const rows = some.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.length).toBe(600);
  expect(new Set(rows.map((row) => row.provider))).toEqual(new Set(['groq']));
});

test('export: wrong usage is status 2 and says what is right', async () => {
  const format = await run('usage', 'export', '--format', 'xml');
  expect([format.exitCode, format.stdout]).toEqual([2, '']);
  const since = await run('usage', 'export', '--since', 'yesterday');
  expect(since.exitCode).toBe(2);
  expect(since.stderr).toContain('--since');
  expect((await run('usage', 'export', '--user', 'nobody')).exitCode).toBe(1);
});

test('prune: deletes what is older, keeps the totals; verify agrees before and after', async () => {
  expect(await run('verify')).toMatchObject({ exitCode: 0, stdout: 'ok: every counter equals its rows\n' });
  const pruned = await run('usage', 'prune', '--days', '10');
  expect(pruned.exitCode).toBe(0);
  const deleted = Number(/^deleted (\d+)$/m.exec(pruned.stdout)?.[1]);
  expect(deleted).toBeGreaterThan(900);
  expect((await run('usage', 'export')).stdout.trimEnd().split('\n').length).toBe(1_201 - deleted);
  expect((await run('verify')).exitCode).toBe(0);
  expect((await run('usage', 'prune', '--days', '0')).exitCode).toBe(2);
});

test('verify: names each difference and ends with status 1', async () => {
  await inStore((store) => sql`UPDATE usage_days SET requests = requests + 1`.execute(store.write));
  const { exitCode, stdout, stderr } = await run('verify');
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/usage_days, provider 'groq', .*: requests is \d+, the rows say \d+/);
  expect(stderr).toContain('differences');
});
