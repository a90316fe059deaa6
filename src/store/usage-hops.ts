// Covers a range of time with as few counters as can be: whole months in the middle, days and quarters of an hour at the ends.
// Counters only add up, so an end may also reach past itself to a nearer boundary and take back what lies beyond. Pure.
import { type RawBuilder, sql } from 'kysely';
import type { TimeRange } from '../core/time-zone.ts';
import { DAY_MS, floorTo, monthStartMs } from './usage-scopes.ts';

export type RollupTable = 'usage_slots' | 'usage_days' | 'usage_months';

/** A stretch of one roll-up, counted in or, with sign -1, taken off. */
export interface Hop extends TimeRange {
  readonly table: RollupTable;
  readonly sign: 1 | -1;
}

/** At most five hops whose sum is exactly the range, which must lie on quarters of an hour; none when it is empty. */
export function hopsOf({ sinceMs, untilMs }: TimeRange): readonly Hop[] {
  if (sinceMs >= untilMs) return [];
  const [first, last] = [nearestDay(sinceMs), nearestDay(untilMs)];
  if (first === last) return hop('usage_slots', sinceMs, untilMs);
  return [
    ...hop('usage_slots', sinceMs, first),
    ...daysAndMonths(first, last),
    ...hop('usage_slots', last, untilMs),
  ];
}

/** The UTC midnight that is nearest: half a day of finer counters at the most lies between. */
export function nearestDay(timeMs: number): number {
  return floorTo(timeMs + DAY_MS / 2, DAY_MS);
}

/** The buckets of the roll-up `r` that a hop reads. */
export function inHop({ sinceMs, untilMs }: Hop): RawBuilder<unknown> {
  return sql`r.bucket_ms >= ${sinceMs} AND r.bucket_ms < ${untilMs}`;
}

function daysAndMonths(firstDay: number, lastDay: number): readonly Hop[] {
  const [first, last] = [nearestMonth(firstDay), nearestMonth(lastDay)];
  if (first === last) return hop('usage_days', firstDay, lastDay);
  return [
    ...hop('usage_days', firstDay, first),
    ...hop('usage_months', first, last),
    ...hop('usage_days', last, lastDay),
  ];
}

function nearestMonth(timeMs: number): number {
  const before = monthStartMs(timeMs);
  // 31 days and a half after a month's first moment lies in the next month, and never in the one after.
  const after = monthStartMs(before + 31.5 * DAY_MS);
  return timeMs - before <= after - timeMs ? before : after;
}

function hop(table: RollupTable, fromMs: number, toMs: number): readonly Hop[] {
  if (fromMs === toMs) return [];
  if (fromMs < toMs) return [{ table, sinceMs: fromMs, untilMs: toMs, sign: 1 }];
  return [{ table, sinceMs: toMs, untilMs: fromMs, sign: -1 }];
}
