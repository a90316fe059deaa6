// The journal: append-only segment files, one synchronous write per record, synced in groups off the event loop.
// Owns the files; never looks into a record and never talks to the store.
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRecord, RECORD_BYTES_MAX, type RecordKind, SEGMENT_HEADER } from '../core/journal-record.ts';
import type { Log } from '../lib/log.ts';
import { type JournalIo, journalIo } from './journal-io.ts';
import { type SyncFailure, SyncGroup } from './sync-group.ts';

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

export interface Segment {
  readonly number: number;
  readonly path: string;
  /** Bytes that hold whole records; grows only for the current segment. */
  size: number;
}

export interface JournalOptions {
  readonly folder: string;
  readonly settings: JournalSettings;
  readonly log: Log;
  readonly io?: JournalIo;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #io: JournalIo;
  readonly #scratch = Buffer.allocUnsafe(RECORD_BYTES_MAX);
  readonly #segments: Segment[];
  readonly #syncs: SyncGroup;
  #fd = -1;
  #current: Segment | null = null;
  #bytes: number;
  #nextNumber: number;

  constructor(options: JournalOptions) {
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

  /** One write. Throws JournalRefused when the bound is reached or the disk takes no more; then nothing was written. `slackBytes` lifts the bound for what makes room. */
  append(kind: RecordKind, id: string, json: string, slackBytes = 0): Segment {
    const length = encodeRecord(this.#scratch, kind, id, json);
    if (length < 0)
      throw new JournalRefused(`record ${id} is larger than RECORD_BYTES_MAX (${RECORD_BYTES_MAX})`);
    const segment = this.#writableSegment(length, slackBytes);
    this.#write(segment, this.#scratch, length);
    this.#syncs.add(this.#fd, { kind, id, json });
    return segment;
  }

  /** Resolves when everything appended so far is on disk. Null in grouped mode: nobody waits there. */
  confirmed(): Promise<void> | null {
    return this.#options.settings.durability === 'strict' ? this.#syncs.settled() : null;
  }

  /** Closes the current segment, so that it can be drained to its end and removed. */
  rotate(): void {
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
    await this.#syncs.settled();
    this.rotate();
    await this.#syncs.settled();
  }

  #writableSegment(length: number, slackBytes: number): Segment {
    const { segmentBytesMax, journalBytesMax } = this.#options.settings;
    if (this.#bytes + length > journalBytesMax + slackBytes)
      throw new JournalRefused(`the journal holds ${this.#bytes} bytes, its bound is ${journalBytesMax}`);
    if (this.#current && this.#current.size + length > segmentBytesMax) this.rotate();
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

  /** A failed sync is final for its file (faults.md section 2, rule 8): what it held unconfirmed is written again elsewhere. */
  #startAfresh({ fd, lines, error }: SyncFailure): void {
    this.#options.log.error(
      { error: error.message, records: lines.length },
      'journal sync failed; writing the unconfirmed records to a new segment',
    );
    if (fd === this.#fd) this.rotate();
    try {
      for (const { kind, id, json } of lines) this.append(kind, id, json);
    } catch (again) {
      this.#options.log.error({ error: textOf(again) }, 'journal cannot be written');
    }
  }
}

export function segmentName(number: number): string {
  return `${String(number).padStart(10, '0')}.log`;
}

function findSegments(folder: string): Segment[] {
  return readdirSync(folder)
    .filter((name) => /^\d{10}\.log$/.test(name))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      return { number: Number.parseInt(name, 10), path, size: statSync(path).size };
    });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
