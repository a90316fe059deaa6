// Guarantee: every value of the outermost object is found where it stands, whatever is in it and however it is spaced.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { findTopLevel } from '../../src/lib/json-spans.ts';

const SPACES = fc.constantFrom('', ' ', '\n\t ', '\r\n');

/** As JSON.stringify writes it, with white space wherever RFC 8259 (section 2) allows it in the outermost object. */
function spaced(object: Record<string, unknown>, indent: number, space: string): string {
  const members = Object.entries(object).map(
    ([key, value]) =>
      `${space}${JSON.stringify(key)}${space}:${space}${JSON.stringify(value, null, indent)}${space}`,
  );
  return `${space}{${members.length === 0 ? space : members.join(',')}}${space}`;
}

test('the values of all keys of any object', () => {
  const anything = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue());
  fc.assert(
    fc.property(anything, fc.nat(3), SPACES, (given, indent, space) => {
      const text = spaced(given, indent, space);
      const object = JSON.parse(text) as Record<string, unknown>;
      const { members, close } = findTopLevel(text, Object.keys(object));
      expect(members.map(({ key }) => key).sort()).toEqual(Object.keys(object).sort());
      for (const { key, start, end } of members)
        expect(text.slice(start, end)).toBe(JSON.stringify(object[key], null, indent));
      expect(text.slice(close).trim()).toBe('}');
    }),
    { numRuns: 2_000 },
  );
});

test('a key that is repeated is there as often, however it is spelt; others are left out', () => {
  const text = '{"a":1,"b":[{"a":2}],"\\u0061":"}","c":"\\\\","a":{"a":3}}';
  const { members } = findTopLevel(text, ['a']);
  expect(members.map(({ key, start, end }) => [key, text.slice(start, end)])).toEqual([
    ['a', '1'],
    ['a', '"}"'],
    ['a', '{"a":3}'],
  ]);
});
