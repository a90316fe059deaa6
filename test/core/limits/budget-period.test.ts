// Guarantee: every moment lies in exactly one period, periods touch without gap or overlap, and they begin when
// the calendar of the stated zone says so, across DST, skipped midnights and a day that a country skipped.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { BUDGET_PERIODS, isTimeZone, spanAt } from '../../../src/core/limits/budget-period.ts';

const ms = (iso: string) => Date.parse(iso);
const iso = (time: number) => new Date(time).toISOString();

const CASES: [period: 'day' | 'week' | 'month', zone: string, at: string, start: string, end: string][] = [
  ['day', 'UTC', '2026-11-23T14:40:00Z', '2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z'],
  ['day', 'Europe/Berlin', '2026-03-29T10:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['day', 'Europe/Berlin', '2026-10-25T10:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  ['day', 'America/Santiago', '2022-09-11T12:00:00Z', '2022-09-11T04:00:00Z', '2022-09-12T03:00:00Z'],
  ['day', 'Pacific/Apia', '2011-12-29T20:00:00Z', '2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'],
  ['day', 'Asia/Kathmandu', '2026-01-01T18:14:59Z', '2025-12-31T18:15:00Z', '2026-01-01T18:15:00Z'],
  ['week', 'UTC', '2026-11-22T23:59:59Z', '2026-11-16T00:00:00Z', '2026-11-23T00:00:00Z'],
  ['week', 'UTC', '2026-11-23T00:00:00Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
  ['month', 'America/New_York', '2026-03-15T00:00:00Z', '2026-03-01T05:00:00Z', '2026-04-01T04:00:00Z'],
  ['month', 'UTC', '2024-02-29T12:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
  ['month', 'UTC', '2026-12-31T23:59:59Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
];

for (const [period, zone, at, start, end] of CASES) {
  test(`${period} in ${zone} at ${at}`, () => {
    const span = spanAt(period, zone, ms(at));
    expect([iso(span.startMs), iso(span.endMs)]).toEqual([iso(ms(start)), iso(ms(end))]);
  });
}

test('a 23-hour and a 25-hour day', () => {
  const hours = (at: string) => {
    const span = spanAt('day', 'Europe/Berlin', ms(at));
    return (span.endMs - span.startMs) / 3_600_000;
  };
  expect(hours('2026-03-29T10:00:00Z')).toBe(23);
  expect(hours('2026-10-25T10:00:00Z')).toBe(25);
});

test('every moment lies in its period, and the neighbours touch it', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/Havana', 'America/St_Johns', 'Pacific/Apia', 'Asia/Tehran'];
  fc.assert(
    fc.property(
      fc.constantFrom(...BUDGET_PERIODS),
      fc.constantFrom(...zones),
      fc.integer({ min: ms('2000-01-01'), max: ms('2040-01-01') }),
      (period, zone, time) => {
        const span = spanAt(period, zone, time);
        expect(span.startMs <= time && time < span.endMs).toBe(true);
        if (period === 'forever') return;
        expect(spanAt(period, zone, span.startMs)).toEqual(span);
        expect(spanAt(period, zone, span.endMs - 1)).toEqual(span);
        expect(spanAt(period, zone, span.endMs).startMs).toBe(span.endMs);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a time zone is known or it is not', () => {
  expect(['UTC', 'Europe/Berlin', '+02:00'].map(isTimeZone)).toEqual([true, true, true]);
  expect(['', 'Berlin', 'Mars/Olympus', '../etc', '+05:53'].some(isTimeZone)).toBe(false);
});

test('in every zone there is, days begin on a quarter of an hour', () => {
  const zones = Intl.supportedValuesOf('timeZone').filter(isTimeZone);
  expect(zones.length).toBe(Intl.supportedValuesOf('timeZone').length);
  for (const zone of zones) {
    for (let month = 0; month < 24; month++) {
      const span = spanAt('month', zone, Date.UTC(2026, month, 15));
      expect([zone, span.startMs % 900_000, span.endMs % 900_000]).toEqual([zone, 0, 0]);
    }
  }
});
