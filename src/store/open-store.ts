// Opens the store: checks the file, migrates it under a lock, hands out Kysely. The only way in.
import { statSync } from 'node:fs';
import { Kysely, sql } from 'kysely';
import { waitAtMost } from '../lib/clock.ts';
import { createSqliteDialect } from './dialect/sqlite/create-dialect.ts';
import { InlineConnection } from './dialect/sqlite/inline-connection.ts';
import {
  checkDatabase,
  glanceAtDatabase,
  type OpenDatabaseOptions,
  openDatabase,
} from './dialect/sqlite/open-database.ts';
import { WorkerConnection } from './dialect/sqlite/worker-connection.ts';
import { migrate } from './migrate.ts';
import type { StoreSchema } from './schema.ts';

/** `write` runs in order on one connection; `read` never waits for a writer and must not write. */
export interface Store {
  readonly path: string;
  readonly write: Kysely<StoreSchema>;
  readonly read: Kysely<StoreSchema>;
  /** What a check behind the start found wrong with a large file; null while nothing is known to be. */
  readonly damage: () => string | null;
  readonly close: () => Promise<void>;
}

export interface OpenStoreOptions {
  readonly path: string;
  /** `threaded` for servers: SQL runs beside the event loop. `inline` for commands and tests. */
  readonly mode: 'inline' | 'threaded';
  readonly busyTimeoutMs?: number;
  /** For tests: CHECK_BYTES_MAX. */
  readonly checkBytesMax?: number;
}

/** A larger file is only glanced at before the start; a server reads it whole behind the start, `doctor` at any time. */
const CHECK_BYTES_MAX = 256 * 1024 * 1024;
const STOP_MS_MAX = 500;
/** Rows cost as much to write with a quarter of what readers have, measured with three million of them. */
const WRITER_CACHE_KIB = 2_000;

/** Throws StoreRefused, with the mend in its message, on a damaged, unwritable or newer database. */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { path, mode, busyTimeoutMs } = options;
  const settings = busyTimeoutMs === undefined ? { path } : { path, busyTimeoutMs };
  const db = openDatabase(settings);
  const isLarge = statSync(path).size > (options.checkBytesMax ?? CHECK_BYTES_MAX);
  if (isLarge) glanceAtDatabase(db, path);
  else checkDatabase(db, path);
  await migrate(db, path);
  if (mode === 'inline') {
    const connection = { connection: new InlineConnection(db), close: async () => db.close() };
    const kysely = new Kysely<StoreSchema>({ dialect: createSqliteDialect(async () => connection) });
    return { path, write: kysely, read: kysely, damage: () => null, close: () => kysely.destroy() };
  }
  db.close();
  const write = openThreaded({ ...settings, cacheKib: WRITER_CACHE_KIB });
  const read = openThreaded(settings);
  const check = isLarge ? checkBehind(settings) : null;
  return {
    path,
    write,
    read,
    damage: () => check?.damage() ?? null,
    close: async () => {
      await Promise.all([write.destroy(), read.destroy(), check?.stop()]);
    },
  };
}

/** Reads the whole file on a thread of its own, so that a start does not take longer the longer the house has stood. */
function checkBehind(settings: { path: string }): { damage: () => string | null; stop: () => Promise<void> } {
  let damage: string | null = null;
  let stopped = false;
  const checking = openThreaded({ ...settings, readonly: true });
  const run = async (): Promise<void> => {
    const result = await sql<{ quick_check: string }>`PRAGMA quick_check(1)`.execute(checking);
    const verdict = result.rows[0]?.quick_check ?? 'no answer';
    if (verdict !== 'ok')
      damage = `the database is damaged (${verdict}); restore a backup: tollgate restore FILE`;
  };
  const end = async (): Promise<void> => {
    if (!stopped) await checking.destroy();
    stopped = true;
  };
  const running = run()
    .catch((error) => {
      if (!stopped) damage = `the database could not be checked: ${String(error)}`;
    })
    .then(end);
  // A check under way cannot be broken off; the thread goes with the process.
  return { damage: () => damage, stop: () => waitAtMost(STOP_MS_MAX, running) };
}

function openThreaded(settings: OpenDatabaseOptions): Kysely<StoreSchema> {
  const open = async () => {
    const connection = await WorkerConnection.open(settings);
    return { connection, close: () => connection.close() };
  };
  return new Kysely<StoreSchema>({ dialect: createSqliteDialect(open) });
}
