// How far the predecessor's database was taken over.
import type { Migration } from './migration.ts';

export const imports: Migration = {
  number: 8,
  name: 'imports',
  statements: [
    `CREATE TABLE imports (
      source TEXT PRIMARY KEY,
      fingerprint TEXT NOT NULL,
      usage_id BIGINT NOT NULL,
      time_ms BIGINT NOT NULL
    )`,
  ],
};
