// Days and hours as a person's clock shows them: where they begin in UTC, through every change of the clock. Pure.
// Built on Temporal, like limits/budget-period.ts.

/** From `fromMs` on the zone is `offsetMs` ahead of UTC, until the next span. */
export interface OffsetSpan {
  readonly fromMs: number;
  readonly offsetMs: number;
}

export interface TimeRange {
  readonly sinceMs: number;
  /** Not included. */
  readonly untilMs: number;
}

/** No zone has changed its clock more often than this within the longest range that is asked for. */
const SPANS_MAX = 1_000;
const NANOSECONDS_PER_MS = 1_000_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The offsets that hold between the two times, oldest first; the first begins at `sinceMs`. Throws RangeError on an unknown zone. */
export function offsetSpans(timeZone: string, { sinceMs, untilMs }: TimeRange): OffsetSpan[] {
  let at = zoned(timeZone, sinceMs);
  const spans: OffsetSpan[] = [{ fromMs: sinceMs, offsetMs: at.offsetNanoseconds / NANOSECONDS_PER_MS }];
  while (spans.length < SPANS_MAX) {
    const next = at.getTimeZoneTransition('next');
    if (!next || next.epochMilliseconds >= untilMs) return spans;
    spans.push({ fromMs: next.epochMilliseconds, offsetMs: next.offsetNanoseconds / NANOSECONDS_PER_MS });
    at = next;
  }
  return spans;
}

/** The last `days` calendar days of the zone, today included: from the first one's midnight to the end of today. */
export function lastDays(timeZone: string, nowMs: number, days: number): TimeRange {
  const today = zoned(timeZone, nowMs).toPlainDate();
  return {
    sinceMs: startOf(today.subtract({ days: days - 1 }), timeZone),
    untilMs: startOf(today.add({ days: 1 }), timeZone),
  };
}

/** When each day of the zone begins, from the day that holds `sinceMs` to the last before `untilMs`, ascending. */
export function dayStarts(timeZone: string, { sinceMs, untilMs }: TimeRange): number[] {
  const around = { sinceMs: sinceMs - 3 * DAY_MS, untilMs: untilMs + 3 * DAY_MS };
  const changes = offsetSpans(timeZone, around)
    .slice(1)
    .map((span) => span.fromMs);
  const starts: number[] = [];
  let at = dayStartMs(timeZone, dayLabel(timeZone, sinceMs));
  while (at < untilMs) {
    starts.push(at);
    const [from, to] = [at - DAY_MS, at + DAY_MS];
    // Days have 24 hours except around a change of the clock, where the calendar is asked; a year of asking takes 20 ms.
    const isPlain = !changes.some((change) => change >= from && change <= to);
    // 26 hours on is always the next day and never the one after: days have 23 to 25 hours.
    at = isPlain ? to : dayStartMs(timeZone, dayLabel(timeZone, at + 26 * HOUR_MS));
  }
  return starts;
}

/** `2026-11-23` to the moment that day begins in the zone. Throws RangeError on a text that is no date. */
export function dayStartMs(timeZone: string, day: string): number {
  return startOf(Temporal.PlainDate.from(day), timeZone);
}

/** Calendar day of a moment: `2026-11-23`. */
export function dayLabel(timeZone: string, timeMs: number): string {
  return zoned(timeZone, timeMs).toPlainDate().toString();
}

/** Hour of a moment with its offset, so that the hour that comes twice has two names: `2026-10-25T02:00+01:00`. */
export function hourLabel(timeZone: string, timeMs: number): string {
  const at = zoned(timeZone, timeMs);
  return `${at.toPlainDateTime().toString({ smallestUnit: 'minute' })}${at.offset}`;
}

function startOf(date: Temporal.PlainDate, timeZone: string): number {
  return date.toZonedDateTime(timeZone).epochMilliseconds;
}

function zoned(timeZone: string, timeMs: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(timeMs)).toZonedDateTimeISO(timeZone);
}
