// Guarantee: a long span drawn by weeks holds every day once and says which days a week has.
import { expect, test } from 'bun:test';
import { NO_COUNTERS } from '../../src/console/pages/usage-model.ts';
import { DAYS_DRAWN_MAX, drawnBuckets, drawnUsage } from '../../src/console/pages/usage-weeks.ts';

const buckets = (count: number) =>
  Array.from({ length: count }, (_, day) => ({
    startMs: day * 86_400_000,
    label: `day ${day}`,
    tick: `${day}`,
  }));

test('spans that are short enough stay day by day, and hours stay hours', () => {
  const days = buckets(DAYS_DRAWN_MAX);
  expect(drawnBuckets(days, 'day')).toEqual({ buckets: days, daysPerStep: 1 });
  const hours = buckets(DAYS_DRAWN_MAX + 100);
  expect(drawnBuckets(hours, 'hour')).toEqual({ buckets: hours, daysPerStep: 1 });
});

test('a year is 53 weeks, the last one of a day', () => {
  const { buckets: weeks, daysPerStep } = drawnBuckets(buckets(365), 'day');
  expect([weeks.length, daysPerStep]).toEqual([53, 7]);
  expect(weeks[0]).toEqual({ startMs: 0, label: 'day 0 to day 6', tick: '0' });
  expect(weeks[51]?.label).toBe('day 357 to day 363');
  expect(weeks[52]).toEqual({ startMs: 364 * 86_400_000, label: 'day 364', tick: '364' });
});

test('a week counts what its days do, and days that are few enough are left alone', () => {
  const days = buckets(61).map((bucket, day) => ({
    ...bucket,
    counters: { ...NO_COUNTERS, requests: day, costNanoUsd: 1 },
  }));
  expect(drawnUsage(days, 'day', 61)).toEqual({ buckets: days, daysPerStep: 1 });
  const { buckets: weeks } = drawnUsage(days, 'day', 60);
  expect(weeks.length).toBe(9);
  expect(weeks[0]).toMatchObject({ label: 'day 0 to day 6', counters: { requests: 21, costNanoUsd: 7 } });
  expect(weeks[8]?.counters).toEqual({ ...NO_COUNTERS, requests: 56 + 57 + 58 + 59 + 60, costNanoUsd: 5 });
  expect(weeks.reduce((sum, week) => sum + week.counters.requests, 0)).toBe((60 * 61) / 2);
});
