// The runtime's own conversions between text and bytes, without the argument juggling of `Buffer.write` and `toString`:
// hot paths call them several times a request. Node has them as well; its types leave them out.

interface RawText {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string;
  readonly utf8Slice: (this: Uint8Array, start: number, end: number) => string;
  readonly indexOf: (this: Uint8Array, text: string, from: number, encoding: 'latin1') => number;
  readonly latin1Write: (this: Uint8Array, text: string, offset: number) => number;
  readonly utf8Write: (this: Uint8Array, text: string, offset: number) => number;
}

const raw = Buffer.prototype as unknown as RawText;

/** Bytes as characters, one each. */
export function latin1Slice(bytes: Uint8Array, start: number, end: number): string {
  return raw.latin1Slice.call(bytes, start, end);
}

/** What stands in a text for bytes that were none. */
export const REPLACED = '\uFFFD';

/** UTF-8 as text, with REPLACED for what is none. A byte order mark stays a character. */
export function utf8Slice(bytes: Uint8Array, start: number, end: number): string {
  return raw.utf8Slice.call(bytes, start, end);
}

/** Where `text` stands first from `from` on; -1 when it does not. */
export function latin1IndexOf(bytes: Uint8Array, text: string, from: number): number {
  return raw.indexOf.call(bytes, text, from, 'latin1');
}

/** Characters up to U+00FF as bytes; the number written, which is less than the text when it does not fit. */
export function latin1Write(target: Uint8Array, text: string, offset: number): number {
  return raw.latin1Write.call(target, text, offset);
}

/** As latin1Write, in UTF-8; never half a character. */
export function utf8Write(target: Uint8Array, text: string, offset: number): number {
  return raw.utf8Write.call(target, text, offset);
}
