// Guarantee (faults.md D1, D2, D3): while the database is locked, read-only or full, traffic goes on, the journal fills, and
// every event arrives exactly once when it is over. A full disk takes both away: then memory holds, and nothing is lost.

import { Database } from 'bun:sqlite';
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createLedger } from '../../src/ledger/create-ledger.ts';
import { silentLog } from '../../src/lib/log.ts';
import { openStore } from '../../src/store/open-store.ts';
import { verifyUsage } from '../../src/store/usage-verify.ts';
import {
  chatCompletion,
  chatStream,
  jsonAnswer,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startServerProcess } from '../support/server-process.ts';
import { fillDisk, mayMount, mountSmallDisk, unmount } from '../support/small-disk.ts';
import { runTollgate } from '../support/spawn-tollgate.ts';
import { usageEvent } from '../support/usage-events.ts';

setDefaultTimeout(90_000);

const LOCK_MS = 10_000;
/** Generous on a busy machine, and still far below what waiting for the lock would take. */
const ANSWER_MS_MAX = 3_000;

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** `budget` in dollars binds the key's owner. */
async function serverHouse(
  workDir: string,
  dataDir: string,
  { budget, ...environment }: Record<string, string> = {},
) {
  const upstream = await startScriptedUpstream((request) =>
    request.json?.stream === true ? streamAnswer(chatStream(['a', 'b'])) : jsonAnswer(chatCompletion('ok')),
  );
  endings.push(() => upstream.stop());
  const run = (command: string) => runTollgate(workDir, [...command.split(' '), '--data', dataDir]);
  await run('user create ann --role user');
  const key = (await run('key create --user ann --name k')).stdout.trim();
  if (budget) await run(`limit set --user ann --budget ${budget} --per forever`);
  const server = await startServerProcess({
    dataDir,
    workDir,
    environment: { OPENAI_API_KEY: 'sk-x', OPENAI_API_BASE: `${upstream.url}/v1`, ...environment },
  });
  endings.push(() => server.kill());
  return { server, key, upstream, verify: () => run('verify') };
}

/** One whole answer; its status and how long it took. */
async function ask(url: string, key: string, stream: boolean): Promise<{ status: number; tookMs: number }> {
  const startedMs = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'openai/gpt-5', stream, messages: [{ role: 'user', content: 'hi' }] }),
  });
  await response.text();
  return { status: response.status, tookMs: performance.now() - startedMs };
}

function countEvents(dataDir: string): { rows: number; ids: number } {
  const db = new Database(join(dataDir, 'tollgate.db'), { readonly: true });
  const row = db.query('SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM usage_events').get();
  db.close();
  return row as { rows: number; ids: number };
}

async function untilRows(dataDir: string, rows: number): Promise<void> {
  for (let i = 0; i < 400 && countEvents(dataDir).rows < rows; i++) await Bun.sleep(50);
}

describe('the database is away', () => {
  test(`D1: locked by another process for ${LOCK_MS / 1000} s: traffic goes on, all events arrive once`, async () => {
    const workDir = mkdtempSync(join(tmpdir(), 'tollgate-locked-'));
    endings.push(() => rmSync(workDir, { recursive: true, force: true }));
    const dataDir = join(workDir, 'data');
    const { server, key, verify } = await serverHouse(workDir, dataDir, { SQLITE_BUSY_TIMEOUT_MS: '1000' });
    await ask(server.url, key, false);
    await untilRows(dataDir, 1);
    const other = new Database(join(dataDir, 'tollgate.db'));
    other.run('BEGIN IMMEDIATE');
    const answers: { status: number; tookMs: number }[] = [];
    for (const until = performance.now() + LOCK_MS; performance.now() < until; ) {
      answers.push(...(await Promise.all([ask(server.url, key, false), ask(server.url, key, true)])));
      await Bun.sleep(20);
    }
    expect(countEvents(dataDir).rows).toBe(1);
    const readiness = await fetch(`${server.url}/health/ready`);
    expect(readiness.status).toBe(503);
    other.run('ROLLBACK');
    other.close();
    expect(answers.length).toBeGreaterThan(50);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThan(ANSWER_MS_MAX);
    await untilRows(dataDir, answers.length + 1);
    expect(await server.end()).toBe(0);
    expect(countEvents(dataDir)).toEqual({ rows: answers.length + 1, ids: answers.length + 1 });
    expect((await verify()).exitCode).toBe(0);
  });

  for (const [name, away, back] of [
    ['D3: read-only', 'PRAGMA query_only = ON', 'PRAGMA query_only = OFF'],
    ['D2: full', 'PRAGMA max_page_count = 1', 'PRAGMA max_page_count = 1000000'],
  ] as const) {
    test(`${name}: the journal fills, and all events arrive once when it is over`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'tollgate-away-'));
      endings.push(() => rmSync(dir, { recursive: true, force: true }));
      const store = await openStore({ path: join(dir, 'tollgate.db'), mode: 'threaded' });
      const ledger = await createLedger({
        dataDir: dir,
        store,
        log: silentLog,
        settings: { drainIntervalMs: 5, retryMsMax: 50 },
      });
      endings.push(async () => {
        await ledger.close();
        await store.close();
      });
      await sql.raw(away).execute(store.write);
      const events = Array.from({ length: 500 }, () => usageEvent({ errorMessage: 'x'.repeat(400) }));
      for (const event of events) {
        ledger.admit(true);
        ledger.settle(event);
      }
      for (let i = 0; i < 400 && ledger.stats.failure === null; i++) await Bun.sleep(5);
      expect(ledger.stats.failure).toMatch(/readonly|full/);
      expect(ledger.stats.journalBytes).toBeGreaterThan(500 * 400);
      await sql.raw(back).execute(store.write);
      await ledger.flush();
      const rows = await store.read.selectFrom('usage_events').select('id').execute();
      expect(rows.map(({ id }) => id).sort()).toEqual(events.map(({ id }) => id).sort());
      expect(await verifyUsage(store.read)).toEqual([]);
      expect(ledger.stats).toMatchObject({ pending: 0, uncounted: 0, setAside: 0, failure: null });
    });
  }

  test.skipIf(!mayMount)(
    'D2: a full disk under journal and database: memory holds, then callers are refused, and nothing is lost',
    async () => {
      const disk = mountSmallDisk();
      endings.push(() => unmount(disk));
      const workDir = mkdtempSync(join(tmpdir(), 'tollgate-full-'));
      endings.push(() => rmSync(workDir, { recursive: true, force: true }));
      const dataDir = join(disk, 'data');
      mkdirSync(dataDir);
      const { server, key, verify } = await serverHouse(workDir, dataDir, { SQLITE_BUSY_TIMEOUT_MS: '500' });
      expect((await ask(server.url, key, false)).status).toBe(200);
      await untilRows(dataDir, 1);
      fillDisk(join(disk, 'ballast'));
      let served = 1;
      for (let i = 0; i < 300; i++) {
        const { status } = await ask(server.url, key, i % 2 === 0);
        if (status === 200) served += 1;
      }
      expect(served).toBe(301);
      expect((await fetch(`${server.url}/health/ready`)).status).toBe(503);
      rmSync(join(disk, 'ballast'));
      await untilRows(dataDir, served);
      expect(await server.end()).toBe(0);
      expect(countEvents(dataDir)).toEqual({ rows: served, ids: served });
      expect((await verify()).exitCode).toBe(0);
    },
  );
  test.skipIf(!mayMount)(
    'D2: a full disk: a request under a budget reaches no provider without its mark, and nothing stays reserved',
    async () => {
      const disk = mountSmallDisk();
      endings.push(() => unmount(disk));
      const workDir = mkdtempSync(join(tmpdir(), 'tollgate-budget-full-'));
      endings.push(() => rmSync(workDir, { recursive: true, force: true }));
      const dataDir = join(disk, 'data');
      mkdirSync(dataDir);
      const { server, key, upstream } = await serverHouse(workDir, dataDir, {
        SQLITE_BUSY_TIMEOUT_MS: '500',
        budget: '5000',
      });
      expect((await ask(server.url, key, false)).status).toBe(200);
      await untilRows(dataDir, 1);
      fillDisk(join(disk, 'ballast'));
      // At once, so that marks are the first that do not fit into what is left of the journal's last page.
      const volley = Array.from({ length: 60 }, (_, at) => ask(server.url, key, at % 2 === 0));
      const statuses = (await Promise.all(volley)).map(({ status }) => status);
      const served = statuses.filter((status) => status === 200).length;
      expect(statuses.filter((status) => status === 503).length).toBe(60 - served);
      expect(served).toBeLessThan(60);
      expect(upstream.requests.length).toBe(1 + served);
      rmSync(join(disk, 'ballast'));
      await untilRows(dataDir, 1 + served);
      expect((await ask(server.url, key, true)).status).toBe(200);
      const me = await fetch(`${server.url}/v1/usage/me`, { headers: { 'x-api-key': key } });
      const { limits } = (await me.json()) as { limits: { reserved: number }[] };
      expect(limits.map(({ reserved }) => reserved)).toEqual([0]);
      expect(await server.end()).toBe(0);
      expect(countEvents(dataDir)).toEqual({ rows: served + 2, ids: served + 2 });
    },
  );
  if (!mayMount)
    console.log('skipped: a full disk needs the right to mount a small tmpfs; D2 above runs everywhere');
});
