// Guarantee: every value of the outermost object is found where it stands, whatever is in it and however it is spaced, and how
// deep it goes is counted.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readOutline } from '../../src/lib/json-spans.ts';

const SPACES = fc.constantFrom('', ' ', '\n\t ', '\r\n');

/** As JSON.stringify writes it, with white space wherever RFC 8259 (section 2) allows it in the outermost object. */
function spaced(object: Record<string, unknown>, indent: number, space: string): string {
  const members = Object.entries(object).map(
    ([key, value]) =>
      `${space}${JSON.stringify(key)}${space}:${space}${JSON.stringify(value, null, indent)}${space}`,
  );
  return `${space}{${members.length === 0 ? space : members.join(',')}}${space}`;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test('the values of all keys of any object', () => {
  const anything = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue());
  fc.assert(
    fc.property(anything, fc.nat(3), SPACES, (given, indent, space) => {
      const text = spaced(given, indent, space);
      const object = JSON.parse(text) as Record<string, unknown>;
      const { members, close, depth, repeated } = readOutline(text, Object.keys(object));
      expect(members.map(({ key }) => key).sort()).toEqual(Object.keys(object).sort());
      for (const { key, start, end } of members)
        expect(text.slice(start, end)).toBe(JSON.stringify(object[key], null, indent));
      expect(text.slice(close).trim()).toBe('}');
      expect([depth, repeated]).toEqual([depthOf(object), null]);
    }),
    { numRuns: 2_000 },
  );
});

test('a key that is repeated is named, however it is spelt; others are left out', () => {
  const text = '{"a":1,"b":[{"a":2}],"b":3,"\\u0061":"}","c":"\\\\","a":{"a":3}}';
  const { members, repeated } = readOutline(text, ['a', 'c']);
  expect(repeated).toBe('a');
  expect(members.map(({ key, start, end }) => [key, text.slice(start, end)])).toEqual([
    ['a', '1'],
    ['c', '"\\\\"'],
  ]);
});

test('a body of nothing but repetitions is read in one pass and holds nothing', () => {
  const text = `{${'"a":1,'.repeat(1_000_000)}"b":1}`;
  const started = performance.now();
  expect(readOutline(text, ['a', 'b']).members).toHaveLength(2);
  expect(performance.now() - started).toBeLessThan(2_000);
});
