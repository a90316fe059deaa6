// Guarantee: a piece has the bytes that were asked for; a copy holds on to nothing, whatever kind of array it is of.
import { expect, test } from 'bun:test';
import { copyOf, pieceOf } from '../../src/lib/piece-of.ts';

const SIZES = [0, 1, 999, 1_000, 1_001, 70_000];
const KINDS = {
  Uint8Array: (size: number) => new Uint8Array(size),
  Buffer: (size: number) => Buffer.alloc(size),
};

for (const [kind, make] of Object.entries(KINDS))
  test(`pieces of a ${kind} of any size`, () => {
    for (const size of SIZES) {
      const bytes = make(size + 10);
      for (let at = 0; at < bytes.length; at++) bytes[at] = at % 251;
      const expected = Array.from({ length: size }, (_, at) => (at + 3) % 251);
      expect(Array.from(pieceOf(bytes, 3, size + 3))).toEqual(expected);
      expect(pieceOf(bytes, 0, bytes.length)).toBe(bytes);
      const copy = copyOf(bytes, 3, size + 3);
      bytes.fill(0);
      expect(Array.from(copy)).toEqual(expected);
    }
  });

test('a small piece is a copy in the heap, a large one a view', () => {
  const bytes = new Uint8Array(100_000);
  expect(pieceOf(bytes, 5, 505).buffer.byteLength).toBe(500);
  expect(pieceOf(bytes, 5, 50_005).buffer).toBe(bytes.buffer);
});
