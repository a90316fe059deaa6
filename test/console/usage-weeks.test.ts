// Guarantee: a long span drawn by weeks holds every day once, adds up to the same, and says which days a week has.
import { expect, test } from 'bun:test';
import { byWeeks, DAYS_DRAWN_MAX } from '../../src/console/pages/usage-weeks.ts';

const bucket = (day: number) => ({ startMs: day * 86_400_000, label: `day ${day}`, tick: `${day}` });
const days = (count: number) => Array.from({ length: count }, (_, day) => day);

test('spans that are short enough stay day by day', () => {
  const drawn = {
    buckets: days(DAYS_DRAWN_MAX).map(bucket),
    series: [{ name: 'a', values: days(DAYS_DRAWN_MAX) }],
  };
  expect(byWeeks(drawn)).toEqual(drawn);
});

test('a year is 53 weeks, the last one of a day, and no use is lost', () => {
  const { buckets, series } = byWeeks({
    buckets: days(365).map(bucket),
    series: [
      { name: 'a', values: days(365) },
      { name: 'before', values: days(365).map((day) => (day < 7 ? null : 1)), before: true },
    ],
  });
  expect(buckets.length).toBe(53);
  expect(buckets[0]).toEqual({ startMs: 0, label: 'day 0 to day 6', tick: '0' });
  expect(buckets[52]).toEqual({ startMs: 364 * 86_400_000, label: 'day 364', tick: '364' });
  const sum = (values: readonly (number | null)[] = []) =>
    values.reduce<number>((all, each) => all + (each ?? 0), 0);
  expect(sum(series[0]?.values)).toBe((364 * 365) / 2);
  expect(series[0]?.values[0]).toBe(21);
  expect(series[1]).toMatchObject({ name: 'before', before: true });
  expect(series[1]?.values[0]).toBeNull();
  expect(sum(series[1]?.values)).toBe(358);
});
