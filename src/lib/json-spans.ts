// Reads JSON text without rebuilding it: finds values of top-level keys, so that one value can be exchanged and every other
// byte stays as it came, and how deep it goes. The text must be valid JSON of an object: callers have parsed it already.

export interface JsonSpan {
  /** Index of the value's first character. */
  readonly start: number;
  /** Index after its last character. */
  readonly end: number;
}

export interface TextEdit extends JsonSpan {
  readonly text: string;
}

export interface TopLevel {
  /** Spans by key, in order; more than one when the key is repeated. */
  readonly spans: ReadonlyMap<string, readonly JsonSpan[]>;
  /** Index of the closing brace of the object. */
  readonly close: number;
  readonly empty: boolean;
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const COMMA = 44;
const COLON = 58;

/** One pass that leaps over strings with native search, so that megabytes of base64 cost next to nothing. */
export function findTopLevel(text: string, keys: readonly string[]): TopLevel {
  const spans = new Map<string, JsonSpan[]>();
  let depth = 0;
  let key: string | null = null;
  let valueStart = -1;
  let empty = true;
  let at = 0;
  const endValue = (end: number) => {
    if (key !== null && valueStart >= 0 && keys.includes(key))
      addSpan(spans, key, trimmed(text, valueStart, end));
    key = null;
    valueStart = -1;
  };
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = stringEnd(text, at);
      if (depth === 1 && key === null) {
        key = readKey(text, at, end);
        empty = false;
      }
      at = end - 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) {
        endValue(at);
        break;
      }
    } else if (depth === 1 && code === COLON && valueStart < 0) valueStart = at + 1;
    else if (depth === 1 && code === COMMA) endValue(at);
  }
  return { spans, close: at, empty };
}

/** Whether values are nested in each other more than `most` times. Leaps over strings as findTopLevel does. */
export function isNestedDeeper(text: string, most: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > most) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
  }
  return false;
}

/** The text with each span replaced; spans must not overlap. */
export function splice(text: string, edits: readonly TextEdit[]): string {
  const [only] = edits;
  if (!only) return text;
  if (edits.length === 1) return text.slice(0, only.start) + only.text + text.slice(only.end);
  let result = '';
  let from = 0;
  for (const edit of inOrder(edits)) {
    result += text.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return result + text.slice(from);
}

/** As splice, for a text whose UTF-8 is at hand: parts of these bytes with the edits between them. Nothing long is copied. */
export function spliceBytes(bytes: Uint8Array, text: string, edits: readonly TextEdit[]): Uint8Array[] {
  const isAscii = bytes.length === text.length;
  const bytesBetween = (start: number, end: number) =>
    isAscii ? end - start : Buffer.byteLength(text.slice(start, end));
  const parts: Uint8Array[] = [];
  let from = 0;
  let fromByte = 0;
  for (const edit of inOrder(edits)) {
    const startByte = fromByte + bytesBetween(from, edit.start);
    parts.push(bytes.subarray(fromByte, startByte), Buffer.from(edit.text));
    fromByte = startByte + bytesBetween(edit.start, edit.end);
    from = edit.end;
  }
  parts.push(bytes.subarray(fromByte));
  return parts;
}

function inOrder(edits: readonly TextEdit[]): TextEdit[] {
  return [...edits].sort((a, b) => a.start - b.start);
}

function addSpan(spans: Map<string, JsonSpan[]>, key: string, span: JsonSpan): void {
  const known = spans.get(key);
  if (known) known.push(span);
  else spans.set(key, [span]);
}

/** Index after the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}

/** Keys may be written with escapes (`"\u006dodel"`): they mean the same key to whoever parses. */
function readKey(text: string, start: number, end: number): string {
  const raw = text.slice(start, end);
  return raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}

function trimmed(text: string, start: number, end: number): JsonSpan {
  let from = start;
  let to = end;
  while (from < to && text.charCodeAt(from) <= 32) from += 1;
  while (to > from && text.charCodeAt(to - 1) <= 32) to -= 1;
  return { start: from, end: to };
}
