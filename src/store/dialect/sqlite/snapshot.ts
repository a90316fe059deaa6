// A copy of the database as one consistent file, and what is written into it so that a restore can judge it.
// Reads the living file only; everything written goes into the copy.
import { Database } from 'bun:sqlite';
import { checkDatabase, openDatabase, StoreRefused } from './open-database.ts';

export interface BackupInfo {
  readonly madeMs: number;
  readonly schemaNumber: number;
  /** Tells whether a pepper is the one the API keys were hashed under, without giving it away. */
  readonly pepperCheck: string;
}

/** Writes a snapshot of `path` to the new file `target` while others read and write. */
export function snapshotDatabase(path: string, target: string): void {
  const db = openDatabase({ path });
  try {
    db.query('VACUUM INTO ?').run(target);
  } finally {
    db.close();
  }
}

/** Marks the copy. */
export function sealSnapshot(target: string, info: Omit<BackupInfo, 'schemaNumber'>): void {
  const db = new Database(target);
  try {
    db.run('CREATE TABLE IF NOT EXISTS backup_info (made_ms INTEGER NOT NULL, pepper_check TEXT NOT NULL)');
    db.run('DELETE FROM backup_info');
    db.query('INSERT INTO backup_info (made_ms, pepper_check) VALUES (?, ?)').run(
      info.madeMs,
      info.pepperCheck,
    );
    // A session that was ended after the backup must not come back to life with it.
    db.run('DELETE FROM sessions');
  } finally {
    db.close();
  }
}

/** Throws StoreRefused when the file is damaged or no backup of ours. */
export function readBackupInfo(path: string): BackupInfo {
  const db = openDatabase({ path, readonly: true });
  try {
    checkDatabase(db, path);
    const { number } = db.query('SELECT coalesce(max(number), 0) AS number FROM migrations').get() as {
      number: number;
    };
    const row = db.query('SELECT made_ms, pepper_check FROM backup_info').get() as {
      made_ms: number;
      pepper_check: string;
    } | null;
    if (!row)
      throw new StoreRefused(`${path} is no finished backup. Choose a file that \`tollgate backup\` wrote.`);
    return { madeMs: row.made_ms, schemaNumber: number, pepperCheck: row.pepper_check };
  } catch (error) {
    if (error instanceof StoreRefused) throw error;
    throw new StoreRefused(
      `${path} is no backup of Tollgate. Choose a file that \`tollgate backup\` wrote.`,
      {
        cause: error,
      },
    );
  } finally {
    db.close();
  }
}
