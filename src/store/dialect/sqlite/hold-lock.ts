// A lock on a folder that the kernel releases when its holder dies, whatever way it dies: SQLite's own file lock.
import { Database } from 'bun:sqlite';
import { errorCode } from '../../../lib/error-code.ts';
import { explain, StoreRefused } from './open-database.ts';

export interface FolderLock {
  readonly release: () => void;
}

/** Throws StoreRefused when another process holds the lock at `path`, or when it cannot be had for another reason. */
export function holdLock(path: string): FolderLock {
  let db: Database | null = null;
  try {
    db = new Database(path, { create: true });
    return take(db);
  } catch (error) {
    db?.close();
    throw new StoreRefused(whyNot(path, error), { cause: error });
  }
}

function take(db: Database): FolderLock {
  db.run('PRAGMA busy_timeout = 0');
  db.run('PRAGMA journal_mode = DELETE');
  db.run('BEGIN EXCLUSIVE');
  return {
    release: () => {
      db.run('ROLLBACK');
      db.close();
    },
  };
}

function whyNot(path: string, error: unknown): string {
  const code = errorCode(error) ?? '';
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return `${path} is held by another Tollgate. Stop it first, or start this one with another --data folder.`;
  }
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) {
    return `${path} is damaged (${(error as Error).message}). It holds no data: remove it, then try again.`;
  }
  return explain(path, error);
}
