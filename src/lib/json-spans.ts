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

/** The value of a key of the outermost object. */
export interface Member extends JsonSpan {
  readonly key: string;
}

export interface Outline {
  /** Where the values of the keys that were asked for are, in order; of a repeated key the first. */
  readonly members: readonly Member[];
  /** The first of these keys that is repeated, null when none is. */
  readonly repeated: string | null;
  /** Index of the closing brace of the object. */
  readonly close: number;
  /** How deep values are nested in each other; 1 for an object of plain values. */
  readonly depth: number;
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const COMMA = 44;
const SPACE = 32;
const COLON_CHARS = 1;

/** One pass that leaps over strings with native search, so that megabytes of base64 cost next to nothing. */
export function readOutline(text: string, keys: readonly string[]): Outline {
  const members: Member[] = [];
  let repeated: string | null = null;
  let depth = 1;
  let at = afterSpace(text, text.indexOf('{') + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at);
    // The name as it was asked for: one cut out of the text would keep all of it alive.
    const key = keys[keys.indexOf(readKey(text, at, keyEnd))];
    const start = afterSpace(text, afterSpace(text, keyEnd) + COLON_CHARS);
    const value = readValue(text, start);
    const { end } = value;
    depth = Math.max(depth, 1 + value.depth);
    if (key !== undefined) {
      if (members.every((member) => member.key !== key)) members.push({ key, start, end });
      else repeated ??= key;
    }
    at = afterSpace(text, end);
    if (text.charCodeAt(at) === COMMA) at = afterSpace(text, at + 1);
  }
  return { members, repeated, close: at, depth };
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

function afterSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return at;
}

interface ValueRead {
  /** Index after its last character. */
  readonly end: number;
  /** How deep it is; 0 for a plain value. */
  readonly depth: number;
}

function readValue(text: string, start: number): ValueRead {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return { end: stringEnd(text, start), depth: 0 };
  if (code === OPEN_BRACE || code === OPEN_BRACKET) return readNested(text, start);
  let end = start + 1;
  for (; end < text.length; end++) {
    const next = text.charCodeAt(end);
    if (next === COMMA || next === CLOSE_BRACE || next <= SPACE) break;
  }
  return { end, depth: 0 };
}

/** From its opening bracket to the one that closes it. */
function readNested(text: string, start: number): ValueRead {
  let level = 0;
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      level += 1;
      if (level > depth) depth = level;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      level -= 1;
      if (level === 0) return { end: at + 1, depth };
    }
  }
  return { end: text.length, depth };
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
