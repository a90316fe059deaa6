// Opens the SQLite file with the settings every connection must have, and refuses what must not be started on.
// Never creates a file over an unreadable one and never repairs: it says what to do instead.
import { Database } from 'bun:sqlite';
import { existsSync, statSync } from 'node:fs';
import { diskFault } from '../../../lib/disk-fault.ts';

/** Milliseconds a connection waits for another writer before SQLITE_BUSY. */
export const BUSY_TIMEOUT_MS = 5_000;

/**
 * Pages in the write-ahead log before they are copied into the file (16 MB). The rows of usage touch the same pages
 * again and again: four times SQLite's default copies each of them once where it would be copied four times.
 */
const CHECKPOINT_PAGES = 4_000;
const CACHE_KIB = 8_000;

export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}

export interface OpenDatabaseOptions {
  readonly path: string;
  readonly busyTimeoutMs?: number;
  readonly readonly?: boolean;
  /** Of pages in memory; what is not there comes from the system's cache of the file. */
  readonly cacheKib?: number;
}

/**
 * One connection in WAL mode. `synchronous=FULL`: a commit that was answered survives a power cut
 * (faults.md section 1 asks it for keys, users and revocations; ledger rows ride in the same file, in batches).
 */
export function openDatabase(options: OpenDatabaseOptions): Database {
  const { path, busyTimeoutMs = BUSY_TIMEOUT_MS, readonly = false, cacheKib = CACHE_KIB } = options;
  if (existsSync(path) && statSync(path).size === 0 && existsSync(`${path}-wal`)) {
    throw new StoreRefused(
      `${path} is empty but has a write-ahead log beside it. Restore a backup: tollgate restore FILE`,
    );
  }
  try {
    const db = readonly ? new Database(path, { readonly: true }) : new Database(path, { create: true });
    db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    if (!readonly) {
      db.run('PRAGMA journal_mode = WAL');
      db.run('PRAGMA synchronous = FULL');
      db.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    }
    db.run('PRAGMA foreign_keys = ON');
    db.run('PRAGMA temp_store = MEMORY');
    db.run(`PRAGMA cache_size = -${cacheKib}`);
    return db;
  } catch (error) {
    throw new StoreRefused(explain(path, error), { cause: error });
  }
}

/** Throws StoreRefused when the file is no database of ours. Reads its first pages only. */
export function glanceAtDatabase(db: Database, path: string): void {
  try {
    db.query('SELECT count(*) FROM sqlite_master').get();
  } catch (error) {
    throw new StoreRefused(explain(path, error), { cause: error });
  }
}

/** Throws StoreRefused when the file is damaged. Reads the whole file: about a second for 300 MB. */
export function checkDatabase(db: Database, path: string): void {
  let verdict: string;
  try {
    verdict = (db.query('PRAGMA quick_check(1)').get() as { quick_check: string }).quick_check;
  } catch (error) {
    throw new StoreRefused(explain(path, error), { cause: error });
  }
  if (verdict !== 'ok') throw new StoreRefused(damaged(path, verdict));
}

/** What to do about it, for people. */
export function explain(path: string, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const fault = diskFault(error, path);
  if (fault === 'full') return `${path}: the disk is full, and nothing was lost. Make room, then try again.`;
  if (fault === 'forbidden') {
    return `${path} cannot be written (${text}). Give this user write permission on the file and its folder.`;
  }
  if (/I\/O error/i.test(text)) return `${path}: ${text}. Check the disk, then try again.`;
  if (/unable to open/i.test(text))
    return `${path} cannot be opened (${text}). Check that the folder exists and who owns it.`;
  if (/not a database|malformed|corrupt|disk image/i.test(text)) return damaged(path, text);
  return `${path}: ${text}`;
}

function damaged(path: string, verdict: string): string {
  return `${path} is damaged (${verdict}). It was left untouched. Restore a backup: tollgate restore FILE`;
}
