// Provider credentials (sealed), which credentials are switched off, and what the pool remembers over a restart.
import type { Migration } from './migration.ts';

export const providers: Migration = {
  number: 5,
  name: 'providers',
  statements: [
    `CREATE TABLE provider_credentials (
      id TEXT PRIMARY KEY,
      provider TEXT NOT NULL,
      label TEXT NOT NULL,
      sealed TEXT NOT NULL,
      masked TEXT NOT NULL,
      priority INTEGER,
      base_url TEXT,
      created_ms BIGINT NOT NULL
    )`,
    `CREATE TABLE disabled_credentials (
      credential_id TEXT PRIMARY KEY,
      disabled_ms BIGINT NOT NULL
    )`,
    `CREATE TABLE pool_states (
      credential_id TEXT PRIMARY KEY,
      provider TEXT NOT NULL,
      state TEXT NOT NULL,
      saved_ms BIGINT NOT NULL
    )`,
  ],
};
