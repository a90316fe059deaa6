// Carries records from the journal's files into the store, in order, in small batches, for ever until they are in.
// The files are the backlog: nothing is queued in memory but what the journal could not take.
import { type FileHandle, open } from 'node:fs/promises';
import { decodeLines, type JournalRecord, RECORD_BYTES_MAX } from '../core/journal-record.ts';
import { BoundedQueue } from '../lib/bounded-queue.ts';
import { sleep } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { InsertReport } from '../store/usage-events.ts';
import type { Journal, Segment } from './journal.ts';
import type { SetAside } from './set-aside.ts';

export interface DrainSettings {
  /** How long new records may gather before they are carried over. */
  readonly drainIntervalMs: number;
  /** Longest pause between two tries while the store refuses. */
  readonly retryMsMax: number;
  /** Events kept in memory when the journal cannot take them. */
  readonly heldEventsMax: number;
}

export const DRAIN_DEFAULTS: DrainSettings = {
  drainIntervalMs: 200,
  retryMsMax: 5_000,
  heldEventsMax: 5_000,
};

/** One batch: about five hundred events, some ten milliseconds of the writer's thread; each costs one sync. */
export const DRAIN_CHUNK_BYTES = 786_432;
const HELD_BATCH = 200;
const RETRY_MS_MIN = 100;

export interface DrainOptions {
  readonly journal: Journal;
  readonly insert: (json: Uint8Array) => Promise<InsertReport>;
  readonly setAside: SetAside;
  readonly settings: DrainSettings;
  readonly log: Log;
  /** Called before a drained segment is deleted: the marks in it that are still open are written again. */
  readonly beforeRemove: (segment: Segment) => void;
}

export class Drain {
  readonly #options: DrainOptions;
  readonly #held: BoundedQueue<string>;
  #inHand: string[] = [];
  readonly #buffer = Buffer.allocUnsafe(DRAIN_CHUNK_BYTES + RECORD_BYTES_MAX);
  #file: { segment: Segment; handle: FileHandle } | null = null;
  #offset = 0;
  #bad: { start: number; end: number }[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #running: Promise<void> | null = null;
  #retryMs = 0;
  #stopped = false;
  #failure: string | null = null;
  #drained = 0;

  constructor(options: DrainOptions) {
    this.#options = options;
    this.#held = new BoundedQueue(options.settings.heldEventsMax);
  }

  /** Events carried over by this process, repeats included. */
  get drained(): number {
    return this.#drained;
  }

  get heldCount(): number {
    return this.#held.size + this.#inHand.length;
  }

  /** Why the store refuses now, or null. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Keeps an event that the journal could not take. False when the bound is reached. */
  hold(json: string): boolean {
    return this.#held.push(json);
  }

  /** Something was appended: carry it over soon. Cheap enough to call for every request. */
  wake(): void {
    if (this.#timer || this.#running || this.#stopped) return;
    this.#schedule(this.#options.settings.drainIntervalMs);
  }

  /** Resolves when all that was settled before this call is stored. Tries for ever while the store refuses. */
  async flush(): Promise<void> {
    while (!this.#stopped && !this.#caughtUp()) {
      if (!this.#running) this.#run();
      await this.#running;
      if (this.#failure !== null) await sleep(this.#retryMs);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#running;
    await this.#closeFile();
  }

  #caughtUp(): boolean {
    const { segments, current } = this.#options.journal;
    const first = segments[0];
    if (this.heldCount > 0) return false;
    if (!first) return true;
    return first === current && (this.#file?.segment === first ? this.#offset : 0) >= first.size;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#run();
    }, delayMs);
  }

  #run(): void {
    if (this.#running) return;
    this.#running = this.#drainAll().finally(() => {
      this.#running = null;
      if (this.#stopped || this.#timer) return;
      if (this.#failure !== null) this.#schedule(this.#retryMs);
      else if (!this.#caughtUp()) this.wake();
    });
  }

  async #drainAll(): Promise<void> {
    try {
      while (!this.#stopped && (await this.#step())) this.#succeeded();
      this.#succeeded();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** One batch or one segment's end. False when there is nothing left to do. */
  async #step(): Promise<boolean> {
    if (this.heldCount > 0) return this.#drainHeld();
    const { journal } = this.#options;
    const segment = journal.segments[0];
    if (!segment) return false;
    await this.#openFile(segment);
    if (this.#offset < segment.size) return this.#drainChunk(segment);
    if (segment === journal.current) return false;
    await this.#removeSegment(segment);
    return true;
  }

  /** What is in hand stays there until it is stored: put back into a full queue it would be lost. */
  async #drainHeld(): Promise<boolean> {
    if (this.#inHand.length === 0) this.#inHand = this.#held.take(HELD_BATCH);
    await this.#insert(this.#inHand.map((line) => Buffer.from(line)));
    this.#inHand = [];
    return true;
  }

  async #drainChunk(segment: Segment): Promise<boolean> {
    const handle = this.#file?.handle;
    if (!handle) return false;
    const wanted = Math.min(this.#buffer.length, segment.size - this.#offset);
    const { bytesRead } = await handle.read(this.#buffer, 0, wanted, this.#offset);
    if (bytesRead === 0) throw new Error(`${segment.path} is shorter than what was written to it`);
    const lines = decodeLines(this.#buffer, 0, Math.min(bytesRead, this.#chunkEnd(bytesRead)));
    // No newline in more bytes than a record may have: nothing of ours.
    const consumed = lines.consumed === 0 ? bytesRead : lines.consumed;
    const bad = lines.consumed === 0 ? [{ start: 0, end: bytesRead }] : lines.bad;
    const events = lines.records.filter((record) => record.kind === 'E');
    if (events.length > 0) await this.#insert(events.map((record) => this.#jsonOf(record)));
    for (const range of bad)
      this.#bad.push({ start: this.#offset + range.start, end: this.#offset + range.end });
    this.#offset += consumed;
    return true;
  }

  /** A little over a chunk, up to the end of the line that crosses its border. */
  #chunkEnd(bytesRead: number): number {
    if (bytesRead <= DRAIN_CHUNK_BYTES) return bytesRead;
    const newline = this.#buffer.indexOf(10, DRAIN_CHUNK_BYTES);
    return newline === -1 ? bytesRead : newline + 1;
  }

  #jsonOf(record: JournalRecord): Buffer {
    return this.#buffer.subarray(record.jsonStart, record.jsonEnd);
  }

  async #insert(rows: readonly Buffer[]): Promise<void> {
    const comma = Buffer.from(',');
    const parts = rows.flatMap((row, index) => (index === 0 ? [row] : [comma, row]));
    const report = await this.#options.insert(Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']')]));
    for (const { index, reason } of report.rejected)
      this.#options.setAside.row(rows[index]?.toString() ?? '', reason);
    this.#drained += rows.length;
  }

  async #openFile(segment: Segment): Promise<void> {
    if (this.#file?.segment === segment) return;
    await this.#closeFile();
    this.#file = { segment, handle: await open(segment.path, 'r') };
    this.#offset = 0;
    this.#bad = [];
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.handle.close();
  }

  async #removeSegment(segment: Segment): Promise<void> {
    const { journal, setAside, beforeRemove } = this.#options;
    await this.#closeFile();
    beforeRemove(segment);
    journal.remove(segment, this.#bad.length > 0 ? setAside.segment(segment.path, this.#bad) : null);
    this.#offset = 0;
    this.#bad = [];
  }

  #succeeded(): void {
    if (this.#failure !== null) this.#options.log.info({ drained: this.#drained }, 'usage is stored again');
    this.#failure = null;
    this.#retryMs = 0;
  }

  #failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (this.#failure === null)
      this.#options.log.error(
        { error: message },
        'usage cannot be stored now; it waits in the journal and is tried again',
      );
    this.#failure = message;
    this.#retryMs = Math.min(Math.max(this.#retryMs * 2, RETRY_MS_MIN), this.#options.settings.retryMsMax);
  }
}
