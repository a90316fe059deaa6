// Groups many writes under one fdatasync, off the event loop, and remembers what is not confirmed yet.
// One sync runs at a time; a file that was finished is closed only after its last sync.

export interface SyncGroupOptions<Kept> {
  readonly sync: (fd: number, done: (error: Error | null) => void) => void;
  readonly close: (fd: number) => void;
  /** The file is lost for good; what was kept of it must be written to another one. */
  readonly onFailure: (failure: SyncFailure<Kept>) => void;
  readonly delayMs: number;
}

export interface SyncFailure<Kept> {
  readonly fd: number;
  /** In the order of the writes. */
  readonly kept: readonly Kept[];
  readonly error: Error;
}

type Waiting = ReturnType<typeof Promise.withResolvers<void>>;

interface Job<Kept> {
  readonly fd: number;
  readonly kept: Kept[];
  readonly waiting: Waiting | null;
  readonly closeAfter: boolean;
}

/** Bytes kept for rewriting until they are synced. Beyond it a failed sync can lose what the page cache loses. */
export const UNCONFIRMED_BYTES_MAX = 32 * 1024 * 1024;
/** After a failed sync, pause before the next one, so that a dead disk is not asked in a busy loop. */
const FAILURE_PAUSE_MS = 250;

/** `Kept` is what one write can be repeated from; it is handed back when the write is lost. */
export class SyncGroup<Kept> {
  readonly #options: SyncGroupOptions<Kept>;
  readonly #finished: Job<Kept>[] = [];
  #fd = -1;
  #kept: Kept[] = [];
  /** Of what is kept for the file that is written to now. */
  #keptBytes = 0;
  #waiting: Waiting | null = null;
  #running = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pauseMs = 0;

  constructor(options: SyncGroupOptions<Kept>) {
    this.#options = options;
  }

  /** A write of `length` bytes has gone to the file. */
  add(fd: number, kept: Kept, length: number): void {
    this.#fd = fd;
    if (this.#kept.length === 0 || this.#keptBytes + length <= UNCONFIRMED_BYTES_MAX) {
      this.#kept.push(kept);
      this.#keptBytes += length;
    }
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
    this.#finished.push({ fd, kept: this.#takeKept(), waiting: this.#waiting, closeAfter: true });
    this.#waiting = null;
    this.#schedule();
  }

  #idle(): boolean {
    return this.#kept.length === 0 && this.#finished.length === 0 && !this.#running;
  }

  #schedule(): void {
    if (this.#running || this.#timer) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(this.#options.delayMs, this.#pauseMs));
  }

  #run(): void {
    this.#timer = null;
    const job = this.#finished.shift() ?? this.#takeCurrent();
    if (job.kept.length === 0) {
      this.#done(job, null);
      return;
    }
    this.#running = true;
    this.#options.sync(job.fd, (error) => {
      this.#running = false;
      this.#done(job, error);
    });
  }

  #takeCurrent(): Job<Kept> {
    const job = { fd: this.#fd, kept: this.#takeKept(), waiting: this.#waiting, closeAfter: false };
    this.#waiting = null;
    return job;
  }

  #takeKept(): Kept[] {
    const kept = this.#kept;
    this.#kept = [];
    this.#keptBytes = 0;
    return kept;
  }

  /** What was written to the same file since: a later sync of it would answer success for lost bytes. */
  #takeKeptOf(failed: Job<Kept>): Kept[] {
    if (failed.closeAfter) return [];
    const closing = this.#finished.find((job) => job.fd === failed.fd);
    return closing ? closing.kept.splice(0) : this.#takeKept();
  }

  #done(job: Job<Kept>, error: Error | null): void {
    if (job.closeAfter) this.#options.close(job.fd);
    if (error) {
      this.#pauseMs = FAILURE_PAUSE_MS;
      this.#waitOn(job.waiting);
      this.#options.onFailure({ fd: job.fd, kept: [...job.kept, ...this.#takeKeptOf(job)], error });
    } else {
      this.#pauseMs = 0;
      job.waiting?.resolve();
    }
    if (this.#kept.length > 0 || this.#waiting || this.#finished.length > 0) this.#schedule();
  }

  /** Those who waited for a sync that failed wait for the next one. */
  #waitOn(waiting: Waiting | null): void {
    if (this.#waiting) waiting?.resolve(this.#waiting.promise);
    else this.#waiting = waiting;
  }
}
