// The body of a provider's answer, whatever carries it: bytes that are handed to a sink as they come, with back-pressure.
// Holds what came before anybody asked, within a bound.

/** Takes a body's bytes. After `end` or `fail` nothing follows. */
export interface BodySink {
  /** The bytes are the sink's to keep. */
  readonly data: (bytes: Uint8Array) => void;
  /** The body is complete. */
  readonly end: () => void;
  /** The connection broke, or what came is no HTTP. */
  readonly fail: (error: Error) => void;
}

export interface AnswerBody {
  /** From `content-length`; null when nothing was declared. */
  readonly declaredBytes: number | null;
  /** Hands everything to this sink from now on, first (at once) what has come already. A new sink takes over from the old. */
  readonly attach: (sink: BodySink) => void;
  /** Asks the provider to wait; bytes that are on their way may still come. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Ends the exchange and frees its connection. Safe at any time, any number of times; the sink hears nothing more. */
  readonly cancel: () => void;
}

/** Waiting bytes above which a body nobody takes yet is paused. */
const WAITING_BYTES_MAX = 256 * 1024;

type End = { readonly error: Error | null };

/**
 * The part that every body shares: bytes wait here until there is a sink. A base and no part of its own: a stream's objects
 * are cold when its next chunk comes, and each further one is a wait for memory.
 */
export abstract class BufferedBody implements AnswerBody {
  #sink: BodySink | null = null;
  #size = 0;
  #pieces: Uint8Array[] = [];
  #end: End | null = null;
  #dropped = false;

  abstract readonly declaredBytes: number | null;
  abstract pause(): void;
  abstract resume(): void;
  abstract cancel(): void;

  /** True when so much waits that the provider should. */
  protected get full(): boolean {
    return this.#size > WAITING_BYTES_MAX;
  }

  protected get ended(): boolean {
    return this.#end !== null;
  }

  attach(sink: BodySink): void {
    if (this.#dropped) return;
    this.#sink = sink;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#size = 0;
    for (const piece of pieces) this.take(piece);
    if (this.#end) this.#finish(this.#end);
  }

  protected take(bytes: Uint8Array): void {
    if (this.#sink) {
      this.#sink.data(bytes);
      return;
    }
    this.#pieces.push(bytes);
    this.#size += bytes.byteLength;
  }

  protected finish(error: Error | null): void {
    if (this.#end) return;
    this.#end = { error };
    this.#finish(this.#end);
  }

  /** Nobody wants what is left. */
  protected drop(): void {
    this.#dropped = true;
    this.#end ??= { error: null };
    this.#sink = null;
    this.#pieces = [];
    this.#size = 0;
  }

  #finish({ error }: End): void {
    const sink = this.#sink;
    if (!sink) return;
    this.#sink = null;
    if (error) sink.fail(error);
    else sink.end();
  }
}
