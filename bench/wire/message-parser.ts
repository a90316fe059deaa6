// Cuts HTTP/1.1 messages out of bytes that may be split anywhere, for the mock and the driver alike.
// It is written for speed and for well-formed peers on loopback; it is never part of the product.

/** What one side of a connection wants to know of the messages it receives. */
export interface MessageEvents {
  /** Start line and headers, without the blank line. */
  readonly onHead: (head: string) => void;
  /** A piece of the body with the transfer coding taken off; valid only during the call. */
  readonly onBody: (bytes: Buffer) => void;
  readonly onEnd: () => void;
}

/** A head larger than this is a broken peer. */
const HEAD_BYTES_MAX = 64 * 1024;
const CHUNKED = -1;
const UNTIL_CLOSE = -2;

type State = 'head' | 'fixed' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'close';

/** One parser per connection; `push` may emit any number of messages. */
export class MessageParser {
  readonly #events: MessageEvents;
  readonly #response: boolean;
  #state: State = 'head';
  #rest: Buffer | null = null;
  #left = 0;
  #knownHead = '';
  #knownLength = 0;

  constructor(events: MessageEvents, kind: 'request' | 'response') {
    this.#events = events;
    this.#response = kind === 'response';
  }

  /** True between messages: nothing has been read of the next one. */
  get idle(): boolean {
    return this.#state === 'head' && this.#rest === null;
  }

  push(input: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, input]) : input;
    this.#rest = null;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#step(bytes, at);
      if (next < 0) {
        this.#rest = Buffer.from(bytes.subarray(at));
        if (this.#rest.length > HEAD_BYTES_MAX) throw new Error('a message head or chunk line is too long');
        return;
      }
      at = next;
    }
  }

  /** Consumes what it can from `at`; answers the next position, or -1 when more bytes are needed. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at);
      case 'fixed':
      case 'chunk':
        return this.#readCounted(bytes, at);
      case 'close':
        this.#events.onBody(bytes.subarray(at));
        return bytes.length;
      case 'size':
        return this.#readSize(bytes, at);
      case 'chunk-end':
        if (bytes.length - at < 2) return -1;
        this.#state = 'size';
        return at + 2;
      case 'trailer':
        return this.#readTrailer(bytes, at);
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\r\n\r\n', at, 'latin1');
    if (end < 0) return -1;
    const head = bytes.toString('latin1', at, end);
    const length = this.#lengthOf(head);
    this.#events.onHead(head);
    if (length === CHUNKED) this.#state = 'size';
    else if (length === UNTIL_CLOSE) this.#state = 'close';
    else if (length === 0) this.#events.onEnd();
    else {
      this.#state = 'fixed';
      this.#left = length;
    }
    return end + 4;
  }

  /** Heads repeat on a bench, so the last one is remembered. Responses differ by Date once a second. */
  #lengthOf(head: string): number {
    if (head === this.#knownHead) return this.#knownLength;
    this.#knownHead = head;
    this.#knownLength = bodyLength(head, this.#response);
    return this.#knownLength;
  }

  #readCounted(bytes: Buffer, at: number): number {
    const take = Math.min(this.#left, bytes.length - at);
    this.#events.onBody(bytes.subarray(at, at + take));
    this.#left -= take;
    if (this.#left > 0) return at + take;
    if (this.#state === 'chunk') this.#state = 'chunk-end';
    else {
      this.#state = 'head';
      this.#events.onEnd();
    }
    return at + take;
  }

  #readSize(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\r\n', at, 'latin1');
    if (end < 0) return -1;
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (!Number.isInteger(size)) throw new Error('a chunk size is not a number');
    this.#state = size === 0 ? 'trailer' : 'chunk';
    this.#left = size;
    return end + 2;
  }

  #readTrailer(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\r\n', at, 'latin1');
    if (end < 0) return -1;
    if (end === at) {
      this.#state = 'head';
      this.#events.onEnd();
    }
    return end + 2;
  }
}

function bodyLength(head: string, response: boolean): number {
  if (/\r\ntransfer-encoding:\s*chunked/i.test(head)) return CHUNKED;
  const length = /\r\ncontent-length:\s*(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return Number(length);
  return response && !/^HTTP\/1\.1 (204|304)/.test(head) ? UNTIL_CLOSE : 0;
}
