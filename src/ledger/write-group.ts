// What was appended in this turn of the event loop and is not written yet: its lines side by side in one buffer, and one
// promise for all who wait for them. Knows nothing of files.
import { encodeRecord, type JournalLine, RECORD_BYTES_MAX } from '../core/journal-record.ts';

/** Settled once by whoever writes the group. A rejection that nobody waits for is no error of the process. */
export interface Waiting {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface TakenGroup<Line extends JournalLine> {
  readonly lines: readonly Line[];
  readonly waiting: Waiting | null;
}

export class WriteGroup<Line extends JournalLine> {
  /** One record of the greatest length fits, or the few hundred that one turn brings. */
  readonly #buffer = Buffer.allocUnsafe(RECORD_BYTES_MAX);
  #bytes = 0;
  #lines: Line[] = [];
  #waiting: Waiting | null = null;

  get bytes(): number {
    return this.#bytes;
  }

  /** The encoded lines are `buffer[0..bytes)`, until something is added after `take`. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Encodes the line behind the others, without adding it yet. Its length, or -1 when it does not fit here. */
  measure(line: Line): number {
    return encodeRecord(this.#buffer, this.#bytes, line);
  }

  /** Adds the line that was measured last. */
  add(line: Line, length: number): void {
    this.#bytes += length;
    this.#lines.push(line);
  }

  /** Resolves when the group is written. Null when nothing waits to be written. */
  get written(): Promise<void> | null {
    if (this.#bytes === 0) return null;
    this.#waiting ??= createWaiting();
    return this.#waiting.promise;
  }

  /** Empties the group. */
  take(): TakenGroup<Line> {
    const taken = { lines: this.#lines, waiting: this.#waiting };
    this.#bytes = 0;
    this.#lines = [];
    this.#waiting = null;
    return taken;
  }
}

function createWaiting(): Waiting {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {});
  return { promise, resolve, reject };
}
