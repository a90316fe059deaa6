// A part of bytes that have come. JavaScriptCore keeps small arrays in its own heap, where they cost nothing to free; a view
// of one takes it out of there and gives it a buffer of its own, which is freed by itself in a pause of the collector. A
// stream of small chunks makes tens of thousands of them a second.

/** Arrays up to this length lie in the heap (`fastSizeLimit`, in JSArrayBufferView.h). */
const SMALL_BYTES_MAX = 1_000;

/** A copy where that is cheaper than a view, else a view: not to be written to. */
export function pieceOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (start === 0 && end === bytes.length) return bytes;
  return end - start <= SMALL_BYTES_MAX ? copyOf(bytes, start, end) : bytes.subarray(start, end);
}

/** Keeps nothing of `bytes` alive. A Buffer's own `slice` would be a view. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end);
}
