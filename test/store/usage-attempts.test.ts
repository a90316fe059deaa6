// Guarantee: attempts lie under their event, whole and in order: those of an older database too, and never half of them.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreRefused } from '../../src/store/dialect/sqlite/open-database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { openStore } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { findRequest } from '../../src/store/usage-requests.ts';
import { verifyUsage } from '../../src/store/usage-verify.ts';
import { attemptRecord, usageEvent, usageOf } from '../support/usage-events.ts';

const BEFORE = 9;

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tollgate-attempts-'));
  path = join(dir, 'tollgate.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Two attempts: the first failed without numbers. */
function twice(id: string) {
  const failed = { usage: usageOf(0, 0), costNanoUsd: 0, outcome: 'error', failure: 'server_error' } as const;
  return usageEvent({
    id,
    attempts: [
      attemptRecord({ ...failed, status: 500, errorMessage: "it's down" }),
      attemptRecord({ ordinal: 2 }),
    ],
  });
}

test('attempts of an older database are taken over as they are', async () => {
  const store = await openStore({ path, mode: 'inline' });
  const events = Array.from({ length: 300 }, (_, at) =>
    twice(`req_${String((at * 7) % 300).padStart(3, '0')}`),
  );
  await insertUsageEvents(store, events);
  const rows = await store.read.selectFrom('usage_attempts').selectAll().orderBy('id').execute();
  expect(rows.length).toBe(600);
  await store.close();
  backTo(BEFORE, path);
  const again = await openStore({ path, mode: 'inline' });
  expect(await again.read.selectFrom('usage_attempts').selectAll().orderBy('id').execute()).toEqual(rows);
  const found = await findRequest(again.read, 'req_123');
  expect(found?.attempts.map(({ ordinal, status }) => [ordinal, status])).toEqual([
    [1, 500],
    [2, 200],
  ]);
  expect(await verifyUsage(again.read)).toEqual([]);
  const db = new Database(path, { readonly: true });
  const names = db.query("SELECT name FROM sqlite_master WHERE tbl_name LIKE 'usage_attempts%'").values();
  expect(names.flat()).toEqual(['usage_attempts']);
  db.close();
  await again.close();
});

test('a disk that is too full for it refuses the start in words, and leaves the database as it was', async () => {
  const store = await openStore({ path, mode: 'inline' });
  await insertUsageEvents(
    store,
    Array.from({ length: 300 }, () => usageEvent()),
  );
  await store.close();
  backTo(BEFORE, path);
  const db = new Database(path);
  db.run('VACUUM');
  // Nothing to spare.
  const { page_count } = db.query('PRAGMA page_count').get() as { page_count: number };
  db.run(`PRAGMA max_page_count = ${page_count}`);
  const refused = migrate(db, path);
  await expect(refused).rejects.toBeInstanceOf(StoreRefused);
  await expect(refused).rejects.toThrow(`${path}: the disk is full, and nothing was lost.`);
  db.close();
  const again = await openStore({ path, mode: 'inline' });
  expect(await verifyUsage(again.read)).toEqual([]);
  await again.close();
});

test('an event with two attempts in one place is refused whole', async () => {
  const store = await openStore({ path, mode: 'inline' });
  const broken = usageEvent({ attempts: [attemptRecord(), attemptRecord()] });
  const good = usageEvent();
  const report = await insertUsageEvents(store, [broken, good]);
  expect([report.inserted, report.rejected.map(({ index }) => index)]).toEqual([1, [0]]);
  expect(report.rejected[0]?.reason).toContain('UNIQUE constraint failed: usage_attempts');
  expect(await findRequest(store.read, broken.id)).toBeNull();
  const left = await store.read.selectFrom('usage_attempts').select('event_id').execute();
  expect(left.map(({ event_id }) => event_id)).toEqual([good.id]);
  expect(await verifyUsage(store.read)).toEqual([]);
  await store.close();
});

/** The attempts' table as the migration `number` left it, with the same rows. */
function backTo(number: number, file: string): void {
  const db = new Database(file);
  const statements = MIGRATIONS.slice(0, number)
    .flatMap((migration) => migration.statements)
    .filter((statement) => /usage_attempts/.test(statement));
  expect(statements.length).toBe(2);
  const columns = db.query("SELECT name FROM pragma_table_info('usage_attempts')").values().flat().join(', ');
  db.transaction(() => {
    db.run('ALTER TABLE usage_attempts RENAME TO newer');
    for (const statement of statements) db.run(statement);
    db.run(`INSERT INTO usage_attempts (${columns}) SELECT ${columns} FROM newer`);
    db.run('DROP TABLE newer');
    db.query('DELETE FROM migrations WHERE number > ?').run(number);
  })();
  db.close();
}
