// Guarantee: what was settled is in the store exactly once, through restarts, damage, a full or failing disk and a locked database.
import { afterEach, describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRecord, RECORD_BYTES_MAX, SEGMENT_HEADER } from '../../src/core/journal-record.ts';
import { createLedger, type Ledger, type LedgerSettings } from '../../src/ledger/create-ledger.ts';
import { type JournalIo, journalIo } from '../../src/ledger/journal-io.ts';
import type { StartedMark } from '../../src/ledger/recover.ts';
import { silentLog } from '../../src/lib/log.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { usageEvent } from '../support/usage-events.ts';

const QUICK: Partial<LedgerSettings> = { drainIntervalMs: 5, syncIntervalMs: 5, retryMsMax: 50 };
const open: { dir: string; store: Store; ledgers: Ledger[] }[] = [];

afterEach(async () => {
  for (const { dir, store, ledgers } of open.splice(0)) {
    for (const ledger of ledgers) await ledger.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
});

async function house() {
  const dir = mkdtempSync(join(tmpdir(), 'tollgate-ledger-'));
  const store = await openStore({ path: join(dir, 'tollgate.db'), mode: 'threaded', busyTimeoutMs: 50 });
  const ledgers: Ledger[] = [];
  open.push({ dir, store, ledgers });
  const start = async (settings: Partial<LedgerSettings> = {}, io?: JournalIo) => {
    const all = { ...QUICK, ...settings };
    const ledger = await createLedger({
      dataDir: dir,
      store,
      log: silentLog,
      settings: all,
      ...(io ? { io } : {}),
    });
    ledgers.push(ledger);
    return ledger;
  };
  const rows = () => store.read.selectFrom('usage_events').selectAll().orderBy('id').execute();
  return { dir, store, start, rows, journal: join(dir, 'journal') };
}

function mark(id: string): StartedMark {
  const event = usageEvent({ id, heldNanoUsd: 700, heldTokens: 70 });
  const { timeMs, requestId, userId, keyId, clientSessionId, tags, endpoint, provider, modelAsked } = event;
  const { streamed, heldNanoUsd, heldTokens } = event;
  const who = { id, timeMs, requestId, userId, keyId, clientSessionId, tags };
  return { ...who, endpoint, provider, modelAsked, streamed, heldNanoUsd, heldTokens };
}

describe('the ledger', () => {
  test('stores each settled event once, with its attempts and counters', async () => {
    const { store, start, rows } = await house();
    const ledger = await start();
    const events = Array.from({ length: 250 }, () => usageEvent({ tags: ['team-a'] }));
    for (const event of events) ledger.settle(event);
    await ledger.flush();
    expect((await rows()).map((row) => row.id)).toEqual(events.map((event) => event.id).sort());
    const attempts = await store.read.selectFrom('usage_attempts').select('id').execute();
    expect(attempts.length).toBe(250);
    const all = await store.read
      .selectFrom('usage_days')
      .innerJoin('usage_scopes', 'usage_scopes.id', 'scope_id')
      .selectAll()
      .execute();
    for (const kind of ['all', 'user', 'key', 'model', 'provider', 'tag', 'user_model', 'key_tag']) {
      const row = all.find((each) => each.kind === kind);
      expect([kind, row?.requests, row?.prompt_tokens, row?.cost_nano_usd]).toEqual([
        kind,
        250,
        2500,
        250 * 62_500,
      ]);
    }
    expect(ledger.stats).toMatchObject({ pending: 0, failure: null, uncounted: 0, setAside: 0 });
  });

  test('a repeated id changes neither rows nor counters', async () => {
    const { store, start } = await house();
    const ledger = await start();
    const event = usageEvent();
    ledger.settle(event);
    ledger.settle(event);
    await ledger.flush();
    ledger.settle({ ...event, costNanoUsd: 1 });
    await ledger.flush();
    const totals = await store.read.selectFrom('usage_slots').select(['requests', 'cost_nano_usd']).execute();
    for (const row of totals) expect(row).toEqual({ requests: 1, cost_nano_usd: 62_500 });
  });

  test('a new start drains what the old process left and sweeps begun requests to unknown', async () => {
    const { start, rows, journal } = await house();
    const first = await start();
    const settled = usageEvent();
    first.settle(settled, first.begin(mark(settled.id)));
    first.begin(mark('req_orphan'));
    await first.flush();
    const names = readdirSync(journal).filter((name) => name.endsWith('.log'));
    const left = names.map((name) => [name, readFileSync(join(journal, name))] as const);
    await first.close();
    // What a killed process leaves behind: the same files, never closed in order.
    for (const [name, bytes] of left) writeFileSync(join(journal, name), bytes);
    const second = await start();
    await second.flush();
    expect(second.stats.orphansSwept).toBe(1);
    const byId = new Map((await rows()).map((row) => [row.id, row]));
    expect(byId.size).toBe(2);
    expect(byId.get('req_orphan')).toMatchObject({
      outcome: 'unknown',
      provenance: 'unknown',
      cost_nano_usd: null,
      held_nano_usd: 700,
    });
    expect(byId.get(settled.id)).toMatchObject({ outcome: 'final', prompt_tokens: 10 });
  });

  test('a journal of the release before, with objects for records, is drained and swept', async () => {
    const { start, rows, journal } = await house();
    mkdirSync(journal, { recursive: true });
    const line = Buffer.alloc(RECORD_BYTES_MAX);
    const lineOf = (kind: 'S' | 'E', record: { id: string }) =>
      line.toString('utf8', 0, encodeRecord(line, 0, { kind, id: record.id, json: JSON.stringify(record) }));
    const ended = usageEvent({ tags: ['team-a'] });
    const lines = [lineOf('S', mark(ended.id)), lineOf('S', mark('req_cut')), lineOf('E', ended)];
    writeFileSync(join(journal, '0000000007.log'), SEGMENT_HEADER + lines.join(''));
    const ledger = await start();
    await ledger.flush();
    expect(ledger.stats).toMatchObject({ orphansSwept: 1, setAside: 0, pending: 0 });
    const stored = new Map((await rows()).map((row) => [row.id, row]));
    expect(stored.get(ended.id)).toMatchObject({ outcome: 'final', prompt_tokens: 10, tags: '["team-a"]' });
    expect(stored.get('req_cut')).toMatchObject({ outcome: 'unknown', held_nano_usd: 700 });
  });

  test('torn tails, flipped bytes and foreign files are set aside; the rest is read', async () => {
    const { start, rows, journal } = await house();
    const first = await start();
    const events = [usageEvent(), usageEvent(), usageEvent()];
    for (const event of events) first.settle(event);
    await first.confirmed();
    const name = readdirSync(journal).find((each) => each.endsWith('.log')) ?? '';
    const bytes = readFileSync(join(journal, name));
    await first.flush();
    await first.close();
    const torn = Buffer.concat([bytes, bytes.subarray(20, 220)]);
    torn.write('GPT', bytes.indexOf('gpt', bytes.length / 2));
    writeFileSync(join(journal, '0000000900.log'), torn);
    writeFileSync(join(journal, '0000000901.log'), Buffer.alloc(700_000, 7));
    appendFileSync(join(journal, '0000000902.log'), '');
    const second = await start();
    await second.flush();
    expect((await rows()).length).toBe(3);
    expect(second.stats.setAside).toBeGreaterThanOrEqual(3);
    expect(readdirSync(join(journal, 'set-aside')).sort()).toEqual(['0000000900.log', '0000000901.log']);
  });

  test('a database locked by another process delays rows and loses none', async () => {
    const { store, start, rows } = await house();
    const ledger = await start();
    const { Database } = await import('bun:sqlite');
    const other = new Database(store.path);
    other.run('BEGIN IMMEDIATE');
    for (let i = 0; i < 20; i++) ledger.settle(usageEvent());
    await until(() => ledger.stats.failure !== null);
    expect(ledger.stats.pending).toBe(20);
    other.run('ROLLBACK');
    other.close();
    await ledger.flush();
    expect((await rows()).length).toBe(20);
    expect(ledger.stats.failure).toBeNull();
  });

  test('a full disk holds events in memory, refuses new ones at the bound, and recovers', async () => {
    const { start, rows } = await house();
    let full = false;
    const io: JournalIo = {
      ...journalIo,
      write: (fd, bytes, length) =>
        full ? journalIo.write(fd, bytes, length >> 1) : journalIo.write(fd, bytes, length),
    };
    const ledger = await start({ heldEventsMax: 10, drainIntervalMs: 60_000 }, io);
    ledger.settle(usageEvent());
    await ledger.confirmed();
    full = true;
    for (let i = 0; i < 10; i++) {
      ledger.settle(usageEvent());
      await ledger.confirmed();
    }
    expect(() => ledger.admit(false)).toThrow();
    expect(() => ledger.settle(usageEvent())).toThrow();
    expect(ledger.stats.uncounted).toBe(1);
    full = false;
    ledger.settle(usageEvent());
    ledger.admit(false);
    await ledger.flush();
    expect((await rows()).length).toBe(12);
  });

  test('what memory holds survives a store that refuses while more is held', async () => {
    const { store, start, rows } = await house();
    let full = true;
    const io: JournalIo = {
      ...journalIo,
      write: (fd, bytes, length) => {
        if (full) throw new Error('ENOSPC');
        return journalIo.write(fd, bytes, length);
      },
    };
    const ledger = await start({ heldEventsMax: 10 }, io);
    const { Database } = await import('bun:sqlite');
    const other = new Database(store.path);
    other.run('BEGIN IMMEDIATE');
    // Every few milliseconds, so that some come while the drain waits for the lock with others in its hand.
    for (let i = 0; i < 60; i++) {
      try {
        ledger.settle(usageEvent());
      } catch {
        // Beyond the bound the caller is told; what was taken must stay.
      }
      await Bun.sleep(4);
    }
    const taken = 60 - ledger.stats.uncounted;
    expect(taken).toBeGreaterThan(9);
    full = false;
    other.run('ROLLBACK');
    other.close();
    await ledger.flush();
    expect((await rows()).length).toBe(taken);
  });

  test('at its bound the journal stops growing, and drains free it even when it holds open marks', async () => {
    const { start, rows, journal } = await house();
    const ledger = await start({ segmentBytesMax: 4_096, journalBytesMax: 20_000, drainIntervalMs: 60_000 });
    ledger.begin(mark('req_open'));
    for (let i = 0; i < 40; i++) ledger.settle(usageEvent());
    expect(ledger.stats.journalBytes).toBeLessThanOrEqual(20_000);
    await ledger.flush();
    expect((await rows()).length).toBe(40);
    expect(readdirSync(journal).filter((name) => name.endsWith('.log')).length).toBeLessThanOrEqual(2);
    expect(ledger.stats.openMarks).toBe(1);
  });

  test('a failed sync is final for its file: the records are written again elsewhere', async () => {
    const { start, rows, journal } = await house();
    let failing = true;
    const io: JournalIo = {
      ...journalIo,
      sync: (fd, done) => (failing ? done(new Error('EIO')) : journalIo.sync(fd, done)),
    };
    const ledger = await start({ durability: 'strict', drainIntervalMs: 60_000 }, io);
    ledger.settle(usageEvent());
    const confirmed = ledger.confirmed();
    await until(() => readdirSync(journal).filter((name) => name.endsWith('.log')).length > 1);
    failing = false;
    await confirmed;
    await ledger.flush();
    expect((await rows()).length).toBe(1);
  });

  test('two processes never share one journal', async () => {
    const { start } = await house();
    await start();
    await expect(start()).rejects.toThrow(/another Tollgate/);
  });

  test('a row that can never be stored is set aside and holds up nothing', async () => {
    const { start, rows, journal } = await house();
    mkdirSync(journal, { recursive: true });
    const ledger = await start();
    ledger.settle(usageEvent({ endpoint: null as unknown as string }));
    ledger.settle(usageEvent());
    await ledger.flush();
    expect((await rows()).length).toBe(1);
    expect(readFileSync(join(journal, 'set-aside', 'rejected.ndjson'), 'utf8')).toContain('"endpoint":null');
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await Bun.sleep(5);
  expect(condition()).toBe(true);
}
