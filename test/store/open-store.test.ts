// Guarantee: a store opens migrated, once; a damaged or newer file is refused and left untouched.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { explain, StoreRefused } from '../../src/store/dialect/sqlite/open-database.ts';
import { openStore } from '../../src/store/open-store.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const user = {
  id: 'usr_1',
  username: 'a',
  password_hash: null,
  role: 'user',
  is_active: 1,
  created_ms: 1,
  last_login_ms: null,
  imported_id: null,
} as const;

for (const mode of ['inline', 'threaded'] as const) {
  test(`what was written is read again after a second opening (${mode})`, async () => {
    const path = join(folder, 'tollgate.db');
    const first = await openStore({ path, mode });
    await first.write.insertInto('users').values(user).execute();
    expect(await first.read.selectFrom('users').select('username').execute()).toEqual([{ username: 'a' }]);
    await first.close();
    const second = await openStore({ path, mode });
    expect(await second.read.selectFrom('users').selectAll().execute()).toEqual([
      { ...user, models: null, addresses: null },
    ]);
    await second.close();
  });
}

for (const mode of ['inline', 'threaded'] as const) {
  test(`a transaction that a full disk ended says that the disk was full, and the next one works (${mode})`, async () => {
    const store = await openStore({ path: join(folder, 'tollgate.db'), mode });
    const { rows } = await sql<{ page_count: number }>`PRAGMA page_count`.execute(store.write);
    await sql.raw(`PRAGMA max_page_count = ${rows[0]?.page_count}`).execute(store.write);
    const insert = (at: number) =>
      store.write.transaction().execute(async (trx) => {
        const each = { ...user, id: `usr_${at}`, username: `a long name ${at} ${'x'.repeat(1_000)}` };
        await trx.insertInto('users').values(each).execute();
      });
    let refused: unknown;
    for (let at = 0; at < 100 && refused === undefined; at++)
      refused = await insert(at).catch((error) => error);
    expect(refused).toMatchObject({ code: 'SQLITE_FULL' });
    await sql.raw('PRAGMA max_page_count = 100000').execute(store.write);
    await insert(1_000);
    await store.close();
  });
}

test('a database thread that cannot open its file says why in the words of the start', async () => {
  const away = join(folder, 'away');
  mkdirSync(away);
  const store = await openStore({ path: join(away, 'tollgate.db'), mode: 'threaded' });
  rmSync(away, { recursive: true });
  const refused = store.read.selectFrom('users').selectAll().execute();
  await expect(refused).rejects.toBeInstanceOf(StoreRefused);
  await expect(refused).rejects.toThrow(/cannot be opened .*Check that the folder exists/);
  await store.close();
});

test('a disk that fails for another reason than being full is to be checked, and no backup restored', () => {
  const failed = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_READ' });
  const path = join(folder, 'tollgate.db');
  expect(explain(path, failed)).toBe(`${path}: disk I/O error. Check the disk, then try again.`);
});

test('a damaged file is refused with the mend and left as it was', async () => {
  const path = join(folder, 'tollgate.db');
  writeFileSync(path, 'this is no database at all, and long enough to be read as one'.repeat(100));
  const before = readFileSync(path);
  await expect(openStore({ path, mode: 'inline' })).rejects.toThrow(/damaged.*restore/i);
  expect(readFileSync(path)).toEqual(before);
});

test('a file of a newer Tollgate is refused', async () => {
  const path = join(folder, 'tollgate.db');
  await (await openStore({ path, mode: 'inline' })).close();
  const db = new Database(path);
  db.run("INSERT INTO migrations (number, name, applied_ms) VALUES (9999, 'future', 1)");
  db.close();
  await expect(openStore({ path, mode: 'inline' })).rejects.toThrow(/schema 9999/);
});

test('a large file is served at once and checked behind the start; damage shows', async () => {
  const path = join(folder, 'tollgate.db');
  const first = await openStore({ path, mode: 'inline' });
  const rows = Array.from({ length: 400 }, (_, at) => ({ ...user, id: `usr_${at}`, username: `name ${at}` }));
  await first.write.insertInto('users').values(rows).execute();
  await first.close();
  const sound = await openStore({ path, mode: 'threaded', checkBytesMax: 0 });
  expect(await sound.read.selectFrom('users').select('id').limit(1).execute()).toHaveLength(1);
  await Bun.sleep(200);
  expect(sound.damage()).toBeNull();
  await sound.close();
  const bytes = readFileSync(path);
  // A page in the middle of the users, turned to noise.
  bytes.fill(0x5a, bytes.lastIndexOf('name 200') - 200, bytes.lastIndexOf('name 200') + 200);
  writeFileSync(path, bytes);
  const damaged = await openStore({ path, mode: 'threaded', checkBytesMax: 0 });
  for (let i = 0; i < 200 && damaged.damage() === null; i++) await Bun.sleep(10);
  expect(damaged.damage()).toMatch(/damaged|checked/);
  await damaged.close();
});
