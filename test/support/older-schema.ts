// Takes a database back to an older schema, with its rows, for tests of migrations. Only what those tests need.
import type { Database } from 'bun:sqlite';
import { LONE_ATTEMPT_COLUMNS } from '../../src/store/usage-row.ts';

/** Before migration 11: all attempts in one table, and no column for one in the rows of events. */
export function undoLoneAttempts(db: Database): void {
  db.transaction(() => {
    db.run(`CREATE TABLE undone AS SELECT * FROM usage_attempts`);
    db.run('DROP VIEW usage_attempts');
    db.run('DELETE FROM usage_attempt_rows');
    db.run('INSERT INTO usage_attempt_rows SELECT * FROM undone');
    db.run('DROP TABLE undone');
    db.run('ALTER TABLE usage_attempt_rows RENAME TO usage_attempts');
    for (const column of LONE_ATTEMPT_COLUMNS) db.run(`ALTER TABLE usage_events DROP COLUMN ${column}`);
    db.run('DELETE FROM migrations WHERE number > 10');
  })();
}
