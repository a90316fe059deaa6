// A look at the bytes of chat chunks that reads no JSON and makes no text: most chunks carry a few characters of output and
// nothing else, and parsing all of them would be the largest cost of a stream, in time and in garbage.

const START = Buffer.from('data: {');
/** The keys that matter; `skimValue` tells them apart by their length first. */
const USAGE = Buffer.from('usage');
const ERROR = Buffer.from('error');
const FINISH_REASON = Buffer.from('finish_reason');
const OUTPUT_KEYS = ['content', 'reasoning', 'arguments', 'reasoning_content'].map((key) => Buffer.from(key));

const LINE_FEED = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** What a value of a key means for the chunk, beside the number of its output's bytes. */
const NO_OUTPUT = -1;
const HOLDS_FACT = -2;

/**
 * Bytes of output in whole events that carry output only, or null when the events must be read properly: they may hold
 * a fact, are not whole, or have another form. `bytes` must begin where an event begins.
 */
export function skimChunk(bytes: Uint8Array): number | null {
  if (bytes.length === 0) return null;
  let count = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    if (!holds(bytes, at, START)) return null;
    for (at += START.length; bytes[at] !== LINE_FEED; at++) {
      if (at >= bytes.length) return null;
      if (bytes[at] !== QUOTE) continue;
      const open = at + 1;
      const close = closingQuote(bytes, open);
      if (close < 0) return null;
      at = close;
      const next = bytes[close + 1];
      if (next === COMMA || next === CLOSE_BRACE || next === CLOSE_BRACKET) continue;
      if (next !== COLON) return null;
      const value = bytes[close + 2] === SPACE ? close + 3 : close + 2;
      const output = skimValue(bytes, open, close, value);
      if (output === HOLDS_FACT) return null;
      if (output === NO_OUTPUT) continue;
      count += output;
      // The value's closing quote.
      at = value + 1 + output;
    }
    if (bytes[at + 1] !== LINE_FEED) return null;
  }
  return count;
}

/** The value at `value` of the key in `bytes[open..close)`: the bytes of its output, or one of the two marks above. */
function skimValue(bytes: Uint8Array, open: number, close: number, value: number): number {
  const begins = bytes[value];
  switch (close - open) {
    case ERROR.length:
      if (holds(bytes, open, ERROR)) return HOLDS_FACT;
      return begins === OPEN_BRACE && holds(bytes, open, USAGE) ? HOLDS_FACT : NO_OUTPUT;
    case FINISH_REASON.length:
      return begins === QUOTE && holds(bytes, open, FINISH_REASON) ? HOLDS_FACT : NO_OUTPUT;
    default:
      return begins === QUOTE && isOutputKey(bytes, open, close)
        ? lengthOfString(bytes, value + 1)
        : NO_OUTPUT;
  }
}

function isOutputKey(bytes: Uint8Array, open: number, close: number): boolean {
  for (const key of OUTPUT_KEYS) if (key.length === close - open && holds(bytes, open, key)) return true;
  return false;
}

/** A string that does not end here is not whole, and neither is its event. */
function lengthOfString(bytes: Uint8Array, open: number): number {
  const close = closingQuote(bytes, open);
  return close < 0 ? HOLDS_FACT : close - open;
}

/** Index of the quote that ends the string whose first character is at `from`; -1 when it does not end on its line. */
function closingQuote(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
    else if (byte === LINE_FEED) return -1;
  }
  return -1;
}

function holds(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return false;
  return true;
}
