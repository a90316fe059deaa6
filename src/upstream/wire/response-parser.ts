// Cuts HTTP/1.1 answers (RFC 9112) out of bytes that may be split anywhere: one answer at a time, bounded, never lenient.
// Takes the transfer coding off and hands on the bodies' own bytes, those that came together together.
import { copyOf, pieceOf } from '../../lib/piece-of.ts';
import { latin1IndexOf, latin1Slice } from '../../lib/raw-text.ts';
import { BadAnswer, type Framing, framingOf, keepsAlive, ResponseHead } from './response-head.ts';

export interface AnswerEvents {
  readonly onHead: (head: ResponseHead, framing: Framing) => void;
  readonly onBody: (bytes: Uint8Array) => void;
  /** `reusable`: the connection may carry another request. */
  readonly onEnd: (reusable: boolean) => void;
}

/** A head larger than this is refused (faults.md U14). */
export const HEAD_BYTES_MAX = 64 * 1024;
/** A chunk's size line with its extensions, and each trailer line. */
const LINE_BYTES_MAX = 4 * 1024;
const TRAILER_BYTES_MAX = 16 * 1024;

type State = 'head' | 'fixed' | 'close' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'done';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SEMICOLON = 59;
const SPACE = 32;
const TAB = 9;
/** More would be a chunk of 4 GB. */
const SIZE_DIGITS_MAX = 8;

export class ResponseParser {
  readonly #events: AnswerEvents;
  #state: State = 'head';
  /** Bytes of a head or a line that is not complete. */
  #kept: Uint8Array | null = null;
  /** Bytes left of a counted body or chunk. */
  #left = 0;
  #keepsAlive = false;
  #trailerBytes = 0;
  /** What of the body came in this read: mostly one piece. */
  #first: Uint8Array | null = null;
  #others: Uint8Array[] = [];

  constructor(events: AnswerEvents) {
    this.#events = events;
  }

  /** Forgets the answer before; call it before each request. */
  reset(): void {
    this.#state = 'head';
    this.#kept = null;
    this.#trailerBytes = 0;
  }

  /** Throws BadAnswer; the connection is of no use after that. */
  push(input: Uint8Array): void {
    if (this.#state === 'size' && this.#kept === null && this.#isLoneChunk(input)) return;
    const bytes = this.#kept ? Buffer.concat([this.#kept, input]) : input;
    this.#kept = null;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#step(bytes, at);
      if (next < 0) {
        // A view would keep the whole of what came alive.
        this.#kept = copyOf(bytes, at, bytes.length);
        break;
      }
      at = next;
    }
    this.#flush();
  }

  /** The connection has ended. False when the answer was not complete by then. */
  finish(): boolean {
    if (this.#state !== 'close') return this.#state === 'done';
    this.#end();
    return true;
  }

  /** Nearly every read of a stream is one whole chunk: handed on with nothing kept. False, and nothing done, for all else. */
  #isLoneChunk(bytes: Uint8Array): boolean {
    let size = 0;
    let at = 0;
    for (; at <= SIZE_DIGITS_MAX; at++) {
      const digit = hexDigit(bytes[at] ?? 0);
      if (digit < 0) break;
      size = size * 16 + digit;
    }
    const from = at + 2;
    const end = from + size;
    const isWhole = at > 0 && at <= SIZE_DIGITS_MAX && size > 0 && end + 2 === bytes.length;
    if (!isWhole || !isLineEnd(bytes, at) || !isLineEnd(bytes, end)) return false;
    this.#events.onBody(pieceOf(bytes, from, end));
    return true;
  }

  /** Consumes what it can from `at`; the next position, or -1 when more bytes are needed. */
  #step(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at);
      case 'fixed':
      case 'chunk':
        return this.#readCounted(bytes, at);
      case 'close':
        this.#collect(pieceOf(bytes, at, bytes.length));
        return bytes.length;
      case 'size':
        return this.#readSize(bytes, at);
      case 'chunk-end':
        return this.#readChunkEnd(bytes, at);
      case 'trailer':
        return this.#readTrailer(bytes, at);
      case 'done':
        throw new BadAnswer('The provider sent bytes that nobody asked for.');
    }
  }

  #readHead(bytes: Uint8Array, at: number): number {
    const end = latin1IndexOf(bytes, '\r\n\r\n', at);
    if (end < 0 ? bytes.length - at > HEAD_BYTES_MAX : end - at > HEAD_BYTES_MAX)
      throw new BadAnswer('The headers of the answer are too large.');
    if (end < 0) return -1;
    const head = new ResponseHead(latin1Slice(bytes, at, end));
    if (head.status < 200) {
      if (head.status === 101) throw new BadAnswer('The provider switched protocols unasked.');
      return end + 4;
    }
    const framing = framingOf(head);
    this.#keepsAlive = keepsAlive(head, framing);
    this.#events.onHead(head, framing);
    if (framing === 'chunked') this.#state = 'size';
    else if (framing === 'close') this.#state = 'close';
    else if (framing === 0) this.#end();
    else {
      this.#state = 'fixed';
      this.#left = framing;
    }
    return end + 4;
  }

  #readCounted(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#collect(pieceOf(bytes, at, end));
    this.#left -= end - at;
    if (this.#left > 0) return end;
    if (this.#state === 'fixed') {
      this.#end();
      return end;
    }
    this.#state = 'chunk-end';
    return bytes.length - end < 2 ? end : this.#readChunkEnd(bytes, end);
  }

  #readSize(bytes: Uint8Array, at: number): number {
    let size = 0;
    let end = at;
    for (; end < bytes.length; end++) {
      const digit = hexDigit(bytes[end] ?? 0);
      if (digit < 0) break;
      size = size * 16 + digit;
    }
    const lineFeed = isLineEnd(bytes, end) ? end + 1 : this.#endOfSizeLine(bytes, at, end);
    if (lineFeed < 0) return -1;
    if (end === at || end - at > SIZE_DIGITS_MAX)
      throw new BadAnswer('A chunk of the answer has no size one can believe.');
    const from = lineFeed + 1;
    this.#left = size;
    this.#state = size === 0 ? 'trailer' : 'chunk';
    // Nearly always all of the chunk is here.
    return size > 0 && from < bytes.length ? this.#readCounted(bytes, from) : from;
  }

  /** For sizes with an extension behind them, and for what is not complete or no size. -1 when more bytes are needed. */
  #endOfSizeLine(bytes: Uint8Array, at: number, end: number): number {
    const lineFeed = lineEnd(bytes, at) + 1;
    if (lineFeed === 0) return -1;
    const after = bytes[end];
    if (end === at || (after !== SEMICOLON && after !== SPACE && after !== TAB))
      throw new BadAnswer('A chunk of the answer has no size.');
    return lineFeed;
  }

  #readChunkEnd(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < 2) return -1;
    if (!isLineEnd(bytes, at)) throw new BadAnswer('A chunk of the answer is longer than its size.');
    this.#state = 'size';
    return at + 2;
  }

  #readTrailer(bytes: Uint8Array, at: number): number {
    const end = lineEnd(bytes, at);
    if (end < 0) return -1;
    this.#trailerBytes += end - at;
    if (this.#trailerBytes > TRAILER_BYTES_MAX)
      throw new BadAnswer('The trailers of the answer are too large.');
    if (end === at) this.#end();
    return end + 2;
  }

  #end(): void {
    this.#flush();
    this.#state = 'done';
    this.#events.onEnd(this.#keepsAlive);
  }

  /** What came in one read goes on in one piece: many small chunks are one write to the caller. */
  #flush(): void {
    const first = this.#first;
    if (first === null) return;
    this.#first = null;
    if (this.#others.length === 0) {
      this.#events.onBody(first);
      return;
    }
    const bytes = Buffer.concat([first, ...this.#others]);
    this.#others = [];
    this.#events.onBody(bytes);
  }

  #collect(piece: Uint8Array): void {
    if (this.#first === null) this.#first = piece;
    else this.#others.push(piece);
  }
}

/** Index of the CR of the line that begins at `at`; -1 when it is not complete. Throws BadAnswer for a line without CR. */
function lineEnd(bytes: Uint8Array, at: number): number {
  const feed = bytes.indexOf(LINE_FEED, at);
  if ((feed < 0 ? bytes.length : feed) - at > LINE_BYTES_MAX)
    throw new BadAnswer('A line of the answer is too long.');
  if (feed < 0) return -1;
  if (feed === at || bytes[feed - 1] !== CARRIAGE_RETURN)
    throw new BadAnswer('A line of the answer has no proper end.');
  return feed - 1;
}

function isLineEnd(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === LINE_FEED;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
