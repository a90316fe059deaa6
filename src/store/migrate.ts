// Numbered, append-only migrations. Each runs in its own IMMEDIATE transaction, which is also the lock:
// a second process waits for it and then finds the work done.
import type { Database } from 'bun:sqlite';
import { diskFault } from '../lib/disk-fault.ts';
import { explain, StoreRefused } from './dialect/sqlite/open-database.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';

/** Brings the schema up to date. Throws StoreRefused when the file was written by a newer Tollgate, or its disk is full. */
export async function migrate(db: Database, path: string): Promise<void> {
  refuseForeign(db, path);
  try {
    bringUpToDate(db, path);
  } catch (error) {
    if (diskFault(error, path) !== 'full') throw error;
    throw new StoreRefused(`${explain(path, error)} An upgrade needs as much as the file is large.`, {
      cause: error,
    });
  }
}

function bringUpToDate(db: Database, path: string): void {
  db.run(
    'CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_ms INTEGER NOT NULL)',
  );
  const newest = MIGRATIONS.length;
  if (appliedNumber(db) > newest) {
    throw new StoreRefused(
      `${path} has schema ${appliedNumber(db)}, this Tollgate knows ${newest}. Start the newer Tollgate that wrote it, or restore an older backup.`,
    );
  }
  for (const migration of MIGRATIONS) apply(db, migration);
}

function apply(db: Database, migration: Migration): void {
  db.transaction(() => {
    if (appliedNumber(db) >= migration.number) return;
    for (const statement of migration.statements) db.run(statement);
    for (const statement of migration.sqliteStatements ?? []) db.run(statement);
    db.query('INSERT INTO migrations (number, name, applied_ms) VALUES (?, ?, ?)').run(
      migration.number,
      migration.name,
      Date.now(),
    );
  }).immediate();
}

function appliedNumber(db: Database): number {
  const row = db.query('SELECT coalesce(max(number), 0) AS number FROM migrations').get() as {
    number: number;
  };
  return row.number;
}

/** A `.env` of the predecessor may name its own database: that one is imported, never written to. */
function refuseForeign(db: Database, path: string): void {
  const tables = db
    .query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all() as { name: string }[];
  if (tables.length === 0 || tables.some(({ name }) => name === 'migrations')) return;
  throw new StoreRefused(
    `${path} is a database of another program and was left untouched. Point DATABASE_URL elsewhere; the predecessor's database is taken over by: tollgate import llm-api-key-proxy ${path}`,
  );
}
