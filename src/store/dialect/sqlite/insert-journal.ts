// Stores one stretch of a journal file on the database's thread: reads it, checks it, decodes it, inserts its events.
// Rows never pass through the event loop; it is told what became of them.
import type { Database } from 'bun:sqlite';
import { closeSync, openSync, readSync } from 'node:fs';
import { type DecodedLines, decodeLines, type JournalRecord } from '../../../core/journal-record.ts';
import { insertRecords } from './insert-usage.ts';

/** Where whole records stand that are to be stored. */
export interface JournalStretch {
  readonly path: string;
  readonly offset: number;
  /** What lies behind it was not completely written, or not by us. */
  readonly end: number;
}

export interface StretchReport {
  /** Bytes that are done with; at least one, and not beyond `end`. */
  readonly consumed: number;
  readonly events: number;
  readonly inserted: number;
  /** Records that can never be stored; the caller sets them aside. */
  readonly rejected: readonly { readonly record: string; readonly reason: string }[];
  /** Ranges of the file that hold no records. */
  readonly bad: readonly { readonly start: number; readonly end: number }[];
}

/**
 * One transaction: some fifteen hundred events, twenty milliseconds with the write lock held, and one sync. Larger than any
 * record, so that each stretch moves on.
 */
const STRETCH_BYTES = 786_432;

let buffer: Buffer | null = null;

/** Throws when the file cannot be read, or what SQLite throws when nothing could be written. */
export function insertJournal(db: Database, stretch: JournalStretch): StretchReport {
  buffer ??= Buffer.allocUnsafe(STRETCH_BYTES);
  const length = readStretch(buffer, stretch);
  const lines = decodeLines(buffer, 0, length);
  // No newline in more bytes than a record may have: nothing of ours.
  const foreign = lines.consumed === 0;
  const bad = foreign ? [{ start: 0, end: length }] : lines.bad;
  return {
    ...insertLines(db, buffer, lines),
    consumed: foreign ? length : lines.consumed,
    bad: bad.map(({ start, end }) => ({ start: stretch.offset + start, end: stretch.offset + end })),
  };
}

function readStretch(target: Buffer, { path, offset, end }: JournalStretch): number {
  const fd = openSync(path, 'r');
  try {
    const length = readSync(fd, target, 0, Math.min(target.length, end - offset), offset);
    if (length === 0) throw new Error(`${path} is shorter than what was written to it`);
    return length;
  } finally {
    closeSync(fd);
  }
}

function insertLines(db: Database, bytes: Buffer, { records }: DecodedLines) {
  const events = records.filter(({ kind }) => kind === 'E');
  if (events.length === 0) return { events: 0, inserted: 0, rejected: [] };
  const { inserted, rejected } = insertRecords(db, parsedOneByOne(bytes, events));
  return {
    events: events.length,
    inserted,
    rejected: rejected.map(({ index, reason }) => ({ record: textOf(bytes, events[index]), reason })),
  };
}

function* parsedOneByOne(bytes: Buffer, events: readonly JournalRecord[]): Generator<unknown> {
  for (const event of events) yield parseOrNull(textOf(bytes, event));
}

function textOf(bytes: Buffer, event: JournalRecord | undefined): string {
  return event ? bytes.toString('utf8', event.jsonStart, event.jsonEnd) : '';
}

/** A line with the right checksum and no JSON was written by a defect of ours: it is refused like any other bad row. */
function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
