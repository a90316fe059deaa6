// Guarantee: what one turn of the event loop appends goes down in one write, in its order; whoever waits hears that it is
// down only once it is; and a write that fails loses nothing that anybody was told is safe.
import { afterEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeLines } from '../../src/core/journal-record.ts';
import type { StartedMark } from '../../src/core/usage-event.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { createLedger, type Ledger, type LedgerSettings } from '../../src/ledger/create-ledger.ts';
import { type JournalIo, journalIo } from '../../src/ledger/journal-io.ts';
import { silentLog } from '../../src/lib/log.ts';
import { openStore } from '../../src/store/open-store.ts';
import { usageEvent } from '../support/usage-events.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Counts writes and syncs, and lets them fail or wait on command. */
function disk() {
  const state = { writes: 0, full: false, halves: false, failSync: false, syncs: 0 };
  let held: (() => void) | null = null;
  const hold = { sync: false, release: () => held?.() };
  const io: JournalIo = {
    ...journalIo,
    write: (fd, bytes, length) => {
      state.writes += 1;
      if (state.full) throw new Error('ENOSPC');
      return journalIo.write(fd, bytes, state.halves ? length >> 1 : length);
    },
    sync: (fd, done) => {
      state.syncs += 1;
      if (state.failSync) setTimeout(() => done(new Error('EIO')), 1);
      else if (hold.sync) held = () => journalIo.sync(fd, done);
      else journalIo.sync(fd, done);
    },
  };
  return { state, hold, io };
}

async function house(settings: Partial<LedgerSettings> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'tollgate-group-'));
  const store = await openStore({ path: join(dir, 'tollgate.db'), mode: 'inline' });
  const { state, hold, io } = disk();
  const all = { drainIntervalMs: 60_000, syncIntervalMs: 5, retryMsMax: 50, ...settings };
  const ledger = await createLedger({ dataDir: dir, store, log: silentLog, settings: all, io });
  endings.push(
    () => rmSync(dir, { recursive: true, force: true }),
    () => store.close(),
    () => ledger.close(),
  );
  const ids = async () =>
    (await store.read.selectFrom('usage_events').select('id').execute()).map(({ id }) => id);
  return { ledger, state, hold, folder: join(dir, 'journal'), ids };
}

function mark(id: string): StartedMark {
  return usageEvent({ id, heldNanoUsd: 700, heldTokens: 70 });
}

/** The kinds and ids in the journal's files, in order; fails on anything else in them. */
function written(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.log'));
  return names.sort().flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    const { records, bad, consumed } = decodeLines(bytes, 0, bytes.length);
    expect([bad, consumed]).toEqual([[], bytes.length]);
    return records.map(({ kind, idStart, idEnd }) => `${kind} ${bytes.toString('latin1', idStart, idEnd)}`);
  });
}

async function codeOf(promise: Promise<void> | null): Promise<string> {
  try {
    await promise;
    return promise ? 'resolved' : 'nothing pending';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

function settleMany(ledger: Ledger, count: number): string[] {
  return Array.from({ length: count }, () => {
    const event = usageEvent();
    ledger.settle(event);
    return event.id;
  });
}

describe('a turn of the event loop', () => {
  test('is one write, in the order of the calls, and one promise for all who wait', async () => {
    const { ledger, state, folder } = await house();
    expect(ledger.confirmed()).toBeNull();
    const begun = ledger.begin(mark('req_a'), true);
    const first = ledger.confirmed();
    ledger.begin(mark('req_b'));
    ledger.settle(usageEvent({ id: 'req_a' }), begun);
    ledger.settle(usageEvent({ id: 'req_c' }));
    expect(ledger.confirmed()).toBe(first);
    const before = state.writes;
    expect(written(folder)).toEqual([]);
    expect(await codeOf(first)).toBe('resolved');
    expect(state.writes - before).toBe(1);
    expect(written(folder)).toEqual(['S req_a', 'S req_b', 'E req_a', 'E req_c']);
    expect(ledger.confirmed()).toBeNull();
    expect(ledger.stats.openMarks).toBe(1);
  });

  test('that brings more than the buffer holds loses nothing', async () => {
    const { ledger, folder, ids } = await house();
    const settled = settleMany(ledger, 1_500);
    await ledger.confirmed();
    expect(written(folder)).toEqual(settled.map((id) => `E ${id}`));
    await ledger.flush();
    expect((await ids()).sort()).toEqual(settled.sort());
  });

  test('goes over the end of a segment in order', async () => {
    const { ledger, folder } = await house({ segmentBytesMax: 2_000 });
    const settled = settleMany(ledger, 20);
    await ledger.confirmed();
    expect(readdirSync(folder).filter((name) => name.endsWith('.log')).length).toBeGreaterThan(3);
    expect(written(folder)).toEqual(settled.map((id) => `E ${id}`));
  });

  test('that is still to be written is written by a close', async () => {
    const { ledger, ids } = await house();
    const settled = settleMany(ledger, 3);
    await ledger.close();
    expect((await ids()).sort()).toEqual(settled.sort());
  });

  test('counts against the bound before it is written', async () => {
    const { ledger, state } = await house({ journalBytesMax: 3_000, heldEventsMax: 100 });
    settleMany(ledger, 20);
    expect(state.writes).toBeLessThan(2);
    expect(ledger.stats.failure).toMatch(/its bound is 3000/);
    await ledger.confirmed();
    expect(ledger.stats.journalBytes).toBeLessThanOrEqual(3_000);
  });
});

describe('a turn whose write fails', () => {
  test('leaves no half of it behind, and memory keeps its events', async () => {
    const { ledger, state, folder, ids } = await house();
    const before = settleMany(ledger, 2);
    await ledger.confirmed();
    state.halves = true;
    const during = settleMany(ledger, 5);
    expect(await codeOf(ledger.confirmed())).toBe('resolved');
    expect(written(folder)).toEqual(before.map((id) => `E ${id}`));
    expect(ledger.stats.failure).toMatch(/takes no more/);
    state.halves = false;
    const after = settleMany(ledger, 2);
    await ledger.confirmed();
    expect(ledger.stats.failure).toBeNull();
    await ledger.flush();
    expect((await ids()).sort()).toEqual([...before, ...during, ...after].sort());
    expect(ledger.stats).toMatchObject({ pending: 0, uncounted: 0 });
  });

  test('fails a budgeted request for its mark, and no other', async () => {
    const { ledger, state } = await house();
    settleMany(ledger, 1);
    await ledger.confirmed();
    state.full = true;
    ledger.begin(mark('req_stream'));
    expect(await codeOf(ledger.confirmed())).toBe('resolved');
    state.full = false;
    settleMany(ledger, 1);
    await ledger.confirmed();
    state.full = true;
    ledger.begin(mark('req_budgeted'), true);
    expect(await codeOf(ledger.confirmed())).toBe('store_unavailable');
    expect(ledger.stats.openMarks).toBe(0);
    // From now on it is known, and told at once.
    expect(() => ledger.begin(mark('req_next'), true)).toThrow(AppError);
    expect(ledger.stats.openMarks).toBe(0);
    expect(ledger.confirmed()).toBeNull();
  });

  test('tells an event that memory keeps from a mark of the same turn that is lost', async () => {
    const { ledger, state, ids } = await house();
    const [kept] = settleMany(ledger, 1);
    await ledger.confirmed();
    state.full = true;
    const event = usageEvent();
    const settled = ledger.settle(event);
    ledger.begin(mark('req_budgeted'), true);
    expect(await codeOf(ledger.confirmed())).toBe('store_unavailable');
    expect(settled.mayEnd).toBe(true);
    state.full = false;
    await ledger.flush();
    expect((await ids()).sort()).toEqual([kept as string, event.id].sort());
  });

  for (const [whenFull, outcome] of [
    ['refuse', 'store_unavailable'],
    ['serve_uncounted', 'resolved'],
  ] as const) {
    test(`and whose events memory cannot take either: ${whenFull}`, async () => {
      const { ledger, state, ids } = await house({ heldEventsMax: 3, whenFull });
      const kept = settleMany(ledger, 1);
      await ledger.confirmed();
      state.full = true;
      const events = Array.from({ length: 5 }, () => usageEvent());
      const turn = events.map(({ id }) => id);
      const settled = events.map((event) => ledger.settle(event));
      expect(await codeOf(ledger.confirmed())).toBe(outcome);
      expect(ledger.stats.uncounted).toBe(2);
      const lostMayEnd = whenFull === 'serve_uncounted';
      expect(settled.map(({ mayEnd }) => mayEnd)).toEqual([true, true, true, lostMayEnd, lostMayEnd]);
      state.full = false;
      await ledger.flush();
      expect((await ids()).sort()).toEqual([...kept, ...turn.slice(0, 3)].sort());
      expect(ledger.stats.pending).toBe(0);
    });
  }

  test('is no unhandled rejection when nobody waits, in either mode', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    for (const durability of ['grouped', 'strict'] as const) {
      const { ledger, state } = await house({ durability });
      settleMany(ledger, 1);
      await ledger.confirmed();
      state.full = true;
      ledger.begin(mark('req_x'), true);
      void ledger.confirmed();
      await Bun.sleep(20);
      state.full = false;
    }
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('keeps the marks of requests that went upstream before', async () => {
    const { ledger, state, folder } = await house({ segmentBytesMax: 1_500 });
    ledger.begin(mark('req_long'), true);
    await ledger.confirmed();
    settleMany(ledger, 10);
    await ledger.confirmed();
    state.full = true;
    await ledger.flush();
    expect(ledger.stats.openMarks).toBe(1);
    state.full = false;
    settleMany(ledger, 10);
    await ledger.flush();
    expect(written(folder)).toContain('S req_long');
  });
});

describe('strict mode', () => {
  test('waits for the disk, not only for the write', async () => {
    const { ledger, state, hold, folder } = await house({ durability: 'strict' });
    hold.sync = true;
    const settled = settleMany(ledger, 3);
    let done = false;
    const confirmed = ledger.confirmed();
    expect(ledger.confirmed()).toBe(confirmed);
    const waited = confirmed?.then(() => {
      done = true;
    });
    await Bun.sleep(30);
    expect(written(folder).length).toBe(settled.length);
    expect([done, state.syncs]).toEqual([false, 1]);
    hold.sync = false;
    hold.release();
    await waited;
    expect(done).toBe(true);
  });

  test('says nothing is pending when everything is on disk', async () => {
    const { ledger, state } = await house({ durability: 'strict' });
    settleMany(ledger, 3);
    expect(await codeOf(ledger.confirmed())).toBe('resolved');
    expect(state.syncs).toBe(1);
    expect(ledger.confirmed()).toBeNull();
  });
});

test('a failed sync takes what waits to be written to the new file as well', async () => {
  const { ledger, state, folder, ids } = await house({ syncIntervalMs: 1 });
  state.failSync = true;
  const settled = settleMany(ledger, 2);
  await ledger.confirmed();
  // Appended in the very turn in which the sync fails.
  while (state.syncs === 0) await Bun.sleep(0);
  for (let i = 0; i < 200 && readdirSync(folder).filter((name) => name.endsWith('.log')).length < 2; i++) {
    settled.push(...settleMany(ledger, 1));
    expect(await codeOf(ledger.confirmed())).toMatch(/resolved|nothing pending/);
  }
  state.failSync = false;
  settled.push(...settleMany(ledger, 2));
  await ledger.flush();
  expect((await ids()).sort()).toEqual(settled.sort());
});

test('a failed sync has all that it did not confirm written again, word for word: ends and open marks alike', async () => {
  const { ledger, state, folder, ids } = await house({ syncIntervalMs: 1 });
  const logs = () => readdirSync(folder).filter((name) => name.endsWith('.log'));
  state.failSync = true;
  ledger.begin(mark('req_open'), true);
  const ended = ledger.begin(mark('req_ended'), true);
  ledger.settle(usageEvent({ id: 'req_ended', modelAsked: 'größe/模型 “4o”' }), ended);
  await ledger.confirmed();
  ledger.settle(usageEvent({ id: 'req_later' }));
  await ledger.confirmed();
  while (logs().length < 2) await Bun.sleep(1);
  state.failSync = false;
  await Bun.sleep(300);
  const [first = '', second = ''] = logs()
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const records = (text: string) => text.split('\n').slice(1, -1);
  expect(records(first).map((line) => line.slice(9, 19))).toContain('S req_open');
  expect(records(second).slice(0, 3)).toEqual(records(first).slice(0, 3));
  expect(written(folder).filter((record) => record === 'E req_later').length).toBeGreaterThan(0);
  expect(ledger.stats.openMarks).toBe(1);
  await ledger.flush();
  expect((await ids()).sort()).toEqual(['req_ended', 'req_later']);
});

test('what cannot be written again after a failed sync is kept in memory until it is stored', async () => {
  const { ledger, state, ids } = await house({ syncIntervalMs: 20 });
  const settled = settleMany(ledger, 3);
  await ledger.confirmed();
  state.failSync = true;
  state.full = true;
  while (ledger.stats.failure === null) await Bun.sleep(1);
  expect(ledger.stats.uncounted).toBe(0);
  await ledger.flush();
  expect((await ids()).sort()).toEqual(settled.sort());
});
