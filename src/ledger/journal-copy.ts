// The journal as it stands at one moment, for a backup. Holds its files open, so that a server that drains and removes
// them meanwhile takes nothing away. Reads only.
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { decodeLines, RECORD_BYTES_MAX } from '../core/journal-record.ts';
import type { Store } from '../store/open-store.ts';
import { insertUsageJson } from '../store/usage-events.ts';

/** Bytes read and stored in one step; larger than any record, so that each step moves on. */
const STEP_BYTES = 16 * RECORD_BYTES_MAX;

export interface JournalCopy {
  /** Stores every event of the copy; those that are there already change nothing. Answers how many were new. */
  readonly replayInto: (store: Store) => Promise<number>;
  readonly close: () => void;
}

/** `folder` may be absent: then there is nothing to copy. */
export function openJournalCopy(folder: string): JournalCopy {
  const files = listSegments(folder).flatMap((path) => {
    const fd = openIfThere(path);
    return fd === null ? [] : [{ fd, size: fstatSync(fd).size }];
  });
  return {
    replayInto: async (store) => {
      let added = 0;
      for (const file of files) added += await replay(file, store);
      return added;
    },
    close: () => {
      for (const { fd } of files) closeSync(fd);
    },
  };
}

async function replay(file: { fd: number; size: number }, store: Store): Promise<number> {
  const buffer = Buffer.allocUnsafe(STEP_BYTES);
  let added = 0;
  let offset = 0;
  while (offset < file.size) {
    const length = readSync(file.fd, buffer, 0, Math.min(STEP_BYTES, file.size - offset), offset);
    const lines = decodeLines(buffer, 0, length);
    // A last line without its end belongs to the moment after the backup.
    if (lines.consumed === 0) break;
    const events = lines.records.filter((record) => record.kind === 'E');
    const texts = events.map(({ jsonStart, jsonEnd }) => buffer.toString('utf8', jsonStart, jsonEnd));
    if (texts.length > 0) {
      const report = await insertUsageJson(store, new TextEncoder().encode(`[${texts.join(',')}]`));
      added += report.inserted;
    }
    offset += lines.consumed;
  }
  return added;
}

function listSegments(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d{10}\.log$/.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** A segment that was drained and removed in this moment is in the database already. */
function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch {
    return null;
  }
}
