// One connection to a provider over plain TCP: writes a request, reads its answer, then the next. One request at a time.
// Never decides what a failure means; it says what happened, and whether the provider can have begun to answer.
import type { Socket } from 'bun';
import type { Clock } from '../../lib/clock.ts';
import { latin1Write, utf8Write } from '../../lib/raw-text.ts';
import { type Carrier, ConnectionLost, type Exchange } from './exchange.ts';
import type { Framing, ResponseHead } from './response-head.ts';
import { type AnswerEvents, ResponseParser } from './response-parser.ts';

/** What a connection tells its pool. */
export interface ConnectionOwner {
  /** The answer is complete and the connection may carry another request. */
  readonly onFree: (connection: Connection) => void;
  readonly onClosed: (connection: Connection) => void;
  /** It had carried requests before and was closed at once without a byte of this answer: an idle connection that had died. */
  readonly onStale: (exchange: Exchange) => void;
  readonly clock: Clock;
}

/**
 * A connection that had died says so within a round trip. One that closes later may have carried the request to somebody who
 * worked on it, and was paid for it: that is a failed call, to be written down as one.
 */
export const STALE_MS_MAX = 1_000;

export class Connection implements Carrier, AnswerEvents {
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  #socket: Socket<Connection> | null = null;
  #exchange: Exchange | null = null;
  /** What of a request the socket has not taken yet. */
  #unsent: readonly Uint8Array[] | null = null;
  #carried = 0;
  /** Monotonic time at which the request went out. */
  #carriedMs = 0;
  #closed = false;
  #paused = false;
  #answered: 'no' | 'reusable' | 'spent' = 'no';
  #heard = false;
  /** Monotonic time since which nothing is asked; the pool's. */
  idleSinceMs = 0;

  constructor(owner: ConnectionOwner) {
    this.#owner = owner;
    this.#parser = new ResponseParser(this);
  }

  /** For the pool alone, once the connection is made. */
  open(socket: Socket<Connection>): void {
    this.#socket = socket;
  }

  carry(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#answered = 'no';
    this.#heard = false;
    this.#parser.reset();
    if (this.#carried > 0) this.#socket?.ref();
    this.#carried += 1;
    this.#carriedMs = this.#owner.clock.monotonicMs();
    exchange.carriedBy(this);
    this.#write(exchange);
  }

  // What its socket tells it.

  onData(bytes: Uint8Array): void {
    this.#heard = true;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      const exchange = this.#exchange;
      this.destroy();
      exchange?.fail(error as Error);
      return;
    }
    // Whoever took the bytes may have closed us in the middle of them.
    if (this.#closed) return;
    if (this.#answered === 'reusable') this.#free();
    else if (this.#answered === 'spent') this.destroy();
  }

  onDrain(): void {
    if (this.#unsent) this.#sendParts(this.#unsent);
  }

  onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    // An answer without a length ends with its connection.
    const complete = this.#parser.finish();
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#owner.onClosed(this);
    if (!exchange || complete) return;
    if (this.#wasStale()) this.#owner.onStale(exchange);
    else exchange.fail(new ConnectionLost('The provider closed the connection.', 'ECONNRESET'));
  }

  #wasStale(): boolean {
    if (this.#carried < 2 || this.#heard) return false;
    return this.#owner.clock.monotonicMs() - this.#carriedMs < STALE_MS_MAX;
  }

  // What its parser tells it.

  onHead(head: ResponseHead, framing: Framing): void {
    this.#exchange?.begin(head, typeof framing === 'number' ? framing : null);
  }

  onBody(bytes: Uint8Array): void {
    this.#exchange?.receive(bytes);
  }

  onEnd(reusable: boolean): void {
    // An answer that came before the request was out leaves a connection in the middle of a message.
    this.#answered = reusable && this.#unsent === null ? 'reusable' : 'spent';
    this.#exchange?.end();
  }

  // What its exchange asks of it.

  pause(): void {
    if (this.#closed || this.#paused) return;
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (this.#closed || !this.#paused) return;
    this.#paused = false;
    this.#socket?.resume();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#exchange = null;
    this.#owner.onClosed(this);
    this.#socket?.terminate();
  }

  #free(): void {
    this.#exchange = null;
    this.resume();
    this.#socket?.unref();
    this.#owner.onFree(this);
  }

  #write({ request }: Exchange): void {
    const socket = this.#socket;
    if (!socket || !request) return;
    const { head, body, bodyBytes } = request;
    if (typeof body !== 'string') {
      this.#sendParts([Buffer.from(head, 'latin1'), ...body]);
      return;
    }
    const isSmall = head.length + bodyBytes <= small.length;
    const bytes = isSmall ? small : Buffer.allocUnsafeSlow(head.length + bodyBytes);
    const headLength = latin1Write(bytes, head, 0);
    const length = headLength + utf8Write(bytes, body, headLength);
    const written = Math.max(0, socket.write(bytes, 0, length));
    if (written >= length) return;
    const rest = bytes.subarray(written, length);
    this.#unsent = [isSmall ? Buffer.from(rest) : rest];
  }

  #sendParts(parts: readonly Uint8Array[]): void {
    for (const [index, part] of parts.entries()) {
      const written = Math.max(0, this.#socket?.write(part) ?? 0);
      if (written >= part.length) continue;
      this.#unsent = [part.subarray(written), ...parts.slice(index + 1)];
      return;
    }
    this.#unsent = null;
  }
}

/** Requests up to this size are encoded into one buffer that all share: what a write does not take at once is copied. */
const small = Buffer.allocUnsafeSlow(128 * 1024);
