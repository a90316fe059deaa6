// Guarantee: rows gather for a while and go into the store together, also while more of them keep coming; whoever waits for
// what there was is not kept waiting by what comes after it.
import { afterEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LEDGER_DEFAULTS } from '../../src/ledger/create-ledger.ts';
import { Drain } from '../../src/ledger/drain.ts';
import { Journal } from '../../src/ledger/journal.ts';
import { SetAside } from '../../src/ledger/set-aside.ts';
import { silentLog } from '../../src/lib/log.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A journal that gets another record whenever one is stored, and what was stored at once. */
function steadyTraffic(drainIntervalMs: number) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-drain-'));
  folders.push(folder);
  const settings = { ...LEDGER_DEFAULTS, drainIntervalMs };
  const journal = new Journal({ folder, settings, log: silentLog, revive: (record) => record });
  const batches: number[] = [];
  const settle = () => {
    journal.append({ kind: 'E', id: 'req_1', json: '[]' });
    journal.flush();
  };
  const drain = new Drain({
    journal,
    settings,
    insertJournal: async ({ offset, end }) => {
      batches.push(end - offset);
      settle();
      await Bun.sleep(1);
      return { consumed: end - offset, events: 1, inserted: 1, rejected: [], bad: [] };
    },
    insert: () => Promise.reject(new Error('nothing is held')),
    setAside: new SetAside(folder, silentLog),
    log: silentLog,
    beforeRemove: () => {},
  });
  return { drain, settle, batches };
}

test('steady traffic is stored once an interval', async () => {
  const { drain, settle, batches } = steadyTraffic(100);
  settle();
  drain.wake();
  await Bun.sleep(470);
  await drain.stop();
  expect(batches.length).toBeGreaterThanOrEqual(3);
  expect(batches.length).toBeLessThanOrEqual(5);
});

test('who waits for what there was is told when that is stored', async () => {
  const { drain, settle, batches } = steadyTraffic(60_000);
  settle();
  await drain.flush();
  expect(batches.length).toBe(1);
  await drain.flush();
  expect(batches.length).toBe(2);
  await drain.stop();
});
