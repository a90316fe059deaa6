// A consistent copy of a house in one file, made while it serves: the journal first, then the database, then the journal's
// events into the copy. Whatever was settled before it began is in it. Secrets are not: they must not lie beside the data.
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openJournalCopy } from '../../ledger/journal-copy.ts';
import type { Clock } from '../../lib/clock.ts';
import { diskFault } from '../../lib/disk-fault.ts';
import { errorCode } from '../../lib/error-code.ts';
import { syncFile } from '../../lib/sync-file.ts';
import { explain } from '../../store/dialect/sqlite/open-database.ts';
import { sealSnapshot, snapshotDatabase } from '../../store/dialect/sqlite/snapshot.ts';
import { openStore } from '../../store/open-store.ts';
import { BackupRefused } from './backup-refused.ts';
import { pepperCheck } from './pepper-check.ts';

export interface BackupRequest {
  readonly dataDir: string;
  readonly databasePath: string;
  readonly pepper: string;
  readonly file: string;
  readonly clock: Clock;
}

export interface BackupReport {
  /** Events that were still in the journal and went straight into the copy. */
  readonly fromJournal: number;
}

/** Throws BackupRefused or StoreRefused with the mend; then nothing is left at `file`. */
export async function makeBackup(request: BackupRequest): Promise<BackupReport> {
  const { dataDir, databasePath, file } = request;
  if (existsSync(file))
    throw new BackupRefused(`${file} exists already. Choose another name, or remove it first.`);
  if (!existsSync(databasePath)) {
    throw new BackupRefused(`there is no database at ${databasePath}. Choose the data folder with --data.`);
  }
  const draft = `${file}.draft`;
  const whole = `${file}.part`;
  removeDrafts(draft, whole);
  const journal = openJournalCopy(join(dataDir, 'journal'));
  try {
    snapshotDatabase(databasePath, draft);
    chmodSync(draft, 0o600);
    const copy = await openStore({ path: draft, mode: 'inline' });
    const fromJournal = await journal.replayInto(copy).finally(() => copy.close());
    sealSnapshot(draft, { madeMs: request.clock.nowMs(), pepperCheck: pepperCheck(request.pepper) });
    // A snapshot of the copy: one file without a write-ahead log beside it, which can be moved.
    snapshotDatabase(draft, whole);
    chmodSync(whole, 0o600);
    syncFile(whole);
    renameSync(whole, file);
    return { fromJournal };
  } catch (error) {
    throw ofPlace(error, file) ? new BackupRefused(explain(file, error), { cause: error }) : error;
  } finally {
    removeDrafts(draft, whole);
    journal.close();
  }
}

/** The place of the backup refused it; all else is told by whoever met it. */
function ofPlace(error: unknown, file: string): boolean {
  return diskFault(error, file) === 'full' || errorCode(error) === 'SQLITE_CANTOPEN';
}

function removeDrafts(...drafts: readonly string[]): void {
  for (const draft of drafts)
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(draft + suffix, { force: true });
}
