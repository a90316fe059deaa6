// The journal: append-only segment files, one synchronous write for all records of a turn of the event loop, synced in
// groups behind it. Owns the files; never reads what a record says and never talks to the store.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeLines, type JournalLine, RECORD_BYTES_MAX, SEGMENT_HEADER } from '../core/journal-record.ts';
import type { Log } from '../lib/log.ts';
import { type JournalIo, journalIo } from './journal-io.ts';
import { findSegments, type Segment, segmentName } from './segment-files.ts';
import { type SyncFailure, SyncGroup } from './sync-group.ts';
import { type TakenGroup, type Waiting, WriteGroup } from './write-group.ts';

export interface JournalSettings {
  /** A segment is closed and a new one begun at this size. */
  readonly segmentBytesMax: number;
  /** All segments together. At this bound an append throws JournalFull. */
  readonly journalBytesMax: number;
  /** `grouped` syncs behind the answers, `strict` lets the caller wait for the sync. */
  readonly durability: 'grouped' | 'strict';
  /** Longest time between a write and the start of its sync, in grouped mode. */
  readonly syncIntervalMs: number;
}

export const JOURNAL_DEFAULTS: JournalSettings = {
  segmentBytesMax: 8 * 1024 * 1024,
  journalBytesMax: 1024 * 1024 * 1024,
  durability: 'grouped',
  syncIntervalMs: 40,
};

/** The journal's bound is reached, or the disk refuses. `reason` is for the log and the readiness probe. */
export class JournalRefused extends Error {
  override readonly name = 'JournalRefused';
}

export interface JournalOptions<Line extends JournalLine> {
  readonly folder: string;
  readonly settings: JournalSettings;
  readonly log: Log;
  readonly io?: JournalIo;
  /** The line of a record whose own line was let go: it is written again, and nobody waits for it any more. */
  readonly revive: (record: JournalLine) => Line;
  /** These are with the kernel now. */
  readonly onWritten?: (lines: readonly Line[]) => void;
  /** These could not be written. Answers what to tell those who wait for them, or null when nothing is lost all the same. */
  readonly onRefused?: (lines: readonly Line[], error: JournalRefused) => Error | null;
}

/**
 * What a write can be repeated from until it is synced: where somebody waits for the sync the lines themselves, else their bytes.
 * Hundreds of lines with their text would outlive the collector's young generation.
 */
type Kept<Line> = readonly Line[] | Buffer;

export class Journal<Line extends JournalLine = JournalLine> {
  readonly #options: JournalOptions<Line>;
  readonly #io: JournalIo;
  readonly #group = new WriteGroup<Line>();
  readonly #segments: Segment[];
  readonly #syncs: SyncGroup<Kept<Line>>;
  #fd = -1;
  #current: Segment | null = null;
  #bytes: number;
  #nextNumber: number;
  #scheduled = false;
  /** Strict mode's promise for the group that is not written yet. */
  #confirming: { written: Promise<void>; promise: Promise<void> } | null = null;
  /** What the latest refusal lost, for those whose lines are being written again. */
  #lost: Error | null = null;
  /** The last write failed: until one succeeds each record is tried by itself, so that its own request hears of it. */
  #failing = false;

  constructor(options: JournalOptions<Line>) {
    this.#options = options;
    this.#io = options.io ?? journalIo;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#segments = findSegments(options.folder);
    this.#bytes = this.#segments.reduce((sum, segment) => sum + segment.size, 0);
    this.#nextNumber = (this.#segments.at(-1)?.number ?? 0) + 1;
    const { durability, syncIntervalMs } = options.settings;
    this.#syncs = new SyncGroup({
      sync: (fd, done) => this.#io.sync(fd, done),
      close: (fd) => this.#io.close(fd),
      onFailure: (failure) => this.#startAfresh(failure),
      delayMs: durability === 'strict' ? 0 : syncIntervalMs,
    });
  }

  /** Oldest first; the last one may still grow. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get current(): Segment | null {
    return this.#current;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes a record for this turn's write. Throws JournalRefused, with nothing taken, when a bound is reached, no file can be
   * opened, or the last write failed and this one fails too. `slackBytes` lifts the bound for what makes room.
   */
  append(line: Line, slackBytes = 0): Segment {
    let length = this.#group.measure(line);
    if (length < 0) {
      this.flush();
      length = this.#group.measure(line);
    }
    if (length < 0)
      throw new JournalRefused(`record ${line.id} is larger than RECORD_BYTES_MAX (${RECORD_BYTES_MAX})`);
    const segment = this.#segmentFor(line, length, slackBytes);
    this.#group.add(line, length);
    if (this.#failing) this.#writeGroup(segment, this.#group.take(), length);
    else this.#schedule();
    return segment;
  }

  /** Writes what was appended. What the disk refuses is handed to `onRefused`. */
  flush(): void {
    const length = this.#group.bytes;
    const segment = this.#current;
    if (length === 0 || !segment) return;
    const group = this.#group.take();
    try {
      this.#writeGroup(segment, group, length);
    } catch (error) {
      this.#failing = true;
      settleWaiting(group.waiting, this.#refuse(group.lines, error));
    }
  }

  /**
   * Resolves when everything appended so far was given to the kernel and, in strict mode, is on disk; rejects when some of
   * it is lost. Null when nothing is pending. One promise for all who ask in the same turn.
   */
  confirmed(): Promise<void> | null {
    const { written } = this.#group;
    if (this.#options.settings.durability === 'grouped') return written;
    if (!written) return this.#syncs.settled();
    if (this.#confirming?.written !== written) {
      const promise = written.then(() => this.#syncs.settled() ?? undefined);
      promise.catch(() => {});
      this.#confirming = { written, promise };
    }
    return this.#confirming.promise;
  }

  /** Closes the current segment, so that it can be drained to its end and removed. */
  rotate(): void {
    this.flush();
    if (this.#fd === -1) return;
    this.#syncs.finish(this.#fd);
    this.#fd = -1;
    this.#current = null;
  }

  /** Forgets a closed segment and deletes its file, or moves it to `keepAt` when it holds bytes that are not ours. */
  remove(segment: Segment, keepAt: string | null): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    this.#bytes -= segment.size;
    try {
      if (keepAt) this.#io.rename(segment.path, keepAt);
      else this.#io.unlink(segment.path);
    } catch (error) {
      // Its rows are stored, so the file left behind only costs a harmless replay at the next start.
      this.#options.log.warn({ path: segment.path, error: textOf(error) }, 'journal segment stays on disk');
    }
  }

  async close(): Promise<void> {
    this.flush();
    await this.#syncs.settled();
    this.rotate();
    await this.#syncs.settled();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After everything that this turn of the loop brings: one write for all of it.
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** All lines of a group go into one segment: a full one is written out and closed before the line is taken. */
  #segmentFor(line: Line, length: number, slackBytes: number): Segment {
    const { segmentBytesMax, journalBytesMax } = this.#options.settings;
    if (this.#bytes + this.#group.bytes + length > journalBytesMax + slackBytes)
      throw new JournalRefused(`the journal holds ${this.#bytes} bytes, its bound is ${journalBytesMax}`);
    if (this.#current && this.#current.size + this.#group.bytes + length > segmentBytesMax) {
      this.rotate();
      // It stood behind the bytes that are written now.
      this.#group.measure(line);
    }
    return this.#current ?? this.#openSegment();
  }

  #openSegment(): Segment {
    const number = this.#nextNumber++;
    const path = join(this.#options.folder, segmentName(number));
    try {
      this.#fd = this.#io.open(path);
    } catch (error) {
      throw new JournalRefused(`${path} cannot be created: ${textOf(error)}`, { cause: error });
    }
    const segment: Segment = { number, path, size: 0 };
    this.#segments.push(segment);
    this.#current = segment;
    const header = Buffer.from(SEGMENT_HEADER);
    this.#write(segment, header, header.length);
    return segment;
  }

  #write(segment: Segment, bytes: Buffer, length: number): void {
    let written = 0;
    try {
      written = this.#io.write(this.#fd, bytes, length);
      if (written < length) throw new Error(`only ${written} of ${length} bytes fit`);
    } catch (error) {
      this.#takeBack(segment);
      throw new JournalRefused(`${segment.path} takes no more: ${textOf(error)}`, { cause: error });
    }
    segment.size += length;
    this.#bytes += length;
  }

  /** Cuts off half a record; a file that cannot even be cut is left behind, and its torn tail is set aside later. */
  #takeBack(segment: Segment): void {
    try {
      this.#io.truncate(this.#fd, segment.size);
    } catch {
      this.rotate();
    }
  }

  /** Throws JournalRefused; then nothing of the group is in the file. */
  #writeGroup(segment: Segment, { lines, waiting }: TakenGroup<Line>, length: number): void {
    this.#write(segment, this.#group.buffer, length);
    this.#failing = false;
    const isAwaited = this.#options.settings.durability === 'strict';
    this.#syncs.add(
      this.#fd,
      isAwaited ? lines : Buffer.from(this.#group.buffer.subarray(0, length)),
      length,
    );
    this.#options.onWritten?.(lines);
    waiting?.resolve();
  }

  #refuse(lines: readonly Line[], error: unknown): Error | null {
    const refused =
      error instanceof JournalRefused ? error : new JournalRefused(textOf(error), { cause: error });
    const lost = this.#options.onRefused ? this.#options.onRefused(lines, refused) : refused;
    this.#lost = lost ?? this.#lost;
    return lost;
  }

  /**
   * A failed sync is final for its file (faults.md section 2, rule 8): what it held unconfirmed is written again elsewhere,
   * and what waited to be written goes there as well.
   */
  #startAfresh({ fd, kept, error }: SyncFailure<Kept<Line>>): void {
    const lines = kept.flatMap((each) => (Buffer.isBuffer(each) ? this.#revived(each) : each));
    this.#options.log.error(
      { error: error.message, records: lines.length },
      'journal sync failed; writing the unconfirmed records to a new segment',
    );
    const own = fd === this.#fd;
    const pending = own ? this.#group.take() : { lines: [], waiting: null };
    if (own) this.rotate();
    this.#appendAgain(lines, null);
    this.#appendAgain(pending.lines, pending.waiting);
  }

  #revived(bytes: Buffer): Line[] {
    const { records } = decodeLines(bytes, 0, bytes.length);
    return records.map(({ kind, idStart, idEnd, jsonStart, jsonEnd }) =>
      this.#options.revive({
        kind,
        id: bytes.toString('latin1', idStart, idEnd),
        json: bytes.toString('utf8', jsonStart, jsonEnd),
      }),
    );
  }

  #appendAgain(lines: readonly Line[], waiting: Waiting | null): void {
    this.#lost = null;
    for (const line of lines) {
      try {
        this.append(line);
      } catch (error) {
        this.#refuse([line], error);
      }
    }
    this.flush();
    settleWaiting(waiting, this.#lost);
  }
}

function settleWaiting(waiting: Waiting | null, lost: Error | null): void {
  if (lost) waiting?.reject(lost);
  else waiting?.resolve();
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
