// Users and API keys, and the counters by which other processes notice a change. Times are milliseconds UTC, booleans 0/1, lists JSON text: portable to Postgres.
import type { Migration } from './migration.ts';

export const identity: Migration = {
  number: 1,
  name: 'identity',
  statements: [
    `CREATE TABLE users (
      id TEXT PRIMARY KEY,
      username TEXT NOT NULL UNIQUE,
      password_hash TEXT,
      role TEXT NOT NULL,
      is_active INTEGER NOT NULL,
      created_ms BIGINT NOT NULL,
      last_login_ms BIGINT,
      imported_id BIGINT UNIQUE
    )`,
    `CREATE TABLE api_keys (
      id TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users (id),
      name TEXT NOT NULL,
      token_prefix TEXT NOT NULL,
      token_hash TEXT NOT NULL UNIQUE,
      hash_kind TEXT NOT NULL,
      scopes TEXT NOT NULL,
      models TEXT,
      addresses TEXT,
      tags TEXT NOT NULL,
      on_hang_up TEXT NOT NULL,
      created_ms BIGINT NOT NULL,
      expires_ms BIGINT,
      revoked_ms BIGINT,
      last_used_ms BIGINT,
      rotated_from TEXT,
      imported_id BIGINT UNIQUE
    )`,
    'CREATE INDEX api_keys_user ON api_keys (user_id)',
    'CREATE TABLE versions (name TEXT PRIMARY KEY, number BIGINT NOT NULL)',
  ],
};
