// Guarantee: money is what was typed, to the last digit, and what is no amount is refused.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readUsd, readWholeNumber, writeUsd } from '../../../src/core/limits/read-amount.ts';

test('amounts as people write them', () => {
  const cases: [text: string, amount: number | null][] = [
    ['25', 25_000_000_000],
    ['0.50', 500_000_000],
    ['$1,000.000000001', 1_000_000_000_001],
    [' 3 ', 3_000_000_000],
    ['1e3', null],
    ['-1', null],
    ['.5', null],
    ['', null],
    ['12345678', null],
    ['0.0000000001', null],
  ];
  for (const [text, amount] of cases) expect([text, readUsd(text)]).toEqual([text, amount]);
  expect(['1_000', '1,000,000', '0', '1.5', '', '-2', '99999999999999999'].map(readWholeNumber)).toEqual([
    1_000,
    1_000_000,
    0,
    null,
    null,
    null,
    null,
  ]);
});

test('what is written is read again as the same', () => {
  fc.assert(fc.property(fc.nat(9_000_000_000_000_000), (nano) => expect(readUsd(writeUsd(nano))).toBe(nano)));
});
