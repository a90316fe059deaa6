// Guarantee: a restart neither forgets a quarantine nor asks a limited key before its time; resting keys are asked at no
// cost whether they work again, and only where an answer proves something.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPool } from '../../src/jobs/keep-pool.ts';
import { silentLog } from '../../src/lib/log.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { createPool } from '../../src/upstream/pool/create-pool.ts';
import type { Pool } from '../../src/upstream/pool/pool.ts';
import { discoverProviders } from '../../src/upstream/providers/discover.ts';
import { recheckCredentials } from '../../src/upstream/recheck-credentials.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { jsonAnswer, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';

let folder = '';
let store: Store;
let upstream: ScriptedUpstream;
let accepts = true;

beforeAll(async () => {
  upstream = await startScriptedUpstream(() =>
    accepts ? jsonAnswer({ data: [] }) : jsonAnswer({ error: { message: 'no' } }, 401),
  );
});
afterAll(() => upstream.stop());
beforeEach(async () => {
  accepts = true;
  folder = mkdtempSync(join(tmpdir(), 'tollgate-pool-'));
  store = await openStore({ path: join(folder, 'tollgate.db'), mode: 'inline' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function poolAt(clock: ManualClock): Pool {
  const env = { OPENAI_API_BASE: `${upstream.url}/v1`, OPENAI_API_KEY: 'sk-canary-pool-0123456789' };
  return createPool({ ...discoverProviders(env), clock });
}

function fail(
  pool: Pool,
  model: string,
  failure: 'authentication' | 'rate_limit' | 'connection',
  retryAfterMs: number | null = null,
): void {
  const acquired = pool.acquire({ provider: 'openai', model });
  if (acquired.kind !== 'lease') throw new Error(acquired.kind);
  acquired.lease.release({ kind: 'failure', failure, retryAfterMs });
}

function waitOf(pool: Pool, model: string): number | string {
  const acquired = pool.acquire({ provider: 'openai', model });
  if (acquired.kind === 'lease') acquired.lease.release({ kind: 'neutral' });
  return acquired.kind === 'cooling' ? acquired.waitMs : acquired.kind;
}

async function restarted(before: Pool, clock: ManualClock, downMs: number): Promise<Pool> {
  const keeper = keepPool({ pool: before, store, clock, log: silentLog });
  await keeper.stop();
  clock.advance(downMs);
  const after = poolAt(clock);
  const next = keepPool({ pool: after, store, clock, log: silentLog });
  await next.restore();
  await next.stop();
  return after;
}

test('a rest and a quarantine outlast a restart, shortened by the time it took', async () => {
  const clock = new ManualClock();
  const limited = poolAt(clock);
  fail(limited, 'm', 'rate_limit', 200_000);
  const after = await restarted(limited, clock, 50_000);
  expect(waitOf(after, 'm')).toBe(150_000);
  expect(waitOf(after, 'other')).toBe('lease');
  fail(after, 'other', 'authentication');
  const again = await restarted(after, clock, 100_000);
  expect(waitOf(again, 'third')).toBe(200_000);
  clock.advance(200_000);
  fail(again, 'third', 'authentication');
  expect(waitOf(again, 'third')).toBe(600_000);
});

test('figures outlast it too, and no secret is written', async () => {
  const clock = new ManualClock();
  const pool = poolAt(clock);
  const acquired = pool.acquire({ provider: 'openai', model: 'm' });
  if (acquired.kind !== 'lease') throw new Error(acquired.kind);
  acquired.lease.release({ kind: 'success' });
  const after = await restarted(pool, clock, 1_000);
  expect(after.pools()[0]?.states[0]?.tally).toMatchObject({ requests: 1, successes: 1 });
  expect(readFileSync(join(folder, 'tollgate.db')).includes('sk-canary')).toBe(false);
});

test('a quarantined key that works again is let in at once, one that does not stays out for longer', async () => {
  const clock = new ManualClock();
  const pool = poolAt(clock);
  fail(pool, 'm', 'authentication');
  accepts = false;
  expect(await recheckCredentials({ pool, clock })).toMatchObject({ checked: 0 });
  clock.advance(60_000);
  expect(await recheckCredentials({ pool, clock })).toMatchObject({ checked: 1, recovered: 0 });
  expect(waitOf(pool, 'm')).toBe(600_000);
  accepts = true;
  clock.advance(60_000);
  expect(await recheckCredentials({ pool, clock })).toMatchObject({ checked: 0 });
  clock.advance(60_000);
  expect(await recheckCredentials({ pool, clock })).toMatchObject({ checked: 1, recovered: 1 });
  expect(waitOf(pool, 'm')).toBe('lease');
  for (const request of upstream.requests) expect(request.method).toBe('GET');
});

test('a list of models says nothing about a rate limit: such a key is not even asked', async () => {
  const clock = new ManualClock();
  const pool = poolAt(clock);
  fail(pool, 'm', 'rate_limit', 60_000);
  expect(await recheckCredentials({ pool, clock })).toMatchObject({ checked: 0 });
  expect(waitOf(pool, 'm')).toBe(60_000);
});
