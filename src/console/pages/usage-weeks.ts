// Draws long spans by weeks: hundreds of bars a pixel or two wide tell nobody anything, and their table fills the page.
// Pure; every day is in exactly one week.
import type { Bucket, Step } from './usage-buckets.ts';
import { type Counters, NO_COUNTERS, type UsageBucket } from './usage-model.ts';

/** Days that are still drawn one by one. */
export const DAYS_DRAWN_MAX = 120;
const DAYS_PER_WEEK = 7;

export interface DrawnBuckets {
  readonly buckets: readonly Bucket[];
  /** Of the buckets of `step`, how many one of these stands for; the last one may stand for fewer. */
  readonly daysPerStep: number;
}

/** Seven days from the first day on, and so forth. Spans that are short enough, and hours, stay as they are. */
export function drawnBuckets(buckets: readonly Bucket[], step: Step, daysMax = DAYS_DRAWN_MAX): DrawnBuckets {
  if (step === 'hour' || buckets.length <= daysMax) return { buckets, daysPerStep: 1 };
  const weeks: Bucket[] = [];
  for (let at = 0; at < buckets.length; at += DAYS_PER_WEEK) {
    const first = buckets[at] as Bucket;
    const last = buckets[Math.min(at + DAYS_PER_WEEK, buckets.length) - 1] as Bucket;
    weeks.push(last === first ? first : { ...first, label: `${first.label} to ${last.label}` });
  }
  return { buckets: weeks, daysPerStep: DAYS_PER_WEEK };
}

export interface DrawnUsage {
  readonly buckets: readonly UsageBucket[];
  readonly daysPerStep: number;
}

/** The same for buckets that carry what was counted in them: a week counts what its days do. */
export function drawnUsage(days: readonly UsageBucket[], step: Step, daysMax: number): DrawnUsage {
  const { buckets, daysPerStep } = drawnBuckets(days, step, daysMax);
  if (daysPerStep === 1) return { buckets: days, daysPerStep };
  const weeks = buckets.map((bucket, at) => {
    const its = days.slice(at * daysPerStep, (at + 1) * daysPerStep);
    return { ...bucket, counters: sumOf(its.map((day) => day.counters)) };
  });
  return { buckets: weeks, daysPerStep };
}

function sumOf(all: readonly Counters[]): Counters {
  const names = Object.keys(NO_COUNTERS) as (keyof Counters)[];
  const sums = names.map((name) => [name, all.reduce((sum, each) => sum + each[name], 0)] as const);
  return Object.fromEntries(sums) as unknown as Counters;
}
