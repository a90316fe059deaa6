// Draws long spans by weeks: hundreds of bars a pixel or two wide tell nobody anything, and their table fills the page.
// Pure; every day is in exactly one week, so that the sums stay what they were.
import type { Series } from '../views/chart-scale.ts';
import type { Bucket } from './usage-buckets.ts';

/** Days that are still drawn one by one. */
export const DAYS_DRAWN_MAX = 120;
const DAYS_PER_WEEK = 7;

export interface Drawn {
  readonly buckets: readonly Bucket[];
  readonly series: readonly Series[];
}

/** Seven days from the first day on, and so forth; the last week may be shorter. Spans that are short enough stay as they are. */
export function byWeeks({ buckets, series }: Drawn): Drawn {
  if (buckets.length <= DAYS_DRAWN_MAX) return { buckets, series };
  return {
    buckets: weeksOf(buckets).map((days) => {
      const [first] = days as [Bucket, ...Bucket[]];
      const last = days.at(-1) ?? first;
      return last === first ? first : { ...first, label: `${first.label} to ${last.label}` };
    }),
    series: series.map((each) => ({ ...each, values: weeksOf(each.values).map(sumOf) })),
  };
}

function weeksOf<T>(days: readonly T[]): (readonly T[])[] {
  return Array.from({ length: Math.ceil(days.length / DAYS_PER_WEEK) }, (_, week) =>
    days.slice(week * DAYS_PER_WEEK, (week + 1) * DAYS_PER_WEEK),
  );
}

/** Null when nothing is known of any of the days. */
function sumOf(values: readonly (number | null)[]): number | null {
  return values.reduce((sum, value) => (value === null ? sum : (sum ?? 0) + value), null);
}
