// The usage views that me, one user and the house share: summary, by day, by hour and by each dimension.
// A list of routes for one subject; who may ask and whose usage it is, the caller says.
import { z } from 'zod';
import { type CsvCell, csvLine } from '../../core/csv.ts';
import { dayLabel, hourLabel, lastDays, type TimeRange } from '../../core/time-zone.ts';
import { usageTotals } from '../../store/usage-reading.ts';
import type { Dimension } from '../../store/usage-scopes.ts';
import { usageSeries } from '../../store/usage-series.ts';
import { type SplitSubject, usageShares } from '../../store/usage-shares.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { ValidationFault } from './api-error.ts';
import { nameValues } from './name-values.ts';
import { type Access, defineRoute, RawAnswer, type Route, type RouteInput } from './route.ts';
import { time } from './schemas.ts';
import { showTotals, totalsShape } from './usage-shapes.ts';

const DAYS_MAX = 365;
/** Hours are for the last days: a year of them is no list for people. */
const HOUR_DAYS_MAX = 31;
const SHARES_MAX = 1_000;

/** Whose usage a set of routes tells. */
export interface UsageView {
  readonly path: string;
  readonly access: Access;
  readonly tag: string;
  readonly dimensions: readonly Dimension[];
  readonly params?: z.ZodType;
  /** Throws `object_not_found` when the path names nobody. */
  readonly subjectOf: (input: RouteInput<unknown, unknown, unknown>) => Promise<SplitSubject>;
}

const timeZone = z
  .string()
  .max(64)
  .default('UTC')
  .refine(isTimeZone, { message: 'Not an IANA time zone such as Europe/Berlin' });

const rangeQuery = {
  days: z.coerce.number().int().min(1).max(DAYS_MAX).default(30),
  since: time.optional().meta({ description: 'Instead of days; with until.' }),
  until: time.optional(),
  time_zone: timeZone,
  format: z.enum(['json', 'csv']).default('json'),
};

export function usageViewRoutes(parts: ConsoleParts, view: UsageView): Route[] {
  return [
    summary(parts, view),
    series(parts, view, 'day'),
    series(parts, view, 'hour'),
    ...view.dimensions.map((by) => shares(parts, view, by)),
  ];
}

function summary(parts: ConsoleParts, view: UsageView): Route {
  return defineRoute({
    ...head(view, 'summary'),
    summary: 'Totals, all time unless a range is given',
    query: z.strictObject({ since: time.optional(), until: time.optional() }),
    answer: z.object(totalsShape),
    handle: async (input) => {
      const { since, until } = input.query;
      const sinceMs = since === undefined ? 0 : Date.parse(since);
      const untilMs = until === undefined ? parts.clock.nowMs() + 1 : Date.parse(until);
      const subject = await view.subjectOf(input);
      return showTotals(await usageTotals(parts.store.read, { subject, sinceMs, untilMs }));
    },
  });
}

function series(parts: ConsoleParts, view: UsageView, step: 'day' | 'hour'): Route {
  const daysMax = step === 'hour' ? HOUR_DAYS_MAX : DAYS_MAX;
  const days = z.coerce
    .number()
    .int()
    .min(1)
    .max(daysMax)
    .default(step === 'hour' ? 2 : 30);
  return defineRoute({
    ...head(view, `by-${step}`),
    summary: `Totals by ${step} of the asker's clock, ascending; ${step}s without requests are absent`,
    query: z.strictObject({ ...rangeQuery, days }),
    answer: z.object({
      days: z.number().int(),
      time_zone: z.string(),
      rows: z.array(z.object({ [step]: z.string(), ...totalsShape })),
    }),
    handle: async (input) => {
      const { query } = input;
      const range = rangeOf(query, { nowMs: parts.clock.nowMs(), daysMax });
      const subject = await view.subjectOf(input);
      const question = { subject, ...range, step, timeZone: query.time_zone };
      const { rows } = await usageSeries(parts.store.read, question);
      const label = step === 'day' ? dayLabel : hourLabel;
      const told = rows.map((row) => ({ [step]: label(query.time_zone, row.startMs), ...showTotals(row) }));
      if (query.format === 'csv') return toCsv(told, `usage-by-${step}.csv`);
      return { days: query.days, time_zone: query.time_zone, rows: told };
    },
  });
}

function shares(parts: ConsoleParts, view: UsageView, by: Dimension): Route {
  return defineRoute({
    ...head(view, `by-${by}`),
    summary: `Totals by ${by}, most requests first`,
    query: z.strictObject(rangeQuery),
    answer: z.object({
      days: z.number().int(),
      rows: z.array(z.object({ ...labelShape(by), ...totalsShape })),
    }),
    handle: async (input) => {
      const { query } = input;
      const range = rangeOf(query, { nowMs: parts.clock.nowMs(), daysMax: DAYS_MAX });
      const subject = await view.subjectOf(input);
      const { rows } = await usageShares(parts.store.read, { subject, by, limit: SHARES_MAX, ...range });
      const ordered = rows.toSorted((a, b) => b.requests - a.requests || (a.value < b.value ? -1 : 1));
      const labels = await nameValues(parts.store.read, { by, values: ordered.map((row) => row.value) });
      const told = ordered.map((row, at) => ({ ...labels[at], ...showTotals(row) }));
      if (query.format === 'csv') return toCsv(told, `usage-by-${by}.csv`);
      return { days: query.days, rows: told };
    },
  });
}

function head(view: UsageView, name: string) {
  return {
    method: 'GET' as const,
    path: `${view.path}/${name}`,
    access: view.access,
    tag: view.tag,
    ...(view.params ? { params: view.params, failures: [404] } : {}),
  };
}

function labelShape(by: Dimension): Record<string, z.ZodType> {
  const text = z.string().nullable();
  if (by === 'user') return { user_id: text, username: text };
  if (by === 'key') return { api_key_id: text, name: text };
  return { [by]: text };
}

interface RangeQuery {
  readonly days: number;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly time_zone: string;
}

/** Whole days of the asker's clock, today included, or the given range. */
function rangeOf(query: RangeQuery, facts: { readonly nowMs: number; readonly daysMax: number }): TimeRange {
  const { since, until } = query;
  if (since === undefined && until === undefined) return lastDays(query.time_zone, facts.nowMs, query.days);
  const untilMs = until === undefined ? facts.nowMs : Date.parse(until);
  const sinceMs = since === undefined ? untilMs - query.days * 86_400_000 : Date.parse(since);
  if (sinceMs < untilMs && untilMs - sinceMs <= facts.daysMax * 86_400_000) return { sinceMs, untilMs };
  const msg = `since must lie before until, by at most ${facts.daysMax} days`;
  throw new ValidationFault([{ type: 'range', loc: ['query', 'since'], msg }]);
}

function toCsv(rows: readonly Readonly<Record<string, CsvCell>>[], fileName: string): RawAnswer {
  const names = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => csvLine(names.map((name) => row[name] ?? null)));
  return new RawAnswer([csvLine(names), ...lines].join(''), 'text/csv; charset=utf-8', fileName);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
