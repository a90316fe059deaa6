// What the usage explorer was asked, read from the address. Anything odd becomes a default: an address is not a form.
import { dayLabel, dayStartMs, lastDays, type TimeRange } from '../../core/time-zone.ts';
import { DIMENSIONS, type Dimension, pairOf } from '../../store/usage-scopes.ts';
import { BUCKETS_MAX } from './usage-buckets.ts';
import type { ExplorerQuery } from './usage-page.tsx';

const DEFAULT_DAYS = 30;
const HOURS_DAYS_MAX = 14;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const WORD_CHARS_MAX = 300;

export interface Asked {
  readonly query: ExplorerQuery;
  readonly range: TimeRange;
  readonly by: Dimension;
  readonly and: Dimension | null;
  /** What it is narrowed to, null for everything the scope has. */
  readonly only: { readonly kind: Dimension; readonly value: string } | null;
  readonly step: 'day' | 'hour';
  readonly sort: { readonly by: string; readonly down: boolean };
}

export function readUsageQuery(
  params: URLSearchParams,
  facts: { readonly scope: 'me' | 'house'; readonly timeZone: string; readonly nowMs: number },
): Asked {
  const { scope, timeZone, nowMs } = facts;
  const word = (name: string) => (params.get(name) ?? '').trim().slice(0, WORD_CHARS_MAX);
  const only = onlyOf(word('only'), scope);
  const by = splitBy(dimensionOf(word('by'), scope) ?? (scope === 'house' ? 'user' : 'model'), only);
  const second = dimensionOf(word('and'), scope);
  const and = second !== null && pairOf(by, second) !== null ? second : null;
  const standard = lastDays(timeZone, nowMs, DEFAULT_DAYS);
  const since = startOf(timeZone, word('since')) ?? standard.sinceMs;
  const lastDay = startOf(timeZone, word('until')) ?? startOf(timeZone, dayLabel(timeZone, nowMs)) ?? nowMs;
  const from = Math.min(since, lastDay);
  const untilMs = startOf(timeZone, dayLabel(timeZone, lastDay + 26 * HOUR_MS)) ?? lastDay + DAY_MS;
  const sinceMs = Math.max(from, untilMs - BUCKETS_MAX * DAY_MS);
  const days = (untilMs - sinceMs) / DAY_MS;
  const step = word('bucket') === 'hour' && days <= HOURS_DAYS_MAX ? 'hour' : 'day';
  const measure =
    (['cost', 'tokens', 'requests'] as const).find((each) => each === word('measure')) ?? 'cost';
  const sort = word('sort') || '-cost';
  return {
    range: { sinceMs, untilMs },
    only,
    by,
    and,
    step,
    sort: { by: sort.replace(/^-/, ''), down: sort.startsWith('-') },
    query: {
      measure,
      by,
      and: and ?? '',
      bucket: step,
      since: dayLabel(timeZone, sinceMs),
      until: dayLabel(timeZone, untilMs - 1),
      only: word('only'),
      compare: word('compare') === '1',
    },
  };
}

/**
 * By what it can be split: one value of a dimension only by itself and by those it is counted together with, otherwise by
 * user. The form shows what was taken.
 */
function splitBy(asked: Dimension, only: Asked['only']): Dimension {
  if (only === null || only.kind === asked || pairOf(only.kind, asked) !== null) return asked;
  return 'user';
}

/** `model:openai/gpt-5`. One person can narrow to a key: finer roll-ups are not kept. */
function onlyOf(word: string, scope: 'me' | 'house'): Asked['only'] {
  const [, name = '', value = ''] = /^(\w+):(.*)$/s.exec(word) ?? [];
  const kind = DIMENSIONS.find((each) => each === name);
  if (!kind || (scope === 'me' && kind !== 'key')) return null;
  return { kind, value };
}

function dimensionOf(word: string, scope: 'me' | 'house'): Dimension | null {
  const found = DIMENSIONS.find((each) => each === word) ?? null;
  return found === 'user' && scope === 'me' ? null : found;
}

/** The beginning of a day written as 2026-11-23, or null for a text that is none. */
function startOf(timeZone: string, day: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  try {
    return dayStartMs(timeZone, day);
  } catch {
    return null;
  }
}
