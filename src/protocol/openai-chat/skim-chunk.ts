// A look at the bytes of chat chunks that reads no JSON: most chunks carry a few characters of output and nothing else,
// and parsing all of them would be the largest cost of a stream, in time and in garbage.
import { latin1Slice } from '../../lib/raw-text.ts';

const OUTPUT_FIELDS = ['"content":"', '"reasoning_content":"', '"reasoning":"', '"arguments":"'] as const;
const START = 'data: {';
const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACE = 123;

/**
 * Bytes of output in whole events that carry output only, or null when the events must be read properly: they may hold
 * a fact, are not whole, or have another form. `bytes` must begin where an event begins.
 */
export function skimChunk(bytes: Uint8Array): number | null {
  // What is looked for is ASCII, and no byte of another character is.
  const text = latin1Slice(bytes, 0, bytes.byteLength);
  if (!text.endsWith('\n\n') || !text.startsWith(START)) return null;
  if (hasValue(text, '"usage":', OPEN_BRACE) || hasValue(text, '"finish_reason":', QUOTE)) return null;
  if (text.includes('"error"') || text.includes('[DONE]')) return null;
  let count = 0;
  for (let at = 0; at < OUTPUT_FIELDS.length; at++) count += outputBytes(text, OUTPUT_FIELDS[at] ?? '');
  return count;
}

/** Whether the key has a value that begins so, anywhere; mostly it is null. */
function hasValue(text: string, key: string, begin: number): boolean {
  for (let at = text.indexOf(key); at >= 0; at = text.indexOf(key, at + 1)) {
    const value = at + key.length;
    const code = text.charCodeAt(value);
    if (code === begin || (code === SPACE && text.charCodeAt(value + 1) === begin)) return true;
  }
  return false;
}

/** Length of all values of one field, in bytes: for estimates only. */
function outputBytes(text: string, field: string): number {
  let count = 0;
  for (let at = text.indexOf(field); at >= 0; at = text.indexOf(field, at)) {
    const from = at + field.length;
    let end = text.indexOf('"', from);
    while (end > 0 && text.charCodeAt(end - 1) === BACKSLASH) end = text.indexOf('"', end + 1);
    if (end < 0) return count;
    count += end - from;
    at = end;
  }
  return count;
}
