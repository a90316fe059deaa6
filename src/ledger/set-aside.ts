// Where damaged segments and rows that can never be stored are kept for a person to look at. Bounded, never fatal.
import { appendFileSync, mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decodeUsageEvent } from '../core/usage-record.ts';
import type { Log } from '../lib/log.ts';

/** Damaged segments kept; the oldest goes first. */
export const SET_ASIDE_FILES_MAX = 64;
/** Size of the file of rejected rows beyond which they are only counted and logged. */
export const REJECTED_BYTES_MAX = 16 * 1024 * 1024;

export class SetAside {
  readonly #folder: string;
  readonly #log: Log;
  #count = 0;

  constructor(journalFolder: string, log: Log) {
    this.#folder = join(journalFolder, 'set-aside');
    this.#log = log;
  }

  /** Damaged ranges and rejected rows since the start of this process. */
  get count(): number {
    return this.#count;
  }

  /** Reports damage and answers the path its segment is to be kept at. */
  segment(path: string, ranges: readonly { start: number; end: number }[]): string {
    this.#count += ranges.length;
    const kept = join(this.#folder, basename(path));
    this.#log.warn({ path, ranges, kept }, 'journal segment holds bytes that are no records; set aside');
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const older = readdirSync(this.#folder)
      .filter((name) => name.endsWith('.log'))
      .sort();
    for (const name of older.slice(0, Math.max(0, older.length + 1 - SET_ASIDE_FILES_MAX)))
      unlinkSync(join(this.#folder, name));
    return kept;
  }

  /** Keeps a row that the database refuses for its own sake, with its fields named for whoever looks at it. */
  row(record: string, reason: string): void {
    this.#count += 1;
    const json = withNames(record);
    this.#log.error({ reason, row: json.slice(0, 500) }, 'usage row refused by the database; set aside');
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const path = join(this.#folder, 'rejected.ndjson');
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size < REJECTED_BYTES_MAX) appendFileSync(path, `${json}\n`, { mode: 0o600 });
    } catch (error) {
      this.#log.error({ error: String(error) }, 'the row could not be set aside either');
    }
  }
}

function withNames(record: string): string {
  try {
    return JSON.stringify(decodeUsageEvent(JSON.parse(record)));
  } catch {
    return record;
  }
}
