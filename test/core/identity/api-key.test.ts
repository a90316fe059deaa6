// Guarantee: a key has the promised form, and its checksum tells a real key from a typo.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { formatApiKey, isWellFormedApiKey } from '../../../src/core/identity/api-key.ts';

const random = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('every key is tg_ and 49 characters of base 62, and well formed', () => {
  fc.assert(
    fc.property(random, (bytes) => {
      const key = formatApiKey(bytes);
      expect(key).toMatch(/^tg_[0-9A-Za-z]{49}$/);
      expect(isWellFormedApiKey(key)).toBe(true);
    }),
  );
});

test('one changed character is noticed', () => {
  fc.assert(
    fc.property(random, fc.integer({ min: 3, max: 51 }), (bytes, at) => {
      const key = formatApiKey(bytes);
      const other = key[at] === 'a' ? 'b' : 'a';
      expect(isWellFormedApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
    }),
  );
});
