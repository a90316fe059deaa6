// A third, coarser roll-up: every scope per UTC month, so that a year is twelve counters instead of 365.
// It is the days added up and nothing else, and begins as the sum of the days that are there.
import type { Migration } from './migration.ts';

const COUNTERS = [
  'requests',
  'failed',
  'prompt_tokens',
  'completion_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'cost_nano_usd',
  'held_nano_usd',
  'held_tokens',
  'unpriced',
  'estimated',
  'unknown',
  'attempts',
  'duration_ms',
];

export const usageMonths: Migration = {
  number: 9,
  name: 'usage-months',
  statements: [
    // As usage_days: a scope's months lie side by side, so that a range of them is one search and a few steps.
    `CREATE TABLE usage_months (
      scope_id BIGINT NOT NULL,
      bucket_ms BIGINT NOT NULL,
      ${COUNTERS.map((name) => `${name} BIGINT NOT NULL`).join(', ')},
      PRIMARY KEY (scope_id, bucket_ms)
    ) WITHOUT ROWID`,
  ],
  sqliteStatements: [
    `INSERT INTO usage_months (scope_id, bucket_ms, ${COUNTERS.join(', ')})
      SELECT scope_id, unixepoch(bucket_ms / 1000, 'unixepoch', 'start of month') * 1000 AS month_ms,
        ${COUNTERS.map((name) => `sum(${name})`).join(', ')}
      FROM usage_days GROUP BY scope_id, month_ms ORDER BY scope_id, month_ms`,
  ],
};
