// Guarantee: attempts lie under their event, or in its row when it has one that the event tells nearly all of; whole and in
// order: those of an older database too, and never half of them.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { AttemptRecord } from '../../src/core/usage-event.ts';
import { newId } from '../../src/lib/id.ts';
import { StoreRefused } from '../../src/store/dialect/sqlite/open-database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { openStore } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import type { UsageAttemptRow } from '../../src/store/usage-listing.ts';
import { findRequest } from '../../src/store/usage-requests.ts';
import { pruneUsageBite } from '../../src/store/usage-retention.ts';
import { loneAttempt } from '../../src/store/usage-row.ts';
import { verifyUsage } from '../../src/store/usage-verify.ts';
import { undoLoneAttempts } from '../support/older-schema.ts';
import { attemptRecord, loneEvent, usageEvent, usageOf } from '../support/usage-events.ts';

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
  const names = db.query("SELECT name FROM sqlite_master WHERE tbl_name LIKE 'usage_attempt%'").values();
  expect(names.flat().toSorted()).toEqual(['usage_attempt_rows', 'usage_attempts']);
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
  expect(report.rejected[0]?.reason).toContain('UNIQUE constraint failed: usage_attempt_rows');
  expect(await findRequest(store.read, broken.id)).toBeNull();
  const left = await store.read.selectFrom('usage_attempts').select('event_id').execute();
  expect(left.map(({ event_id }) => event_id)).toEqual([good.id]);
  expect(await verifyUsage(store.read)).toEqual([]);
  await store.close();
});

describe('the only attempt of an event', () => {
  test('lies in its row, and reads as it would with a row of its own', async () => {
    const store = await openStore({ path, mode: 'inline' });
    const lone = loneEvent({}, { status: 201, firstByteMs: 12.4, durationMs: 33.6, credentialId: 'crd_7' });
    const apart = { ...lone, id: newId('req') };
    await insertUsageEvents(store, [lone, apart]);
    const ownRows = await store.read.selectFrom('usage_attempt_rows').selectAll().execute();
    expect(ownRows.map(({ event_id }) => event_id)).toEqual([apart.id]);
    const attemptOf = async (id: string) => (await findRequest(store.read, id))?.attempts[0];
    const inRow = await attemptOf(lone.id);
    expect(inRow as object).toEqual({ ...(await attemptOf(apart.id)), event_id: lone.id });
    expect([inRow?.status, inRow?.first_byte_ms, inRow?.duration_ms]).toEqual([201, 12, 34]);
    expect(await verifyUsage(store.read)).toEqual([]);
    await store.close();
  });

  const DIFFERENT: readonly (readonly [string, Partial<AttemptRecord>])[] = [
    ['that failed', { failure: 'client_gone' }],
    ['with an error text', { errorMessage: 'it broke' }],
    ['with another end', { outcome: 'aborted' }],
    ['of another provider', { provider: 'local' }],
    ['with an id of its own', { id: newId('att') }],
    ['that was the second', { ordinal: 2 }],
    ['with other counts', { usage: usageOf(9, 5) }],
    ['with another cost', { costNanoUsd: 1 }],
    ['with numbers of another kind', { provenance: 'estimated' }],
  ];
  for (const [what, changes] of DIFFERENT) {
    test(`${what} has a row of its own`, async () => {
      const store = await openStore({ path, mode: 'inline' });
      const event = loneEvent({}, changes);
      expect(loneAttempt(event)).toBeNull();
      await insertUsageEvents(store, [event]);
      expect((await store.read.selectFrom('usage_attempt_rows').select('id').execute()).length).toBe(1);
      const told = (await findRequest(store.read, event.id))?.attempts[0];
      const { id, ordinal, provider, outcome, failure } = event.attempts[0] as AttemptRecord;
      expect(told as object).toMatchObject({ id, ordinal, provider, outcome, failure });
      await store.close();
    });
  }

  test('is found by the key of its event, and goes with it', async () => {
    const store = await openStore({ path, mode: 'inline' });
    const old = loneEvent({ timeMs: 1_000 });
    const fresh = loneEvent();
    await insertUsageEvents(store, [old, usageEvent({ timeMs: 1_000 }), fresh]);
    const plan = await sql<{ detail: string }>`
      EXPLAIN QUERY PLAN SELECT * FROM usage_attempts WHERE event_id = ${old.id} ORDER BY ordinal`.execute(
      store.read,
    );
    expect(plan.rows.map(({ detail }) => detail).join('\n')).not.toMatch(/SCAN usage_(events|attempt_rows)/);
    await pruneUsageBite(store, { beforeMs: 2_000, rowsMax: 10 });
    const left = await store.read.selectFrom('usage_attempts').select('event_id').execute();
    expect(left).toEqual([{ event_id: fresh.id }]);
    await store.close();
  });

  test('of an older database stays where it was, beside those that come', async () => {
    const store = await openStore({ path, mode: 'inline' });
    await insertUsageEvents(
      store,
      Array.from({ length: 50 }, () => loneEvent()),
    );
    const attempts = sql<UsageAttemptRow>`SELECT * FROM usage_attempts ORDER BY event_id`;
    const { rows } = await attempts.execute(store.read);
    await store.close();
    const db = new Database(path);
    undoLoneAttempts(db);
    db.close();
    const again = await openStore({ path, mode: 'inline' });
    expect((await again.read.selectFrom('usage_attempt_rows').select('id').execute()).length).toBe(50);
    expect((await attempts.execute(again.read)).rows).toEqual(rows);
    await insertUsageEvents(again, [loneEvent()]);
    expect((await attempts.execute(again.read)).rows.length).toBe(51);
    expect(await verifyUsage(again.read)).toEqual([]);
    await again.close();
  });
});

/** The attempts' table as the migration `number` left it, with the same rows. */
function backTo(number: number, file: string): void {
  const db = new Database(file);
  undoLoneAttempts(db);
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
