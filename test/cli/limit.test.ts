// Guarantee: limits are managed from the command line by itself, and wrong usage says what would be right.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LimitOptions, readLimitOptions } from '../../src/cli/limit-options.ts';
import { runTollgate } from '../support/spawn-tollgate.ts';

let workDir = '';
const run = (...args: string[]) => runTollgate(workDir, [...args, '--data', join(workDir, 'data')]);
beforeAll(async () => {
  workDir = mkdtempSync(join(tmpdir(), 'tollgate-limit-'));
  expect((await run('user', 'create', 'ann')).exitCode).toBe(0);
}, 30_000);
afterAll(() => rmSync(workDir, { recursive: true, force: true }));

test('set, list, raise, remove, report', async () => {
  const set = await run(
    ...['limit', 'set', '--user', 'ann', '--budget', '2.50', '--per', 'day', '--concurrent', '3'],
  );
  expect(set.exitCode).toBe(0);
  const [, budget = ''] = /^(lim_\w+) {2}daily budget: \$2\.50$/m.exec(set.stdout) ?? [];
  const [, slots = ''] = /^(lim_\w+) {2}requests at once: 3 requests$/m.exec(set.stdout) ?? [];
  expect((await run('limit', 'raise', budget, '--to', '5', '--for', '7d')).stderr).toContain(
    'Raised to $5.00',
  );
  const list = await run('limit', 'list', '--user', 'ann');
  expect(list.stdout).toMatch(/daily budget +\$5\.00 \(raised\) +\$0\.00/);
  expect(list.stdout).toMatch(/requests at once +3 requests/);
  expect((await run('limit', 'list', '--house')).stdout.trim().split('\n').length).toBe(1);
  expect((await run('limit', 'remove', slots)).exitCode).toBe(0);
  const gone = await run('limit', 'remove', slots);
  expect([gone.exitCode, gone.stderr]).toEqual([1, 'tollgate: Limit not found\n']);
  expect((await run('limit', 'report', '--month', '2026-11')).stdout).toContain('HIGHEST');
}, 30_000);

test('wrong usage exits with 2 and says what would be right', async () => {
  const { exitCode, stderr } = await run('limit', 'set', '--concurrent', '1');
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--user NAME, --key ID or --house')]);
  const cases: [options: LimitOptions, says: RegExp][] = [
    [{ house: true }, /say what to limit/],
    [{ house: true, budget: '1e3', per: 'day' }, /amount of dollars such as 25/],
    [{ house: true, budget: '1' }, /--per day, week, month or forever/],
    [{ house: true, concurrent: '1', per: 'day' }, /--per belongs to/],
    [{ house: true, requestsPerMinute: '1.5' }, /--requests-per-minute is a whole number/],
    [{ house: true, budget: '1', per: 'day', warn: 'soon' }, /--warn is a whole number/],
  ];
  for (const [options, says] of cases) expect(() => readLimitOptions(options)).toThrow(says);
}, 30_000);
