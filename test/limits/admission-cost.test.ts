// Guarantee: with every kind of limit set on key, user and house, an admission and its end cost under 10 µs at the median.
import { expect, test } from 'bun:test';
import { ADMISSION_MEDIAN_MAX_US, measureAdmission } from '../../bench/limits-bench.ts';

test('the median admission with 33 limits stays under its bound', () => {
  const figures = measureAdmission({ rounds: 120, perRound: 500 });
  const median = figures[Math.floor(figures.length / 2)] ?? Number.NaN;
  console.log(`admit + settle with 33 limits: ${median.toFixed(2)} us at the median`);
  expect(median).toBeLessThan(ADMISSION_MEDIAN_MAX_US);
});
