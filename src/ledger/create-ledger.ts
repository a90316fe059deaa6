// The usage ledger: the one place where usage is written. Journal first, store later, nothing lost in between.
// Never prices and never counts tokens: it keeps what the gateway settled.
import { join } from 'node:path';
import type { UsageEvent } from '../core/usage-event.ts';
import { encodeUsageEvent } from '../core/usage-record.ts';
import { appError } from '../errors/app-error.ts';
import { waitAtMost } from '../lib/clock.ts';
import { LinkedList } from '../lib/linked-list.ts';
import type { Log } from '../lib/log.ts';
import { holdLock } from '../store/dialect/sqlite/hold-lock.ts';
import type { Store } from '../store/open-store.ts';
import { insertUsageJournal, insertUsageJson } from '../store/usage-events.ts';
import { DRAIN_DEFAULTS, Drain, type DrainSettings } from './drain.ts';
import { JOURNAL_DEFAULTS, Journal, JournalRefused, type JournalSettings } from './journal.ts';
import type { JournalIo } from './journal-io.ts';
import { type LedgerLine, OpenMark, type SettledEvent } from './open-mark.ts';
import { orphanEvent, recover, type StartedMark } from './recover.ts';
import type { Segment } from './segment-files.ts';
import { SetAside } from './set-aside.ts';

export interface LedgerSettings extends JournalSettings, DrainSettings {
  /** Requests that may be under way with a mark at once. */
  readonly openMarksMax: number;
  /** What keys without a budget get when neither journal nor store can take a row. */
  readonly whenFull: 'refuse' | 'serve_uncounted';
}

export const LEDGER_DEFAULTS: LedgerSettings = {
  ...JOURNAL_DEFAULTS,
  ...DRAIN_DEFAULTS,
  openMarksMax: 100_000,
  whenFull: 'refuse',
};

export interface LedgerOptions {
  readonly dataDir: string;
  readonly store: Store;
  readonly log: Log;
  readonly settings?: Partial<LedgerSettings>;
  readonly io?: JournalIo;
}

export interface LedgerStats {
  /** Events settled (or found in the journal at the start) and not in the store yet. */
  readonly pending: number;
  readonly openMarks: number;
  readonly journalBytes: number;
  readonly setAside: number;
  /** Events that nothing could take, under `serve_uncounted` or at a bound. Anything but 0 is an alarm. */
  readonly uncounted: number;
  readonly orphansSwept: number;
  /** Why usage cannot be stored or journaled now; null when all is well. For the readiness probe. */
  readonly failure: string | null;
}

/** How long close() waits for the store; what is left stays in the journal for the next start. */
const CLOSE_WAIT_MS = 5_000;

export class Ledger {
  readonly #settings: LedgerSettings;
  readonly #journal: Journal<LedgerLine>;
  readonly #drain: Drain;
  readonly #setAside: SetAside;
  readonly #log: Log;
  readonly #marks = new LinkedList<OpenMark>();
  readonly #release: () => void;
  #settled = 0;
  #uncounted = 0;
  #orphansSwept = 0;
  #closed = false;
  #journalFailure: string | null = null;

  /** Use createLedger: it also recovers. */
  constructor(options: LedgerOptions, settings: LedgerSettings, folder: string) {
    this.#settings = settings;
    this.#log = options.log;
    this.#journal = new Journal<LedgerLine>({
      folder,
      settings,
      log: options.log,
      ...(options.io ? { io: options.io } : {}),
      // Its mark, if it is open, stands where it stood: it is carried on when that segment goes.
      revive: (record) => ({ ...record, mark: null, mayEnd: false }),
      onWritten: (lines) => this.#written(lines),
      onRefused: (lines, error) => this.#refused(lines, error),
    });
    this.#release = holdLock(join(folder, 'lock')).release;
    this.#setAside = new SetAside(folder, options.log);
    this.#drain = new Drain({
      journal: this.#journal,
      insertJournal: (stretch) => insertUsageJournal(options.store, stretch),
      insert: (json) => insertUsageJson(options.store, json),
      setAside: this.#setAside,
      settings,
      log: options.log,
      beforeRemove: (segment) => this.#carryMarks(segment),
    });
  }

  /** Throws `store_unavailable` when a new request could not be written down and must not be served. */
  admit(budgeted: boolean): void {
    if (this.#journalFailure === null) return;
    const full = this.#drain.heldCount * 2 >= this.#settings.heldEventsMax;
    const risky = budgeted && this.#drain.failure !== null;
    if (risky || (full && (budgeted || this.#settings.whenFull === 'refuse'))) throw this.#unavailable();
  }

  /**
   * Writes down that a request has begun, so that a dead process leaves a trace; `settle` is owed the mark. Throws
   * `store_unavailable` for budgeted ones whose mark is refused at once; others go on without, and null is answered. Await
   * `confirmed()` before anything goes upstream.
   */
  begin(started: StartedMark, budgeted = false): OpenMark | null {
    this.admit(budgeted);
    const mark = new OpenMark(started, budgeted);
    try {
      if (this.#marks.size >= this.#settings.openMarksMax)
        throw new JournalRefused(`${this.#marks.size} requests are under way, the bound of openMarksMax`);
      this.#marks.add(mark);
      mark.segment = this.#journal.append(lineOf(mark));
      return mark;
    } catch (error) {
      this.#marks.remove(mark);
      this.#journalFailed(error);
      if (budgeted) throw this.#unavailable();
      return null;
    }
  }

  /**
   * Writes the final event, with the mark that its request began with. Await `confirmed()` before the last byte goes out; when
   * that rejects, the answer tells whether this event is concerned. Throws `store_unavailable` only when it is known at once
   * that nothing can take it.
   */
  settle(event: UsageEvent, mark: OpenMark | null = null): SettledEvent {
    const line: LedgerLine = {
      kind: 'E',
      id: event.id,
      json: encodeUsageEvent(event),
      mark,
      mayEnd: false,
    };
    this.#settled += 1;
    try {
      this.#journal.append(line);
    } catch (error) {
      this.#journalFailed(error);
      if (!this.#keep(line)) throw this.#unavailable();
    }
    this.#drain.wake();
    return line;
  }

  /**
   * Resolves once all that was begun and settled before this call is with the kernel, so that no death of this process loses
   * it, and in strict mode on disk. Null when it is. Rejects with `store_unavailable` when a budgeted request's mark or an
   * event of the same turn could be kept nowhere.
   * Ask in the same step as the call it is for: later it speaks of another turn's write.
   */
  confirmed(): Promise<void> | null {
    return this.#journal.confirmed();
  }

  /** Resolves when everything settled before this call is in the store. */
  flush(): Promise<void> {
    this.#journal.flush();
    return this.#drain.flush();
  }

  get stats(): LedgerStats {
    return {
      pending: Math.max(0, this.#settled - this.#drain.drained),
      openMarks: this.#marks.size,
      journalBytes: this.#journal.bytes,
      setAside: this.#setAside.count,
      uncounted: this.#uncounted,
      orphansSwept: this.#orphansSwept,
      failure: this.#journalFailure ?? this.#drain.failure,
    };
  }

  /** Flushes for at most CLOSE_WAIT_MS; what the store did not take stays in the journal. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#journal.rotate();
    await waitAtMost(CLOSE_WAIT_MS, this.flush());
    await this.#drain.stop();
    await this.#journal.close();
    this.#release();
  }

  /** Sweeps what a dead process left. Its segments are drained behind the traffic. */
  async recover(): Promise<void> {
    const left = [...this.#journal.segments];
    const { orphans, events, unread } = await recover(left);
    if (unread > 0) this.#log.error({ unread }, 'marks of begun requests could not be read');
    this.#settled += events;
    for (const started of orphans) this.settle(orphanEvent(started));
    this.#orphansSwept = orphans.length;
    if (left.length > 0) {
      this.#log.info({ segments: left.length, events, orphans: orphans.length }, 'journal recovered');
      this.#drain.wake();
    }
  }

  #written(lines: readonly LedgerLine[]): void {
    this.#journalFailure = null;
    for (const { kind, mark } of lines) {
      if (mark === null) continue;
      if (kind === 'E') this.#marks.remove(mark);
      else mark.written = true;
    }
  }

  /** A turn's write failed. Answers the error for those who wait for it, or null when memory keeps all that counts. */
  #refused(lines: readonly LedgerLine[], error: JournalRefused): Error | null {
    this.#journalFailed(error);
    let lost = false;
    for (const line of lines) {
      const { kind, mark } = line;
      if (kind === 'E') {
        lost = !this.#keep(line) || lost;
      } else if (mark?.written) {
        // Of a request that went upstream long ago: it is written again with the next segment that goes.
        mark.segment = null;
      } else if (mark && this.#marks.remove(mark)) {
        lost ||= mark.budgeted;
      }
    }
    this.#drain.wake();
    return lost ? this.#unavailable() : null;
  }

  /** Keeps an event that the journal refused. False when it is lost and its request must hear of it. */
  #keep(line: LedgerLine): boolean {
    const { id, json, mark } = line;
    line.mayEnd = true;
    if (this.#drain.hold(json)) {
      if (mark) this.#marks.remove(mark);
      return true;
    }
    this.#uncounted += 1;
    this.#settled -= 1;
    this.#log.error({ id, uncounted: this.#uncounted }, 'neither journal nor memory can take a usage event');
    line.mayEnd = this.#settings.whenFull !== 'refuse';
    return line.mayEnd;
  }

  /** Marks that are still open move to the newest segment, so that an old one can go, even from a full journal. */
  #carryMarks(segment: Segment): void {
    this.#journal.flush();
    // A copy: an append may write what waited, and with it end other marks.
    for (const mark of [...this.#marks]) {
      if (!this.#marks.has(mark) || (mark.segment !== segment && mark.segment !== null)) continue;
      try {
        mark.segment = this.#journal.append(lineOf(mark), this.#settings.segmentBytesMax);
      } catch (error) {
        // The disk is full and removing the segment is what frees it; the mark is tried again with the next one.
        mark.segment = null;
        this.#journalFailed(error);
      }
    }
    this.#journal.flush();
  }

  #journalFailed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#journalFailure === null) this.#log.error({ error: reason }, 'the journal takes no more');
    this.#journalFailure = reason;
  }

  #unavailable() {
    return appError('store_unavailable', {
      ...(this.#journalFailure ? { internal: this.#journalFailure } : {}),
      retryAfterMs: 5_000,
    });
  }
}

function lineOf(mark: OpenMark): LedgerLine {
  return { kind: 'S', id: mark.id, json: mark.json, mark, mayEnd: false };
}

/** Opens the journal in `dataDir`, sweeps orphans of a dead process to `unknown` and begins to drain. */
export async function createLedger(options: LedgerOptions): Promise<Ledger> {
  const settings = { ...LEDGER_DEFAULTS, ...options.settings };
  const ledger = new Ledger(options, settings, join(options.dataDir, 'journal'));
  await ledger.recover();
  return ledger;
}
