// Puts a backup in place of a house's database. Refuses while a server runs on it, and never destroys what was there:
// the old database is moved aside. The journal stays: what it holds was settled and is drained into the restored house.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { diskFault } from '../../lib/disk-fault.ts';
import { holdLock } from '../../store/dialect/sqlite/hold-lock.ts';
import { readBackupInfo } from '../../store/dialect/sqlite/snapshot.ts';
import { MIGRATIONS } from '../../store/migrations/index.ts';
import { BackupRefused } from './backup-refused.ts';
import { pepperCheck } from './pepper-check.ts';

export interface RestoreRequest {
  readonly dataDir: string;
  readonly databasePath: string;
  readonly pepper: string;
  readonly file: string;
  readonly clock: Clock;
}

export interface RestoreReport {
  readonly madeMs: number;
  /** Where the database that stood there before is now; null when there was none. */
  readonly movedTo: string | null;
  /** False when the secrets here are not those of the backup: then no API key of it works. */
  readonly pepperFits: boolean;
}

/** The caller has made sure that no server answers on the folder; the ledger's lock is asked all the same. */
export function restoreBackup(request: RestoreRequest): RestoreReport {
  const { dataDir, databasePath, file } = request;
  if (!existsSync(file)) throw new BackupRefused(`there is no file ${file}.`);
  const info = readBackupInfo(file);
  if (info.schemaNumber > MIGRATIONS.length) {
    throw new BackupRefused(
      `${file} has schema ${info.schemaNumber}, this Tollgate knows ${MIGRATIONS.length}. Install the version that made it, or a newer one.`,
    );
  }
  mkdirSync(join(dataDir, 'journal'), { recursive: true, mode: 0o700 });
  // Throws StoreRefused when a server holds the folder.
  const lock = holdLock(join(dataDir, 'journal', 'lock'));
  try {
    const draft = `${databasePath}.restoring`;
    copyWhole(file, draft);
    const movedTo = existsSync(databasePath) ? moveAside(databasePath, request.clock.nowMs()) : null;
    renameSync(draft, databasePath);
    const pepperFits = pepperCheck(request.pepper) === info.pepperCheck;
    return { madeMs: info.madeMs, movedTo, pepperFits };
  } finally {
    lock.release();
  }
}

/** Throws BackupRefused on a full disk, and leaves no half copy behind whatever happens. */
function copyWhole(file: string, draft: string): void {
  rmSync(draft, { force: true });
  try {
    copyFileSync(file, draft);
    chmodSync(draft, 0o600);
  } catch (error) {
    rmSync(draft, { force: true });
    if (diskFault(error, draft) !== 'full') throw error;
    const message = `${draft}: the disk is full, and nothing was changed. Make room, then try again.`;
    throw new BackupRefused(message, { cause: error });
  }
}

/** Database, write-ahead log and shared memory go together, or the log would be read into the wrong file. */
function moveAside(databasePath: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[:.]/g, '-');
  const target = `${databasePath}.before-restore-${stamp}`;
  const name = databasePath.slice(dirname(databasePath).length + 1);
  for (const each of readdirSync(dirname(databasePath))) {
    if (each === name || each === `${name}-wal` || each === `${name}-shm`) {
      renameSync(join(dirname(databasePath), each), target + each.slice(name.length));
    }
  }
  return target;
}
