// Guarantee (faults.md D0): whichever of the journal's file calls fails, every event settled without an error is stored
// exactly once, and the counters equal the rows.
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLedger } from '../../src/ledger/create-ledger.ts';
import { type JournalIo, journalIo } from '../../src/ledger/journal-io.ts';
import { silentLog } from '../../src/lib/log.ts';
import { openStore } from '../../src/store/open-store.ts';
import { verifyUsage } from '../../src/store/usage-verify.ts';
import { usageEvent } from '../support/usage-events.ts';

setDefaultTimeout(60_000);

const SETTINGS = { drainIntervalMs: 2, syncIntervalMs: 1, retryMsMax: 20, segmentBytesMax: 8_192 };
const EVENTS = 40;

type Call = keyof JournalIo;

/** Lets the N-th call of one kind fail, and after it every one until `heal`. */
function failing(call: Call, nth: number, stays: boolean): { io: JournalIo; heal: () => void } {
  let count = 0;
  let healed = false;
  const fails = () => {
    count += 1;
    return !healed && (stays ? count >= nth : count === nth);
  };
  const error = () => new Error(`EIO: ${call}`);
  const io: JournalIo = {
    ...journalIo,
    [call]: (...args: never[]) => {
      if (!fails()) return (journalIo[call] as (...args: never[]) => unknown)(...args);
      if (call !== 'sync') throw error();
      const done = args[1] as unknown as (error: Error) => void;
      setTimeout(() => done(error()), 1);
    },
  };
  return {
    io,
    heal: () => {
      healed = true;
    },
  };
}

async function scriptedDay(call: Call, nth: number, stays: boolean): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tollgate-calls-'));
  const store = await openStore({ path: join(dir, 'tollgate.db'), mode: 'inline' });
  const { io, heal } = failing(call, nth, stays);
  const settled: string[] = [];
  const day = async (count: number) => {
    const ledger = await createLedger({ dataDir: dir, store, log: silentLog, settings: SETTINGS, io });
    for (let at = 0; at < count; at++) {
      const event = usageEvent();
      const { attempts: _, usage: _u, ...mark } = event;
      ledger.settle(event, at % 3 === 0 ? ledger.begin({ ...mark }) : null);
      settled.push(event.id);
      if (at % 10 === 9) await Bun.sleep(3);
    }
    if (stays) await Bun.sleep(10);
    heal();
    await ledger.flush();
    await ledger.close();
  };
  await day(EVENTS);
  await day(5);
  const rows = await store.read.selectFrom('usage_events').select('id').execute();
  expect([call, nth, rows.map(({ id }) => id).sort()]).toEqual([call, nth, settled.sort()]);
  expect(await verifyUsage(store.read)).toEqual([]);
  await store.close();
  rmSync(dir, { recursive: true, force: true });
}

describe('every event is stored once', () => {
  for (const [call, most] of [
    ['open', 4],
    ['write', 24],
    ['sync', 4],
    ['unlink', 3],
    ['truncate', 1],
  ] as const) {
    test(`when one ${call} fails, or all from it on`, async () => {
      for (let nth = 1; nth <= most; nth++) {
        await scriptedDay(call, nth, false);
        if (call !== 'unlink') await scriptedDay(call, nth, true);
      }
    });
  }
});
