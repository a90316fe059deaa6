// Opens the store: checks the file, migrates it under a lock, hands out Kysely. The only way in.
import { Kysely } from 'kysely';
import { createSqliteDialect } from './dialect/sqlite/create-dialect.ts';
import { InlineConnection } from './dialect/sqlite/inline-connection.ts';
import { checkDatabase, openDatabase } from './dialect/sqlite/open-database.ts';
import { WorkerConnection } from './dialect/sqlite/worker-connection.ts';
import { migrate } from './migrate.ts';
import type { StoreSchema } from './schema.ts';

/** `write` runs in order on one connection; `read` never waits for a writer and must not write. */
export interface Store {
  readonly path: string;
  readonly write: Kysely<StoreSchema>;
  readonly read: Kysely<StoreSchema>;
  readonly close: () => Promise<void>;
}

export interface OpenStoreOptions {
  readonly path: string;
  /** `threaded` for servers: SQL runs beside the event loop. `inline` for commands and tests. */
  readonly mode: 'inline' | 'threaded';
  readonly busyTimeoutMs?: number;
}

/** Throws StoreRefused, with the mend in its message, on a damaged, unwritable or newer database. */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { path, mode, busyTimeoutMs } = options;
  const settings = busyTimeoutMs === undefined ? { path } : { path, busyTimeoutMs };
  const db = openDatabase(settings);
  checkDatabase(db, path);
  await migrate(db, path);
  if (mode === 'inline') {
    const connection = { connection: new InlineConnection(db), close: async () => db.close() };
    const kysely = new Kysely<StoreSchema>({ dialect: createSqliteDialect(async () => connection) });
    return { path, write: kysely, read: kysely, close: () => kysely.destroy() };
  }
  db.close();
  const write = openThreaded(settings);
  const read = openThreaded(settings);
  return {
    path,
    write,
    read,
    close: async () => {
      await Promise.all([write.destroy(), read.destroy()]);
    },
  };
}

function openThreaded(settings: { path: string; busyTimeoutMs?: number }): Kysely<StoreSchema> {
  const open = async () => {
    const connection = await WorkerConnection.open(settings);
    return { connection, close: () => connection.close() };
  };
  return new Kysely<StoreSchema>({ dialect: createSqliteDialect(open) });
}
