// Limits of keys, users and the house, and how near they came.
import type { Migration } from './migration.ts';

export const limits: Migration = {
  number: 6,
  name: 'limits',
  statements: [
    `CREATE TABLE limits (
      id TEXT PRIMARY KEY,
      scope TEXT NOT NULL,
      scope_id TEXT,
      kind TEXT NOT NULL,
      amount BIGINT NOT NULL,
      period TEXT,
      time_zone TEXT NOT NULL,
      warn_percent BIGINT,
      allow_unpriced INTEGER NOT NULL,
      raised_amount BIGINT,
      raised_until_ms BIGINT,
      created_ms BIGINT NOT NULL,
      updated_ms BIGINT NOT NULL
    )`,
    // One limit of a kind (and period) for one owner: setting it again changes it.
    `CREATE UNIQUE INDEX limits_identity
      ON limits (scope, coalesce(scope_id, ''), kind, coalesce(period, ''))`,
    // No reference to limits: what came near is still told after a limit is gone.
    `CREATE TABLE limit_peaks (
      limit_id TEXT NOT NULL,
      day_ms BIGINT NOT NULL,
      peak_permille BIGINT NOT NULL,
      refusals BIGINT NOT NULL,
      PRIMARY KEY (limit_id, day_ms)
    )`,
  ],
};
