// How far usage rows were pruned, and the prices that were set here rather than in the price list.
import type { Migration } from './migration.ts';

export const usageUpkeep: Migration = {
  number: 4,
  name: 'usage-upkeep',
  statements: [
    `CREATE TABLE usage_state (
      name TEXT PRIMARY KEY,
      value BIGINT NOT NULL
    )`,
    // Append-only: a change of price retires one row and adds another, so that old versions can be looked up.
    `CREATE TABLE price_overrides (
      id TEXT PRIMARY KEY,
      pattern TEXT NOT NULL,
      price TEXT NOT NULL,
      created_ms BIGINT NOT NULL,
      created_by TEXT,
      retired_ms BIGINT
    )`,
  ],
};
