// The one reader of wait hints: every form of wire fact F20 to milliseconds. Pure; the time of day is given.
// Never answers a negative wait nor more than RETRY_AFTER_MS_MAX, and never takes a year for seconds.
import { asArray, asObject, asString, type Json } from '../lib/json.ts';

/** A longer wait than this is looked at again after this time: providers' clocks and hints are often wrong. */
export const RETRY_AFTER_MS_MAX = 300_000;

export interface WaitHints {
  readonly headers: { readonly get: (name: string) => string | null };
  /** The parsed error body, or null. */
  readonly body: Json | null;
  readonly nowMs: number;
}

/** The reset headers that say when the limit that was hit opens again, by what they count. */
const RESET_HEADERS = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
] as const;

/** Milliseconds to wait, 0 to RETRY_AFTER_MS_MAX, or null when no hint can be read. First form that reads wins. */
export function readRetryAfter(hints: WaitHints): number | null {
  const { headers, nowMs } = hints;
  const found =
    readMilliseconds(headers.get('retry-after-ms')) ??
    firstOf(headers.get('retry-after'), (text) => readSecondsOrDate(text, nowMs)) ??
    readBody(hints.body) ??
    readResets(headers, nowMs);
  return found === null ? null : clampWait(found);
}

export function clampWait(waitMs: number): number {
  return Math.min(Math.max(0, Math.round(waitMs)), RETRY_AFTER_MS_MAX);
}

/** `6m0s`, `12ms`, `34.07s`, `156h14m36.7s`; null for anything else. */
export function readDuration(text: string): number | null {
  const UNITS: Readonly<Record<string, number>> = {
    d: 86_400_000,
    h: 3_600_000,
    m: 60_000,
    s: 1_000,
    ms: 1,
    us: 0.001,
  };
  if (!/^(\d+(\.\d+)?(d|h|ms|us|m|s))+$/.test(text)) return null;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(d|h|ms|us|m|s)/g))
    total += Number(number) * (UNITS[unit ?? ''] ?? 0);
  return total;
}

/** A header that came twice arrives as `a, b`; a date has a comma of its own, so the whole is tried first. */
function firstOf(text: string | null, read: (text: string) => number | null): number | null {
  if (text === null) return null;
  const whole = read(text.trim());
  if (whole !== null) return whole;
  for (const part of text.split(',')) {
    const value = read(part.trim());
    if (value !== null) return value;
  }
  return null;
}

function readMilliseconds(text: string | null): number | null {
  return firstOf(text, readPlainNumber);
}

function readSecondsOrDate(text: string, nowMs: number): number | null {
  const seconds = readPlainNumber(text);
  if (seconds !== null) return seconds * 1_000;
  return readDuration(text) ?? readDate(text, nowMs);
}

/** Decimal digits alone (`1e9` too, it is finite): `-5`, `2026-…` and garbage are no number of seconds. */
function readPlainNumber(text: string): number | null {
  return /^\d+(\.\d+)?(e\d{1,2})?$/i.test(text) ? Number(text) : null;
}

/** HTTP-date or RFC 3339. A past date means that waiting is over. */
function readDate(text: string, nowMs: number): number | null {
  if (!/^(\w{3}, \d|\w{6,9}, \d|\w{3} \w{3} |\d{4}-\d\d-\d\dT)/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

/** Resets of the limits that are used up; when none says what remains, the longest of all. */
function readResets(headers: WaitHints['headers'], nowMs: number): number | null {
  let used: number | null = null;
  let any: number | null = null;
  for (const [remainingName, resetName] of RESET_HEADERS) {
    const text = headers.get(resetName)?.trim() ?? '';
    const wait = text === '' ? null : readReset(text, nowMs);
    if (wait === null) continue;
    any = Math.max(any ?? 0, wait);
    if (headers.get(remainingName)?.trim() === '0') used = Math.max(used ?? 0, wait);
  }
  return used ?? any;
}

/** Bare numbers are seconds, or a unix time in seconds or milliseconds when that large. */
function readReset(text: string, nowMs: number): number | null {
  const number = readPlainNumber(text);
  if (number === null) return readDuration(text) ?? readDate(text, nowMs);
  if (number > 1e12) return Math.max(0, number - nowMs);
  if (number > 1e9) return Math.max(0, number * 1_000 - nowMs);
  return number * 1_000;
}

/** Google's RetryInfo and quotaResetDelay; else a sentence such as `try again in 5.2s`. */
function readBody(body: Json | null): number | null {
  const root = asObject(asArray(body)?.[0] ?? body);
  const error = asObject(root?.error) ?? root;
  if (!error) return null;
  for (const entry of asArray(error.details) ?? []) {
    const detail = asObject(entry);
    const wait = readDelay(detail?.retryDelay) ?? readDelay(asObject(detail?.metadata)?.quotaResetDelay);
    if (wait !== null) return wait;
  }
  return readSentence(asString(error.message) ?? '');
}

function readDelay(value: Json | undefined): number | null {
  const text = asString(value);
  if (text !== null) return readDuration(text.trim());
  const parts = asObject(value);
  const seconds = Number(parts?.seconds ?? Number.NaN);
  if (!(seconds >= 0)) return null;
  return seconds * 1_000 + Number(parts?.nanos ?? 0) / 1e6;
}

function readSentence(message: string): number | null {
  const match =
    /(?:try again|retry|reset)(?: \w+)? (?:in|after) ((?:\d+(?:\.\d+)?(?:d|h|ms|m|s))+|\d+(?:\.\d+)? ?(?:milliseconds|seconds|minutes))\b/i.exec(
      message.slice(0, 2_000),
    );
  if (!match?.[1]) return null;
  const words = /^([\d.]+) ?(milliseconds|seconds|minutes)$/i.exec(match[1]);
  if (!words) return readDuration(match[1]);
  const factor = { milliseconds: 1, seconds: 1_000, minutes: 60_000 }[(words[2] ?? '').toLowerCase()] ?? 0;
  return Number(words[1]) * factor;
}
