// Has the store take the journal's files in, in order, stretch by stretch, for ever until they are in. It names places;
// the database's thread reads them. Nothing is queued in memory but what the journal could not take.
import { BoundedQueue } from '../lib/bounded-queue.ts';
import { sleep } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { InsertReport, JournalStretch, StretchReport } from '../store/usage-events.ts';
import type { Journal } from './journal.ts';
import type { Segment } from './segment-files.ts';
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

const HELD_BATCH = 200;
const RETRY_MS_MIN = 100;

export interface DrainOptions {
  readonly journal: Pick<Journal, 'segments' | 'current' | 'remove'>;
  readonly insertJournal: (stretch: JournalStretch) => Promise<StretchReport>;
  /** For held events: a JSON array of records. */
  readonly insert: (json: Uint8Array) => Promise<InsertReport>;
  readonly setAside: SetAside;
  readonly settings: DrainSettings;
  readonly log: Log;
  /** Called before a drained segment is deleted: the marks in it that are still open are written again. */
  readonly beforeRemove: (segment: Segment) => void;
}

/** A place in the journal. */
interface Mark {
  readonly segment: Segment;
  readonly size: number;
}

export class Drain {
  readonly #options: DrainOptions;
  readonly #held: BoundedQueue<string>;
  #inHand: string[] = [];
  /** The segment under way and how much of it is done. */
  #segment: Segment | null = null;
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
    const mark = this.#mark();
    while (!this.#stopped && !this.#isBehind(mark)) {
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
  }

  /** How far the journal reaches now; null when it is empty. */
  #mark(): Mark | null {
    const { current, segments } = this.#options.journal;
    const last = current ?? segments.at(-1);
    return last ? { segment: last, size: last.size } : null;
  }

  /** True when all up to the mark is stored, and all that the journal could not take. */
  #isBehind(mark: Mark | null): boolean {
    if (this.heldCount > 0) return false;
    const first = this.#options.journal.segments[0];
    if (!mark || !first || first.number > mark.segment.number) return true;
    if (first !== mark.segment || first !== this.#options.journal.current) return false;
    return (this.#segment === first ? this.#offset : 0) >= mark.size;
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
      else if (!this.#isBehind(this.#mark())) this.wake();
    });
  }

  /** Carries over what is there now. What comes meanwhile gathers again: a commit for each few rows is dear. */
  async #drainAll(): Promise<void> {
    const mark = this.#mark();
    try {
      while (!this.#stopped && !this.#isBehind(mark) && (await this.#step())) this.#succeeded();
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
    if (this.#segment !== segment) this.#turnTo(segment);
    if (this.#offset < segment.size) return this.#drainStretch(segment);
    if (segment === journal.current) return false;
    this.#removeSegment(segment);
    return true;
  }

  /** What is in hand stays there until it is stored: put back into a full queue it would be lost. */
  async #drainHeld(): Promise<boolean> {
    if (this.#inHand.length === 0) this.#inHand = this.#held.take(HELD_BATCH);
    const records = this.#inHand;
    const { rejected } = await this.#options.insert(Buffer.from(`[${records.join(',')}]`));
    for (const { index, reason } of rejected) this.#options.setAside.row(records[index] ?? '', reason);
    this.#drained += records.length;
    this.#inHand = [];
    return true;
  }

  async #drainStretch(segment: Segment): Promise<boolean> {
    const { path, size } = segment;
    const report = await this.#options.insertJournal({ path, offset: this.#offset, end: size });
    for (const { record, reason } of report.rejected) this.#options.setAside.row(record, reason);
    this.#bad.push(...report.bad);
    this.#offset += report.consumed;
    this.#drained += report.events;
    return true;
  }

  #turnTo(segment: Segment): void {
    this.#segment = segment;
    this.#offset = 0;
    this.#bad = [];
  }

  #removeSegment(segment: Segment): void {
    const { journal, setAside, beforeRemove } = this.#options;
    beforeRemove(segment);
    journal.remove(segment, this.#bad.length > 0 ? setAside.segment(segment.path, this.#bad) : null);
    this.#segment = null;
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
