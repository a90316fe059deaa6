// Draws long spans by weeks: hundreds of bars a pixel or two wide tell nobody anything, and their table fills the page.
// Pure; every day is in exactly one week.
import type { Bucket, Step } from './usage-buckets.ts';

/** Days that are still drawn one by one. */
export const DAYS_DRAWN_MAX = 120;
const DAYS_PER_WEEK = 7;

export interface DrawnBuckets {
  readonly buckets: readonly Bucket[];
  /** Of the buckets of `step`, how many one of these stands for; the last one may stand for fewer. */
  readonly daysPerStep: number;
}

/** Seven days from the first day on, and so forth. Spans that are short enough, and hours, stay as they are. */
export function drawnBuckets(buckets: readonly Bucket[], step: Step): DrawnBuckets {
  if (step === 'hour' || buckets.length <= DAYS_DRAWN_MAX) return { buckets, daysPerStep: 1 };
  const weeks: Bucket[] = [];
  for (let at = 0; at < buckets.length; at += DAYS_PER_WEEK) {
    const first = buckets[at] as Bucket;
    const last = buckets[Math.min(at + DAYS_PER_WEEK, buckets.length) - 1] as Bucket;
    weeks.push(last === first ? first : { ...first, label: `${first.label} to ${last.label}` });
  }
  return { buckets: weeks, daysPerStep: DAYS_PER_WEEK };
}
