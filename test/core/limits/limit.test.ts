// Guarantee: a limit that makes no sense cannot be set, a raise ends by itself, and people read limits in plain words.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  amountAt,
  amountText,
  type Limit,
  limitFault,
  limitName,
  moneyText,
} from '../../../src/core/limits/limit.ts';
import { sampleLimit } from '../../support/samples.ts';

const fault = (changes: Partial<Limit>) => limitFault(sampleLimit(changes));

test('sound limits have no fault', () => {
  expect(fault({})).toBeNull();
  expect(fault({ scope: 'house', scopeId: null })).toBeNull();
  expect(
    fault({ kind: 'budget_money', period: 'month', timeZone: 'Europe/Berlin', allowUnpriced: true }),
  ).toBeNull();
  expect(fault({ amount: 0 })).toBeNull();
  expect(fault({ raisedAmount: 20, raisedUntilMs: 5 })).toBeNull();
});

const FAULTS: [changes: Partial<Limit>, says: RegExp][] = [
  [{ scope: 'house' }, /names nobody/],
  [{ scope: 'user', scopeId: null }, /names nobody/],
  [{ kind: 'budget_tokens' }, /needs a period: day, week, month, forever/],
  [{ period: 'day' }, /Only a budget/],
  [{ amount: -1 }, /whole number from 0/],
  [{ amount: 1.5 }, /whole number from 0/],
  [{ amount: Number.NaN }, /whole number from 0/],
  [{ amount: 9_000_000_000_000_001 }, /whole number from 0/],
  [{ timeZone: 'Berlin' }, /'Berlin' is no time zone/],
  [{ warnPercent: 0 }, /1 to 100/],
  [{ warnPercent: 101 }, /1 to 100/],
  [{ allowUnpriced: true }, /Only a money budget/],
  [{ raisedAmount: 20 }, /both an amount and an end/],
  [{ raisedUntilMs: 20 }, /both an amount and an end/],
  [{ raisedAmount: 10, raisedUntilMs: 5 }, /above the amount/],
  [{ raisedAmount: 20, raisedUntilMs: 9e15 }, /its end a time/],
];
for (const [changes, says] of FAULTS) {
  test(`refused: ${JSON.stringify(changes)}`, () => expect(fault(changes)).toMatch(says));
}

test('a raise is in force until its end, and not at it', () => {
  const limit = sampleLimit({ amount: 10, raisedAmount: 50, raisedUntilMs: 1_000 });
  expect([0, 999, 1_000].map((time) => amountAt(limit, time))).toEqual([50, 50, 10]);
});

test('names and amounts in words', () => {
  expect(limitName({ kind: 'budget_money', period: 'month', scope: 'key' })).toBe(
    'monthly budget of this key',
  );
  expect(limitName({ kind: 'requests_per_minute', period: null, scope: 'house' })).toBe(
    'requests per minute of this server',
  );
  expect(amountText('tokens_per_minute', 40_000)).toBe('40,000 tokens');
  expect(amountText('concurrent_requests', 1)).toBe('1 request');
});

test('money keeps its last digit', () => {
  const texts: [number, string][] = [
    [0, '$0.00'],
    [12_500_000_000, '$12.50'],
    [1, '$0.000000001'],
    [1_234_567_000_000_001, '$1,234,567.000000001'],
    [120_000, '$0.00012'],
    [-500_000_000, '-$0.50'],
  ];
  for (const [nano, text] of texts) expect(moneyText(nano)).toBe(text);
  fc.assert(
    fc.property(fc.nat(8_999_999), fc.nat(999_999_999), (dollars, nanos) => {
      const text = moneyText(dollars * 1_000_000_000 + nanos).replace(/[$,]/g, '');
      const [whole = '', rest = ''] = text.split('.');
      expect(Number(whole)).toBe(dollars);
      expect(Number(rest.padEnd(9, '0'))).toBe(nanos);
    }),
  );
});
