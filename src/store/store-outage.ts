// Tells "the database cannot be written or read now" from a defect of ours: the first is a 503 and passes, the second a 500.
import { appError } from '../errors/app-error.ts';
import { errorCode } from '../lib/error-code.ts';

/** SQLite's words for what the disk, another process or the operator did, and not the statement. */
const OUTAGE = /^SQLITE_(BUSY|LOCKED|READONLY|FULL|IOERR|CANTOPEN|NOMEM|PROTOCOL)/;
const RETRY_MS = 2_000;

/** AppError `store_unavailable` for an outage of the database, else the error as it came. */
export function asStoreOutage(error: unknown): unknown {
  const code = errorCode(error);
  if (code === null || !OUTAGE.test(code)) return error;
  const internal = error instanceof Error ? error.message : code;
  return appError('store_unavailable', { internal, cause: error, retryAfterMs: RETRY_MS });
}
