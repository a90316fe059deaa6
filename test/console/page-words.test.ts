// The pure rules behind the pages: numbers and times as people read them, axes, buckets of a day, paths, prices taken apart.
import { describe, expect, test } from 'bun:test';
import { priceLines } from '../../src/console/pages/price-lines.ts';
import { story } from '../../src/console/pages/request-words.tsx';
import { bucketsOf, rangeOf, spanBefore } from '../../src/console/pages/usage-buckets.ts';
import { readUsageQuery } from '../../src/console/pages/usage-query.ts';
import { frameOf } from '../../src/console/serving/frame-of.ts';
import { localPath } from '../../src/console/serving/local-path.ts';
import { axisTop, foldSeries, linePath } from '../../src/console/views/chart-scale.ts';
import { change, compactCount, duration, isTimeZone, money } from '../../src/console/views/format.ts';
import { costOf, nanoUsd, type Price } from '../../src/core/price.ts';
import { attemptRecord, usageEvent, usageOf } from '../support/usage-events.ts';
import { sampleFrame } from './sample-data.ts';

test('money keeps the digits that carry meaning and never shows a known cost as nothing', () => {
  const told = [
    0, 1, 900, 62_500, 1_234_567, 994_999_999, 999_999_999, 12_345_678_901, 12_345_678_901_234,
  ].map(money);
  expect(told).toEqual([
    '$0.00',
    '<$0.000001',
    '<$0.000001',
    '$0.000063',
    '$0.0012',
    '$0.99',
    '$1.00',
    '$12.35',
    '$12,346',
  ]);
  expect(money(null)).toBe('–');
});

test('counts, durations and changes', () => {
  expect([0, 99_999, 100_000, 3e9].map(compactCount)).toEqual(['0', '99,999', '100K', '3B']);
  expect([0, 0.4, 12, 1_234, 65_000, 7_300_000].map(duration)).toEqual([
    '0 ms',
    '<1 ms',
    '12 ms',
    '1.23 s',
    '1 min 5 s',
    '2 h 2 min',
  ]);
  expect([change(112, 100), change(88, 100), change(5, 0), change(5_000, 1)]).toEqual([
    '+12%',
    '−12%',
    null,
    null,
  ]);
});

test('an axis ends above its data, and no point leaves the plot', () => {
  for (const max of [0.3, 1, 7, 99, 101, 4_096, 9e15]) expect(axisTop(max)).toBeGreaterThanOrEqual(max);
  expect(axisTop(0)).toBe(1);
  expect(linePath([1, null, 3], { width: 100, height: 10, top: 2 })).toBe('M0 5M100 0');
});

test('what is folded away is still in the sum', () => {
  const series = Array.from({ length: 20 }, (_, at) => ({ name: `s${at}`, values: [at, 1] }));
  const folded = foldSeries(series);
  const sum = (list: readonly { values: readonly (number | null)[] }[]) =>
    list.flatMap((each) => each.values).reduce<number>((all, value) => all + (value ?? 0), 0);
  expect(folded).toHaveLength(7);
  expect(sum(folded)).toBe(sum(series));
});

describe('days of the reader', () => {
  const nowMs = Date.UTC(2026, 9, 27, 12);

  test('a week over the change of the clock has seven days, each beginning at midnight there', () => {
    const range = rangeOf('7d', 'Europe/Berlin', nowMs);
    const days = bucketsOf(range, 'day', 'Europe/Berlin');
    expect(days.map((day) => day.label)).toEqual([
      '2026-10-21',
      '2026-10-22',
      '2026-10-23',
      '2026-10-24',
      '2026-10-25',
      '2026-10-26',
      '2026-10-27',
    ]);
    expect(days[5] && days[4] ? days[5].startMs - days[4].startMs : 0).toBe(25 * 3_600_000);
  });

  test('the span before ends where this one begins', () => {
    const range = rangeOf('24h', 'Asia/Kathmandu', nowMs);
    expect(spanBefore(range).untilMs).toBe(range.sinceMs);
    expect(bucketsOf(range, 'hour', 'Asia/Kathmandu')).toHaveLength(24);
  });
});

describe('what the explorer is asked', () => {
  const ask = (text: string, scope: 'me' | 'house' = 'house') =>
    readUsageQuery(new URLSearchParams(text), { scope, timeZone: 'UTC', nowMs: Date.UTC(2026, 10, 23) });

  test('nonsense becomes a default and never an error', () => {
    for (const text of [
      'since=2026-02-31&until=x',
      'by=__proto__&and=constructor',
      'since=9999-01-01',
      'page=-1&sort=--x',
    ]) {
      const { range } = ask(text);
      expect(range.untilMs).toBeGreaterThan(range.sinceMs);
    }
  });

  test('years are cut to what a chart can show', () => {
    const { range } = ask('since=1990-01-01');
    expect((range.untilMs - range.sinceMs) / 86_400_000).toBeLessThanOrEqual(401);
  });

  test('one person cannot ask by user, nor narrow to anything but a key', () => {
    const asked = ask('by=user&only=user:usr_2', 'me');
    expect([asked.by, asked.only]).toEqual(['model', null]);
    expect(ask('by=user&and=user').and).toBeNull();
    expect(ask('by=model&and=tag').and).toBeNull();
  });
});

test('a path to come back to is one of ours, or it is the overview', () => {
  expect(localPath('/ui/usage?by=key&x=%2F')).toBe('/ui/usage?by=key&x=%2F');
  for (const bad of [
    null,
    '',
    '/',
    '//evil',
    '/ui//evil',
    '/ui\\evil',
    '/ui/%5cevil',
    '/ui/%2fevil',
    '/api/x',
    '/ui/../api',
  ])
    expect(localPath(bad)).toBe('/ui');
});

test('cookies are believed only where they name a zone and a theme', () => {
  const frame = (cookies: string) =>
    frameOf({ ...sampleFrame('/ui'), query: new URLSearchParams(), cookies, session: null });
  expect(frame('tollgate_zone=Asia%2FKathmandu; tollgate_theme=dark')).toMatchObject({
    timeZone: 'Asia/Kathmandu',
    theme: 'dark',
  });
  expect(frame('tollgate_zone=<script>; tollgate_theme=pink')).toMatchObject({
    timeZone: 'UTC',
    theme: 'system',
  });
  expect(isTimeZone('Mars/Olympus')).toBe(false);
});

describe('one request', () => {
  const rates = {
    input: nanoUsd(2),
    output: nanoUsd(8),
    cached: nanoUsd(0.5),
    cacheWrite5m: null,
    cacheWrite1h: null,
    reasoning: null,
    audioInput: null,
    audioOutput: null,
  };
  const price: Price = {
    version: 'v1',
    tiers: [{ abovePromptTokens: 0, rates }],
    nanoUsdPerWebSearch: 0,
    nanoUsdPerRequest: 0,
  };
  const usage = { ...usageOf(1_000, 200), cachedTokens: 400, reasoningTokens: 50 };
  const cost = costOf(price, usage);
  const event = usageEvent({ usage, ...cost });

  test('its cost taken apart adds up to its cost', () => {
    const lines = priceLines(event, price);
    expect(lines.map((line) => [line.kind, line.tokens])).toEqual([
      ['Read', 600],
      ['Read, cached', 400],
      ['Written', 150],
      ['Reasoned', 50],
    ]);
    expect(lines.reduce((sum, line) => sum + (line.costNanoUsd ?? 0), 0)).toBe(cost.costNanoUsd ?? -1);
  });

  test('a price of another edition prices no line', () => {
    expect(priceLines(event, { ...price, version: 'v2' }).every((line) => line.costNanoUsd === null)).toBe(
      true,
    );
  });

  test('its story says why another provider was asked', () => {
    const failed = attemptRecord({ outcome: 'error', failure: 'rate_limit', status: 429 });
    const told = story(usageEvent({ attempts: [failed, attemptRecord({ ordinal: 2, provider: 'groq' })] }));
    expect(told).toBe(
      'Attempt 1 at openai failed: the provider limited this key. Then groq answered; the whole took 41 ms.',
    );
  });
});
