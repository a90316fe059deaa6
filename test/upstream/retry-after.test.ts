// Guarantee (faults.md U11): every form of wait hint gives a time within 0..300 s, and what is no hint gives none.
import { expect, test } from 'bun:test';
import { parseJson } from '../../src/lib/json.ts';
import { readRetryAfter } from '../../src/upstream/retry-after.ts';

const NOW = Date.parse('2026-11-23T10:00:00Z');

type Row = readonly [what: string, headers: [string, string][], body: string | null, waitMs: number | null];

const ROWS: readonly Row[] = [
  ['integer seconds', [['retry-after', '20']], null, 20_000],
  ['zero', [['retry-after', '0']], null, 0],
  ['a fraction', [['retry-after', '0.5']], null, 500],
  ['HTTP-date in the future', [['retry-after', 'Mon, 23 Nov 2026 10:00:42 GMT']], null, 42_000],
  ['HTTP-date in the past', [['retry-after', 'Mon, 23 Nov 2026 09:00:00 GMT']], null, 0],
  [
    'HTTP-date of a skewed clock, hours ahead',
    [['retry-after', 'Mon, 23 Nov 2026 14:00:00 GMT']],
    null,
    300_000,
  ],
  ['RFC 850 date', [['retry-after', 'Monday, 23-Nov-26 10:00:07 GMT']], null, 7_000],
  ['retry-after-ms', [['retry-after-ms', '1500']], null, 1_500],
  [
    'retry-after-ms before retry-after',
    [
      ['retry-after', '60'],
      ['retry-after-ms', '1500'],
    ],
    null,
    1_500,
  ],
  ['x-ratelimit-reset-requests 6m0s', [['x-ratelimit-reset-requests', '6m0s']], null, 300_000],
  ['x-ratelimit-reset-requests 1m30s', [['x-ratelimit-reset-requests', '1m30s']], null, 90_000],
  ['x-ratelimit-reset-tokens 12ms', [['x-ratelimit-reset-tokens', '12ms']], null, 12],
  [
    'the reset of the limit that is used up, not the other',
    [
      ['x-ratelimit-remaining-requests', '0'],
      ['x-ratelimit-reset-requests', '8s'],
      ['x-ratelimit-remaining-tokens', '900'],
      ['x-ratelimit-reset-tokens', '50s'],
    ],
    null,
    8_000,
  ],
  ['anthropic reset, RFC 3339', [['anthropic-ratelimit-tokens-reset', '2026-11-23T10:00:33Z']], null, 33_000],
  ['anthropic reset in the past', [['anthropic-ratelimit-requests-reset', '2026-11-23T09:59:00Z']], null, 0],
  ['RFC 3339 in retry-after is no 2026 seconds', [['retry-after', '2026-11-23T10:00:05Z']], null, 5_000],
  ['x-ratelimit-reset as unix time', [['x-ratelimit-reset', String(NOW / 1000 + 17)]], null, 17_000],
  ['x-ratelimit-reset as unix time in ms', [['x-ratelimit-reset', String(NOW + 9_000)]], null, 9_000],
  ['RetryInfo', [], '{"error":{"details":[{"@type":"x","retryDelay":"34.07s"}]}}', 34_070],
  ['RetryInfo in a list body', [], '[{"error":{"details":[{"retryDelay":"5s"}]}}]', 5_000],
  [
    'RetryInfo as an object',
    [],
    '{"error":{"details":[{"retryDelay":{"seconds":4,"nanos":500000000}}]}}',
    4_500,
  ],
  ['quotaResetDelay', [], '{"error":{"details":[{"metadata":{"quotaResetDelay":"156h14m36.7s"}}]}}', 300_000],
  [
    'a sentence',
    [],
    '{"error":{"message":"Rate limit reached. Please try again in 5.2s. See docs."}}',
    5_200,
  ],
  ['a sentence in words', [], '{"error":{"message":"Retry after 30 seconds"}}', 30_000],
  ['empty', [['retry-after', '']], null, null],
  ['negative', [['retry-after', '-5']], null, null],
  ['absurd', [['retry-after', '1e9']], null, 300_000],
  ['beyond all numbers', [['retry-after', '9'.repeat(400)]], null, 300_000],
  ['garbage', [['retry-after', 'soon']], null, null],
  ['a year is not a wait', [['retry-after', '2026-11']], null, null],
  [
    'twice, the same',
    [
      ['retry-after', '20'],
      ['retry-after', '20'],
    ],
    null,
    20_000,
  ],
  [
    'twice, the first is garbage',
    [
      ['retry-after', 'x'],
      ['retry-after', '3'],
    ],
    null,
    3_000,
  ],
  ['garbage header, good body', [['retry-after', 'x']], '{"error":{"details":[{"retryDelay":"2s"}]}}', 2_000],
  ['nothing', [], null, null],
  ['a body of another shape', [], '"no"', null],
];

for (const [what, headers, body, waitMs] of ROWS) {
  test(`U11: ${what} gives ${waitMs === null ? 'no hint' : `${waitMs} ms`}`, () => {
    const parsed = body === null ? null : (parseJson(body) ?? null);
    expect(readRetryAfter({ headers: new Headers(headers), body: parsed, nowMs: NOW })).toBe(waitMs);
  });
}
