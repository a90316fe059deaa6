// How numbers, money and times are written for people. Pure; never rounds a known number to nothing.

const COUNT = new Intl.NumberFormat('en-US');
const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
// Made once: toLocaleString makes a format of its own for every number, a chart of a year has thousands.
const CENTS = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const COMPACT_FROM = 100_000;
const NANO_PER_USD = 1_000_000_000;
const ZONES_MAX = 600;
const CHANGE_PERCENT_MAX = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What a missing number looks like everywhere: a dash, never a zero. */
export const NOTHING = '–';

/** A count with thousands separators; null is a dash. */
export function count(value: number | null): string {
  return value === null ? NOTHING : COUNT.format(value);
}

/** A count for tiles and axes: exact below 100,000, then 1.2M. */
export function compactCount(value: number | null): string {
  if (value === null) return NOTHING;
  return Math.abs(value) < COMPACT_FROM ? COUNT.format(value) : COMPACT.format(value);
}

/** Nano-dollars as dollars with as many digits as carry meaning; null is a dash. */
export function money(nanoUsd: number | null): string {
  if (nanoUsd === null) return NOTHING;
  const usd = nanoUsd / NANO_PER_USD;
  const size = Math.abs(usd);
  if (size === 0) return '$0.00';
  if (size >= 1_000_000) return `$${COMPACT.format(usd)}`;
  if (size >= 10_000) return `$${COUNT.format(Math.round(usd))}`;
  if (size >= 0.995) return `$${CENTS.format(usd)}`;
  if (size < 0.000001) return '<$0.000001';
  const digits = Math.max(2, Math.min(6, 1 - Math.floor(Math.log10(size))));
  return `$${usd.toFixed(digits)}`;
}

/** A duration in the unit people would use; null is a dash. */
export function duration(ms: number | null): string {
  if (ms === null) return NOTHING;
  if (ms === 0) return '0 ms';
  if (ms < 1) return '<1 ms';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < MINUTE_MS) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min ${Math.round((ms % MINUTE_MS) / 1_000)} s`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h ${Math.round((ms % HOUR_MS) / MINUTE_MS)} min`;
  return `${Math.floor(ms / DAY_MS)} days`;
}

/** A share as a percentage; null when there is nothing to divide. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return NOTHING;
  const value = (100 * part) / whole;
  if (value > 0 && value < 0.1) return '<0.1%';
  return `${value.toFixed(value < 10 && value > 0 ? 1 : 0)}%`;
}

/** Change against an earlier number, `+12%`; null when the earlier one is zero or so small that a percentage says nothing. */
export function change(now: number, before: number): string | null {
  if (before === 0) return null;
  const value = (100 * (now - before)) / before;
  if (Math.abs(value) >= CHANGE_PERCENT_MAX) return null;
  return `${value > 0 ? '+' : value < 0 ? '−' : '±'}${Math.abs(value).toFixed(0)}%`;
}

/** How long ago or ahead, in one unit: `3 min ago`, `in 2 days`. */
export function relative(ms: number, nowMs: number): string {
  const distance = Math.abs(nowMs - ms);
  const [amount, unit] =
    distance < MINUTE_MS
      ? [Math.round(distance / 1_000), 's']
      : distance < HOUR_MS
        ? [Math.round(distance / MINUTE_MS), 'min']
        : distance < 2 * DAY_MS
          ? [Math.round(distance / HOUR_MS), 'h']
          : [Math.round(distance / DAY_MS), 'days'];
  if (amount === 0) return 'now';
  return ms <= nowMs ? `${amount} ${unit} ago` : `in ${amount} ${unit}`;
}

type Style = 'minute' | 'second' | 'stamp' | 'day' | 'short-day' | 'hour';
const STYLES: Readonly<Record<Style, Intl.DateTimeFormatOptions>> = {
  minute: {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  },
  second: {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  },
  stamp: {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  },
  day: { year: 'numeric', month: 'short', day: 'numeric' },
  'short-day': { month: 'short', day: 'numeric' },
  hour: { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false },
};
const formats = new Map<string, Intl.DateTimeFormat>();

/** A moment in the reader's zone. The zone must be one that `isTimeZone` accepts. */
export function moment(ms: number, timeZone: string, style: Style = 'minute'): string {
  const key = `${style} ${timeZone}`;
  let format = formats.get(key);
  if (!format) {
    if (formats.size >= ZONES_MAX) formats.clear();
    format = new Intl.DateTimeFormat('en-GB', { ...STYLES[style], timeZone });
    formats.set(key, format);
  }
  return format.format(ms);
}

/** True for a zone the runtime knows, and for nothing else: it arrives in a cookie. */
export function isTimeZone(name: string): boolean {
  if (name.length > 64 || !/^[\w+/-]+$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
