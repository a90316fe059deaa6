// Guarantee: the database's thread stores every whole record of a stretch of the journal once, names every byte that is no
// record, and never moves past what was not completely written.
import { afterEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRecord, RECORD_BYTES_MAX, SEGMENT_HEADER } from '../../src/core/journal-record.ts';
import type { UsageEvent } from '../../src/core/usage-event.ts';
import { encodeUsageEvent } from '../../src/core/usage-record.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { insertUsageJournal, type StretchReport } from '../../src/store/usage-events.ts';
import { verifyUsage } from '../../src/store/usage-verify.ts';
import { usageEvent } from '../support/usage-events.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const scratch = Buffer.alloc(RECORD_BYTES_MAX);
function line(json: string, id = 'req_x', kind: 'S' | 'E' = 'E'): Buffer {
  return Buffer.from(scratch.subarray(0, encodeRecord(scratch, 0, { kind, id, json })));
}

function lineOf(event: UsageEvent): Buffer {
  return line(encodeUsageEvent(event), event.id);
}

for (const mode of ['inline', 'threaded'] as const) {
  const house = async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tollgate-stretch-'));
    const store = await openStore({ path: join(dir, 'tollgate.db'), mode });
    endings.push(
      () => rmSync(dir, { recursive: true, force: true }),
      () => store.close(),
    );
    const file = join(dir, 'journal.log');
    const write = (...parts: (Buffer | string)[]): number => {
      const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
      writeFileSync(file, bytes);
      return bytes.length;
    };
    return { store, file, write, ids: () => idsIn(store) };
  };

  /** As the drain does it: on from where the last stretch ended. */
  const storeAll = async (store: Store, path: string, end: number): Promise<StretchReport[]> => {
    const reports: StretchReport[] = [];
    for (let offset = 0; offset < end; ) {
      const report = await insertUsageJournal(store, { path, offset, end });
      expect(report.consumed).toBeGreaterThan(0);
      offset += report.consumed;
      expect(offset).toBeLessThanOrEqual(end);
      reports.push(report);
    }
    return reports;
  };

  describe(`a stretch of the journal, ${mode}`, () => {
    test('stores events of both forms once, skips marks, and says a second time that nothing is new', async () => {
      const { store, file, write, ids } = await house();
      const events = Array.from({ length: 3 }, () => usageEvent());
      const objects = events.slice(2).map((event) => line(JSON.stringify(event), event.id));
      const lists = events.slice(0, 2).map(lineOf);
      const end = write(SEGMENT_HEADER, ...lists, line('[]', 'req_y', 'S'), ...objects);
      const first = await insertUsageJournal(store, { path: file, offset: 0, end });
      expect(first).toEqual({ consumed: end, events: 3, inserted: 3, rejected: [], bad: [] });
      const again = await insertUsageJournal(store, { path: file, offset: 0, end });
      expect(again).toMatchObject({ events: 3, inserted: 0 });
      expect(await ids()).toEqual(events.map(({ id }) => id).sort());
      expect(await verifyUsage(store.read)).toEqual([]);
    });

    test('stays before a torn tail, which is named only when no newline can come any more', async () => {
      const { store, file, write, ids } = await house();
      const whole = lineOf(usageEvent());
      const torn = lineOf(usageEvent()).subarray(0, 100);
      const end = write(SEGMENT_HEADER, whole, torn);
      const [first, last] = await storeAll(store, file, end);
      expect(first).toMatchObject({ consumed: end - 100, events: 1, bad: [] });
      expect(last).toMatchObject({ consumed: 100, events: 0, bad: [{ start: end - 100, end }] });
      expect((await ids()).length).toBe(1);
    });

    test('names the line with a flipped byte and reads the rest', async () => {
      const { store, file, write, ids } = await house();
      const lines = Array.from({ length: 3 }, () => lineOf(usageEvent()));
      const flipped = lines[1] ?? Buffer.alloc(0);
      flipped[60] = (flipped[60] ?? 0) ^ 1;
      const end = write(SEGMENT_HEADER, ...lines);
      const [report] = await storeAll(store, file, end);
      const start = SEGMENT_HEADER.length + (lines[0]?.length ?? 0);
      expect(report).toMatchObject({ inserted: 2, bad: [{ start, end: start + flipped.length }] });
      expect((await ids()).length).toBe(2);
    });

    test('names foreign bytes without a newline, and moves on behind them', async () => {
      const { store, file, write, ids } = await house();
      const foreign = Buffer.alloc(2_500_000, 7);
      const end = write(SEGMENT_HEADER, foreign, '\n', lineOf(usageEvent()));
      const reports = await storeAll(store, file, end);
      const named = reports.flatMap(({ bad }) => bad).reduce((sum, bad) => sum + bad.end - bad.start, 0);
      expect(named).toBe(foreign.length + 1);
      expect((await ids()).length).toBe(1);
    });

    test('reads lines up to the longest across the borders of stretches', async () => {
      const { store, file, write, ids } = await house();
      const events = Array.from({ length: 12 }, (_, at) =>
        usageEvent({ errorMessage: 'x'.repeat(255_000 - at), modelAsked: `é${at}` }),
      );
      const end = write(SEGMENT_HEADER, ...events.map(lineOf));
      const reports = await storeAll(store, file, end);
      expect(reports.length).toBeGreaterThan(2);
      expect(reports.flatMap(({ bad }) => bad)).toEqual([]);
      expect(await ids()).toEqual(events.map(({ id }) => id).sort());
    });

    test('answers the text of what can never be stored, and stores its neighbours', async () => {
      const { store, file, write, ids } = await house();
      const nameless = usageEvent({ endpoint: null as unknown as string });
      const end = write(
        SEGMENT_HEADER,
        lineOf(nameless),
        line('{no json'),
        line('[9]'),
        lineOf(usageEvent()),
      );
      const [report] = await storeAll(store, file, end);
      expect(report?.rejected.map(({ record }) => record)).toEqual([
        encodeUsageEvent(nameless),
        '{no json',
        '[9]',
      ]);
      expect((await ids()).length).toBe(1);
      expect(await verifyUsage(store.read)).toEqual([]);
    });

    test('a bad repeat takes nothing away from the row that is there', async () => {
      const { store, file, write, ids } = await house();
      const event = usageEvent();
      const bad = { ...event, endpoint: null as unknown as string };
      const [report] = await storeAll(store, file, write(lineOf(event), lineOf(bad)));
      expect(report?.rejected.length).toBe(1);
      expect(await ids()).toEqual([event.id]);
      expect(await verifyUsage(store.read)).toEqual([]);
    });

    test('a file that is gone or shorter than was said fails the call', async () => {
      const { store, file, write } = await house();
      const end = write(SEGMENT_HEADER);
      await expect(insertUsageJournal(store, { path: `${file}.gone`, offset: 0, end })).rejects.toThrow(
        /ENOENT/,
      );
      await expect(insertUsageJournal(store, { path: file, offset: end, end: end + 9 })).rejects.toThrow(
        /shorter/,
      );
    });
  });
}

async function idsIn(store: Store): Promise<string[]> {
  const rows = await store.read.selectFrom('usage_events').select('id').orderBy('id').execute();
  return rows.map(({ id }) => id);
}
