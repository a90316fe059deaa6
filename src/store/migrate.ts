// Numbered, append-only migrations. Each runs in its own IMMEDIATE transaction, which is also the lock:
// a second process waits for it and then finds the work done.
import type { Database } from 'bun:sqlite';
import { StoreRefused } from './dialect/sqlite/open-database.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** Brings the schema up to date. Throws StoreRefused when the file was written by a newer Tollgate. */
export async function migrate(db: Database, path: string): Promise<void> {
  db.run(
    'CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_ms INTEGER NOT NULL)',
  );
  const newest = MIGRATIONS.length;
  if (appliedNumber(db) > newest) {
    throw new StoreRefused(
      `${path} has schema ${appliedNumber(db)}, this Tollgate knows ${newest}. Start the newer Tollgate that wrote it, or restore an older backup.`,
    );
  }
  for (const migration of MIGRATIONS) {
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
}

function appliedNumber(db: Database): number {
  const row = db.query('SELECT coalesce(max(number), 0) AS number FROM migrations').get() as {
    number: number;
  };
  return row.number;
}
