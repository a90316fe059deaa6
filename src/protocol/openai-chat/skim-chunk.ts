// A look at the bytes of chat chunks that makes no strings: most chunks carry a few characters of output and nothing
// else, and decoding all of them would be the largest cost of a stream, in time and in garbage.

const FACTS = ['"usage":{', '"usage": {', '"finish_reason":"', '"finish_reason": "', '"error"', '[DONE]'].map(
  (text) => Buffer.from(text),
);
const OUTPUT_FIELDS = ['"content":"', '"reasoning_content":"', '"reasoning":"', '"arguments":"'].map((text) =>
  Buffer.from(text),
);
const LINE_FEED = 10;
const QUOTE = 34;
const BACKSLASH = 92;
const START = Buffer.from('data: {');
const { indexOf } = Buffer.prototype;

/**
 * Bytes of output in whole events that carry output only, or null when the events must be read properly: they may hold
 * a fact, are not whole, or have another form. `bytes` must begin where an event begins.
 */
export function skimChunk(bytes: Uint8Array): number | null {
  const { byteLength } = bytes;
  if (bytes[byteLength - 1] !== LINE_FEED || bytes[byteLength - 2] !== LINE_FEED) return null;
  for (let at = 0; at < START.byteLength; at++) if (bytes[at] !== START[at]) return null;
  for (const fact of FACTS) if (indexOf.call(bytes, fact) >= 0) return null;
  let count = 0;
  for (const field of OUTPUT_FIELDS) count += outputBytes(bytes, field);
  return count;
}

/** Length of all values of one field, in bytes: for estimates only. */
function outputBytes(bytes: Uint8Array, field: Buffer): number {
  let count = 0;
  for (let at = indexOf.call(bytes, field); at >= 0; at = indexOf.call(bytes, field, at)) {
    const from = at + field.byteLength;
    let end = bytes.indexOf(QUOTE, from);
    while (end > 0 && bytes[end - 1] === BACKSLASH) end = bytes.indexOf(QUOTE, end + 1);
    if (end < 0) return count;
    count += end - from;
    at = end;
  }
  return count;
}
