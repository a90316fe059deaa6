// A lock on a folder that the kernel releases when its holder dies, whatever way it dies: SQLite's own file lock.
import { Database } from 'bun:sqlite';
import { StoreRefused } from './open-database.ts';

export interface FolderLock {
  readonly release: () => void;
}

/** Throws StoreRefused when another process holds the lock at `path`. */
export function holdLock(path: string): FolderLock {
  const db = new Database(path, { create: true });
  try {
    db.run('PRAGMA busy_timeout = 0');
    db.run('PRAGMA journal_mode = DELETE');
    db.run('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw new StoreRefused(
      `${path} is held by another Tollgate. Stop it first, or start this one with another --data folder.`,
      { cause: error },
    );
  }
  return {
    release: () => {
      db.run('ROLLBACK');
      db.close();
    },
  };
}
