// Guarantee: the beginnings of days, which are mostly reckoned by adding 24 hours, are those that the calendar tells.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { dayLabel, dayStartMs, dayStarts } from '../../src/core/time-zone.ts';

const DAY = 86_400_000;
// Changes at two in the morning, by half an hour, at midnight (a day that begins at one), and a day that was left out.
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Africa/Cairo',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Pacific/Apia',
];

test.each(ZONES)('every day of %s, through every change of the clock', (timeZone) => {
  fc.assert(
    fc.property(
      fc.integer({ min: Date.UTC(2011, 10, 1), max: Date.UTC(2027, 0, 1) }),
      fc.integer({ min: 1, max: 420 * DAY }),
      (sinceMs, length) => {
        const untilMs = sinceMs + length;
        const expected: number[] = [];
        let day = Temporal.PlainDate.from(dayLabel(timeZone, sinceMs));
        while (dayStartMs(timeZone, day.toString()) < untilMs) {
          const start = dayStartMs(timeZone, day.toString());
          // A day that was left out begins with the next one.
          if (start !== expected.at(-1)) expected.push(start);
          day = day.add({ days: 1 });
        }
        expect(dayStarts(timeZone, { sinceMs, untilMs })).toEqual(expected);
      },
    ),
    { numRuns: 20 },
  );
});
