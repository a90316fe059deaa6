// Server-sent events (WHATWG HTML, section 9.2) cut from bytes that may be split anywhere. Bounded memory; never throws.
import { utf8Slice } from '../lib/raw-text.ts';

export interface SseEvent {
  /** The `event:` field, or null. */
  readonly event: string | null;
  /** The `data:` lines joined by a line feed; empty when there were none. */
  readonly data: string;
}

/** An event larger than this is dropped from reading (never from relaying); faults.md U7 asks for a bound. */
export const SSE_EVENT_CHARS_MAX = 16 * 1024 * 1024;

const FIRST_BYTE_BEYOND_ASCII = 0x80;

/** A class with fields of its own: a stream looks at its parser for every chunk that comes. */
export class SseParser {
  #rest = '';
  #dropped = false;
  /** Made when a read ends within a character. */
  #decoder: TextDecoder | null = null;

  /** True between events: the next byte begins a new one. */
  get idle(): boolean {
    return this.#rest === '' && !this.#dropped;
  }

  /** The events completed by these bytes. */
  push(bytes: Uint8Array): SseEvent[] {
    return this.#take(this.#decode(bytes));
  }

  /** The last event when the stream ended without its blank line. */
  end(): SseEvent[] {
    const events = this.#take(this.#decoder?.decode() ?? '');
    if (!this.#dropped) pushEvent(events, this.#rest);
    this.#rest = '';
    return events;
  }

  /** Reads nearly always end with a line: a character cannot be cut there. */
  #decode(bytes: Uint8Array): string {
    const last = bytes[bytes.length - 1];
    if (!this.#decoder && (last === undefined || last < FIRST_BYTE_BEYOND_ASCII))
      return utf8Slice(bytes, 0, bytes.length);
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
    return this.#decoder.decode(bytes, { stream: true });
  }

  #take(text: string): SseEvent[] {
    const buffer = this.#rest === '' ? text : this.#rest + text;
    const events: SseEvent[] = [];
    let start = 0;
    for (;;) {
      const boundary = findBoundary(buffer, start);
      if (!boundary) break;
      if (!this.#dropped) pushEvent(events, buffer.slice(start, boundary.at));
      this.#dropped = false;
      start = boundary.next;
    }
    this.#rest = start === 0 ? buffer : buffer.slice(start);
    if (this.#rest.length > SSE_EVENT_CHARS_MAX) {
      this.#rest = this.#rest.slice(-3);
      this.#dropped = true;
    }
    return events;
  }
}

/** The next blank line: LF LF, CR LF CR LF, or CR CR. A trailing CR waits, since an LF may follow. */
function findBoundary(text: string, from: number): { at: number; next: number } | null {
  const lf = text.indexOf('\n\n', from);
  const cr = text.indexOf('\r', from);
  if (cr < 0 || (lf >= 0 && lf < cr)) return lf < 0 ? null : { at: lf, next: lf + 2 };
  const pattern = /(\r\n|\n|\r(?!$))(\r\n|\n|\r(?!$))/g;
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match ? { at: match.index, next: match.index + match[0].length } : null;
}

function pushEvent(events: SseEvent[], block: string): void {
  if (block === '') return;
  if (block.startsWith('data: ') && block.indexOf('\n') < 0 && block.indexOf('\r') < 0) {
    events.push({ event: null, data: block.slice(6) });
    return;
  }
  let event: string | null = null;
  const data: string[] = [];
  for (const line of block.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    if (colon === 0 || line === '') continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
  }
  if (data.length > 0 || event !== null) events.push({ event, data: data.join('\n') });
}
