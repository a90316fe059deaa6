// When a budget's period begins and ends. Days are calendar days of a stated time zone, so a day may have 23 or 25 hours.
// Built on Temporal, which knows every zone's transitions; never counts in multiples of 24 hours.

export const BUDGET_PERIODS = ['day', 'week', 'month', 'forever'] as const;
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

/** Half open: a moment belongs when `startMs <= moment < endMs`. `forever` runs from minus to plus infinity. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

export const FOREVER: Span = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

/** The period that holds `timeMs`. Weeks begin on Monday (ISO 8601). Throws RangeError on an unknown time zone. */
export function spanAt(period: BudgetPeriod, timeZone: string, timeMs: number): Span {
  if (period === 'forever') return FOREVER;
  const today = Temporal.Instant.fromEpochMilliseconds(Math.floor(timeMs))
    .toZonedDateTimeISO(timeZone)
    .toPlainDate();
  const first = firstDay(period, today);
  const next = first.add(LENGTHS[period]);
  return { startMs: dayStartMs(first, timeZone), endMs: dayStartMs(next, timeZone) };
}

const QUARTER_NS = 900_000_000_000;

/**
 * True for an IANA zone (`Europe/Berlin`), `UTC`, or a fixed offset (`+02:00`). Days must begin on a quarter of an hour,
 * as they do in every zone of today: what was spent is kept by quarters.
 */
export function isTimeZone(name: string): boolean {
  try {
    const now = Temporal.Instant.from('2026-01-01T00:00Z').toZonedDateTimeISO(name);
    return now.offsetNanoseconds % QUARTER_NS === 0;
  } catch {
    return false;
  }
}

const LENGTHS = { day: { days: 1 }, week: { days: 7 }, month: { months: 1 } } as const;

function firstDay(period: 'day' | 'week' | 'month', today: Temporal.PlainDate): Temporal.PlainDate {
  if (period === 'day') return today;
  if (period === 'week') return today.subtract({ days: today.dayOfWeek - 1 });
  return today.with({ day: 1 });
}

/** The first moment of a date; later than 00:00 where a transition skips midnight. */
function dayStartMs(date: Temporal.PlainDate, timeZone: string): number {
  return date.toZonedDateTime(timeZone).epochMilliseconds;
}
