// Groups many writes under one fdatasync, off the event loop, and remembers what is not confirmed yet.
// One sync runs at a time; a file that was finished is closed only after its last sync.
import type { JournalLine } from '../core/journal-record.ts';

export interface SyncGroupOptions<Line extends JournalLine> {
  readonly sync: (fd: number, done: (error: Error | null) => void) => void;
  readonly close: (fd: number) => void;
  /** The file is lost for good; its lines must be written to another one. */
  readonly onFailure: (failure: SyncFailure<Line>) => void;
  readonly delayMs: number;
}

export interface SyncFailure<Line extends JournalLine> {
  readonly fd: number;
  readonly lines: readonly Line[];
  readonly error: Error;
}

type Waiting = ReturnType<typeof Promise.withResolvers<void>>;

interface Job<Line extends JournalLine> {
  readonly fd: number;
  readonly lines: Line[];
  readonly waiting: Waiting | null;
  readonly closeAfter: boolean;
}

/** Lines kept for rewriting while a sync is under way. Beyond it a failed sync can lose what the page cache loses. */
export const UNCONFIRMED_LINES_MAX = 50_000;
/** After a failed sync, pause before the next one, so that a dead disk is not asked in a busy loop. */
const FAILURE_PAUSE_MS = 250;

export class SyncGroup<Line extends JournalLine> {
  readonly #options: SyncGroupOptions<Line>;
  readonly #finished: Job<Line>[] = [];
  #fd = -1;
  #lines: Line[] = [];
  #waiting: Waiting | null = null;
  #running = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pauseMs = 0;

  constructor(options: SyncGroupOptions<Line>) {
    this.#options = options;
  }

  add(fd: number, lines: readonly Line[]): void {
    this.#fd = fd;
    for (const line of lines) if (this.#lines.length < UNCONFIRMED_LINES_MAX) this.#lines.push(line);
    if (!this.#timer) this.#schedule();
  }

  /** Resolves once everything added before this call is on disk; null when it is. One promise for all who wait. */
  settled(): Promise<void> | null {
    if (this.#idle()) return null;
    this.#waiting ??= Promise.withResolvers<void>();
    this.#schedule();
    return this.#waiting.promise;
  }

  /** The file gets no more writes: sync what is left of it, then close it. */
  finish(fd: number): void {
    this.#finished.push({ fd, lines: this.#lines, waiting: this.#waiting, closeAfter: true });
    this.#lines = [];
    this.#waiting = null;
    this.#schedule();
  }

  #idle(): boolean {
    return this.#lines.length === 0 && this.#finished.length === 0 && !this.#running;
  }

  #schedule(): void {
    if (this.#running || this.#timer) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(this.#options.delayMs, this.#pauseMs));
  }

  #run(): void {
    this.#timer = null;
    const job = this.#finished.shift() ?? this.#takeCurrent();
    if (job.lines.length === 0) {
      this.#done(job, null);
      return;
    }
    this.#running = true;
    this.#options.sync(job.fd, (error) => {
      this.#running = false;
      this.#done(job, error);
    });
  }

  #takeCurrent(): Job<Line> {
    const job = { fd: this.#fd, lines: this.#lines, waiting: this.#waiting, closeAfter: false };
    this.#lines = [];
    this.#waiting = null;
    return job;
  }

  /** What was written to the same file since: a later sync of it would answer success for lost bytes. */
  #takeLinesOf(failed: Job<Line>): Line[] {
    if (failed.closeAfter) return [];
    const closing = this.#finished.find((job) => job.fd === failed.fd);
    const lines = closing ? closing.lines.splice(0) : this.#lines;
    if (!closing) this.#lines = [];
    return lines;
  }

  #done(job: Job<Line>, error: Error | null): void {
    if (job.closeAfter) this.#options.close(job.fd);
    if (error) {
      this.#pauseMs = FAILURE_PAUSE_MS;
      this.#waitOn(job.waiting);
      this.#options.onFailure({ fd: job.fd, lines: [...job.lines, ...this.#takeLinesOf(job)], error });
    } else {
      this.#pauseMs = 0;
      job.waiting?.resolve();
    }
    if (this.#lines.length > 0 || this.#waiting || this.#finished.length > 0) this.#schedule();
  }

  /** Those who waited for a sync that failed wait for the next one. */
  #waitOn(waiting: Waiting | null): void {
    if (this.#waiting) waiting?.resolve(this.#waiting.promise);
    else this.#waiting = waiting;
  }
}
