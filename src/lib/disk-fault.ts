// Why a file could not be used: the disk is full, or this user may not. Told by the codes of the operating system and of
// SQLite alone; for all else it answers null and guesses nothing, so that the error's own words are shown.
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from './error-code.ts';

export type DiskFault = 'full' | 'forbidden';

const FULL = /^(ENOSPC|EDQUOT|SQLITE_FULL$)/;
const FORBIDDEN = /^(EACCES|EPERM|EROFS|SQLITE_READONLY|SQLITE_PERM)/;
/** A full disk hides behind these when SQLite creates a file or the index of its write-ahead log. */
const UNTOLD = /^SQLITE_(CANTOPEN|IOERR)/;
/** What SQLite takes at once for that index. */
const ROOM_BYTES_MIN = 32 * 1024;

/** `path` is the file that was to be used, which need not exist; null when that is not known. */
export function diskFault(error: unknown, path: string | null): DiskFault | null {
  const code = errorCode(error) ?? '';
  if (FULL.test(code) || (path !== null && UNTOLD.test(code) && isFull(dirname(path)))) return 'full';
  return FORBIDDEN.test(code) ? 'forbidden' : null;
}

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    // Some file systems count no files at all.
    return bavail * bsize < ROOM_BYTES_MIN || (files > 0 && ffree === 0);
  } catch {
    return false;
  }
}
