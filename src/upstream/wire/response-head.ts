// The status and headers of an HTTP/1.1 answer, kept as the text they came in: most headers are never asked for.
// Judges how the body is framed (RFC 9112, section 6); whatever two readers could read differently is refused.

/** What came is no HTTP/1.1 answer that one can rely on. */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer';
  readonly code = 'BAD_ANSWER';
}

export class ResponseHead {
  readonly status: number;
  readonly #text: string;
  readonly #names: string;

  /** `text` is the status line and the header lines, without the blank line. Throws BadAnswer. */
  constructor(text: string) {
    this.status = statusOf(text);
    if (this.status < 0) throw new BadAnswer('The answer does not begin with an HTTP/1.1 status line.');
    this.#text = text;
    this.#names = text.toLowerCase();
    // A line that begins with a space continues the one before (obs-fold): readers disagree about it.
    if (text.includes('\n ') || text.includes('\n\t') || text.includes('\0'))
      throw new BadAnswer('The answer has a header that goes over two lines.');
  }

  /** The value without surrounding white space; several of one name joined by `, `; null when there is none. `name` in lower case. */
  get(name: string): string | null {
    const mark = markOf(name);
    let at = this.#names.indexOf(mark);
    if (at < 0) return null;
    let value = this.#valueAt(at + mark.length);
    for (at = this.#names.indexOf(mark, at + 1); at >= 0; at = this.#names.indexOf(mark, at + 1))
      value += `, ${this.#valueAt(at + mark.length)}`;
    return value;
  }

  forEach(visit: (value: string, name: string) => void): void {
    const seen = new Set<string>();
    for (let at = this.#names.indexOf('\n'); at >= 0; at = this.#names.indexOf('\n', at + 1)) {
      const colon = this.#names.indexOf(':', at);
      if (colon < 0) return;
      const name = this.#names.slice(at + 1, colon);
      if (seen.has(name)) continue;
      seen.add(name);
      visit(this.get(name) ?? '', name);
    }
  }

  get isHttp11(): boolean {
    return this.#text.charCodeAt(7) === 49;
  }

  #valueAt(start: number): string {
    const from = this.#text.charCodeAt(start) === SPACE ? start + 1 : start;
    const end = this.#text.indexOf('\r', from);
    return this.#text.slice(from, end < 0 ? undefined : end).trim();
  }
}

const SPACE = 32;
/** How a header's line begins, by its name. Names asked for are Tollgate's own, so there are few. */
const marks = new Map<string, string>();
const MARKS_MAX = 256;

function markOf(name: string): string {
  const known = marks.get(name);
  if (known !== undefined) return known;
  const mark = `\n${name}:`;
  if (marks.size < MARKS_MAX) marks.set(name, mark);
  return mark;
}

/** From `HTTP/1.1 200 OK`, which may lack its last word; -1 for anything else. */
function statusOf(text: string): number {
  const minor = text.charCodeAt(7);
  const after = text.length === 12 ? 13 : text.charCodeAt(12);
  if (!text.startsWith('HTTP/1.') || minor < 48 || minor > 49 || text.charCodeAt(8) !== 32) return -1;
  if (after !== 32 && after !== 13) return -1;
  let status = 0;
  for (let at = 9; at < 12; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    status = status * 10 + digit;
  }
  return status >= 100 && status < 600 ? status : -1;
}

/** How the body ends: after so many bytes, by its chunks, or with the connection. */
export type Framing = number | 'chunked' | 'close';

/** Throws BadAnswer where two readers could disagree about where the body ends. */
export function framingOf(head: ResponseHead): Framing {
  if (head.status === 204 || head.status === 304) return 0;
  const coding = head.get('transfer-encoding');
  const length = head.get('content-length');
  if (coding !== null) {
    if (coding.toLowerCase() !== 'chunked') throw new BadAnswer('The answer has an unknown transfer coding.');
    // The chunks decide (RFC 9112 6.3); a length beside them is a sign of tampering.
    if (length !== null) throw new BadAnswer('The answer has both a length and chunks.');
    return 'chunked';
  }
  if (length === null) return 'close';
  if (/^\d{1,15}$/.test(length)) return Number(length);
  const [first, ...others] = length.split(/\s*,\s*/);
  if (first === undefined || !/^\d{1,15}$/.test(first) || others.some((other) => other !== first))
    throw new BadAnswer('The answer has a length that is no number.');
  return Number(first);
}

/** Whether the connection may carry another request after this answer. */
export function keepsAlive(head: ResponseHead, framing: Framing): boolean {
  if (framing === 'close' || !head.isHttp11) return false;
  const connection = head.get('connection');
  return connection === null || !/(^|[\s,])close($|[\s,])/i.test(connection);
}
