// Server-sent events (WHATWG HTML, section 9.2) cut from bytes that may be split anywhere. Bounded memory; never throws.

export interface SseEvent {
  /** The `event:` field, or null. */
  readonly event: string | null;
  /** The `data:` lines joined by a line feed; empty when there were none. */
  readonly data: string;
}

/** An event larger than this is dropped from reading (never from relaying); faults.md U7 asks for a bound. */
export const SSE_EVENT_CHARS_MAX = 16 * 1024 * 1024;

export interface SseParser {
  /** The events completed by these bytes. */
  readonly push: (bytes: Uint8Array) => SseEvent[];
  /** True between events: the next byte begins a new one. */
  readonly idle: () => boolean;
  /** The last event when the stream ended without its blank line. */
  readonly end: () => SseEvent[];
}

export function createSseParser(): SseParser {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let dropped = false;

  function take(text: string): SseEvent[] {
    const buffer = rest === '' ? text : rest + text;
    const events: SseEvent[] = [];
    let start = 0;
    for (;;) {
      const boundary = findBoundary(buffer, start);
      if (!boundary) break;
      if (!dropped) pushEvent(events, buffer.slice(start, boundary.at));
      dropped = false;
      start = boundary.next;
    }
    rest = start === 0 ? buffer : buffer.slice(start);
    if (rest.length > SSE_EVENT_CHARS_MAX) {
      rest = rest.slice(-3);
      dropped = true;
    }
    return events;
  }

  return {
    push: (bytes) => take(decoder.decode(bytes, { stream: true })),
    idle: () => rest === '' && !dropped,
    end: () => {
      const events = take(decoder.decode());
      if (!dropped) pushEvent(events, rest);
      rest = '';
      return events;
    },
  };
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
