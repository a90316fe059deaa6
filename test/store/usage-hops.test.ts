// Guarantee: the hops of a range add up to exactly the range, with few counters, whatever its ends.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { hopsOf, nearestDay } from '../../src/store/usage-hops.ts';
import { DAY_MS, monthStartMs, SLOT_MS } from '../../src/store/usage-scopes.ts';

const FROM = Date.UTC(2019, 11, 1);
const slots = fc.integer({ min: 0, max: (5 * 366 * DAY_MS) / SLOT_MS }).map((slot) => FROM + slot * SLOT_MS);

test('each moment of the range is counted once and no other at all', () => {
  fc.assert(
    fc.property(slots, slots, fc.array(slots, { minLength: 20, maxLength: 20 }), (a, b, moments) => {
      const range = { sinceMs: Math.min(a, b), untilMs: Math.max(a, b) };
      const near = [a, b].flatMap((at) => [at - DAY_MS, at - SLOT_MS, at, at + SLOT_MS, at + DAY_MS]);
      for (const moment of [...moments, ...near, nearestDay(a), monthStartMs(b)]) {
        const times = hopsOf(range)
          .filter((hop) => moment >= hop.sinceMs && moment < hop.untilMs)
          .reduce((sum, hop) => sum + hop.sign, 0);
        expect(times).toBe(moment >= range.sinceMs && moment < range.untilMs ? 1 : 0);
      }
    }),
  );
});

test('hops lie on the buckets of their tables and read few of them', () => {
  fc.assert(
    fc.property(slots, slots, (a, b) => {
      const hops = hopsOf({ sinceMs: Math.min(a, b), untilMs: Math.max(a, b) });
      expect(hops.length).toBeLessThanOrEqual(5);
      const reach = (table: string) =>
        hops.reduce((sum, hop) => sum + (hop.table === table ? hop.untilMs - hop.sinceMs : 0), 0);
      expect(reach('usage_slots')).toBeLessThanOrEqual(DAY_MS);
      expect(reach('usage_days')).toBeLessThanOrEqual(31 * DAY_MS);
      for (const { table, sinceMs, untilMs } of hops) {
        const bucketOf = (at: number) =>
          table === 'usage_months' ? monthStartMs(at) : table === 'usage_days' ? nearestDay(at) : at;
        expect([bucketOf(sinceMs), bucketOf(untilMs)]).toEqual([sinceMs, untilMs]);
      }
    }),
  );
});

test('nothing is read for an empty range or one that runs backwards', () => {
  expect(hopsOf({ sinceMs: FROM, untilMs: FROM })).toEqual([]);
  expect(hopsOf({ sinceMs: FROM + SLOT_MS, untilMs: FROM })).toEqual([]);
});
