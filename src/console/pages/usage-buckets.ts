// Days and hours of a span on the reader's clock, with the words for them. Pure; empty ones are there as well.
import { dayLabel, dayStarts, hourLabel, lastDays, type TimeRange } from '../../core/time-zone.ts';
import { moment } from '../views/format.ts';

export type Step = 'day' | 'hour';

export interface Bucket {
  readonly startMs: number;
  readonly label: string;
  readonly tick: string;
}

const HOUR_MS = 3_600_000;
/** A year of days and two weeks of hours are what a chart can still show. */
export const BUCKETS_MAX = 400;

export const RANGES = [
  { id: '24h', label: '24 hours', step: 'hour', days: 1 },
  { id: '7d', label: '7 days', step: 'day', days: 7 },
  { id: '30d', label: '30 days', step: 'day', days: 30 },
  { id: '90d', label: '90 days', step: 'day', days: 90 },
] as const satisfies readonly { id: string; label: string; step: Step; days: number }[];

export type RangeId = (typeof RANGES)[number]['id'];

/** The span that a range word means now; 24 hours end with the hour that runs. */
export function rangeOf(id: RangeId, timeZone: string, nowMs: number): TimeRange {
  const range = RANGES.find((each) => each.id === id);
  if (!range || range.step === 'hour') {
    const untilMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS + HOUR_MS;
    return { sinceMs: untilMs - 24 * HOUR_MS, untilMs };
  }
  return lastDays(timeZone, nowMs, range.days);
}

/** The equally long span that ends where this one begins. */
export function spanBefore({ sinceMs, untilMs }: TimeRange): TimeRange {
  return { sinceMs: sinceMs - (untilMs - sinceMs), untilMs: sinceMs };
}

/** Every bucket of the span, oldest first, at most BUCKETS_MAX. */
export function bucketsOf(range: TimeRange, step: Step, timeZone: string): readonly Bucket[] {
  if (step === 'day') {
    const starts = dayStarts(timeZone, range).slice(0, BUCKETS_MAX);
    return starts.map((startMs) => dayBucket(startMs, timeZone));
  }
  const buckets: Bucket[] = [];
  for (let at = range.sinceMs; at < range.untilMs && buckets.length < BUCKETS_MAX; at += HOUR_MS) {
    buckets.push(hourBucket(at, timeZone));
  }
  return buckets;
}

function dayBucket(startMs: number, timeZone: string): Bucket {
  return { startMs, label: dayLabel(timeZone, startMs), tick: moment(startMs, timeZone, 'short-day') };
}

function hourBucket(startMs: number, timeZone: string): Bucket {
  return { startMs, label: hourLabel(timeZone, startMs), tick: moment(startMs, timeZone, 'hour') };
}
