// The usage ledger: one row per request, one per upstream call, and the roll-ups that answer for a year in milliseconds.
// Rows hold no foreign keys: a usage row outlives the user and the key it names.
import type { Migration } from './migration.ts';

/** For later migrations that write a table of usage anew: as this one stays as it is, so does what they do. */
export const TOKEN_COLUMNS = `
      input_tokens BIGINT,
      output_tokens BIGINT,
      cached_tokens BIGINT,
      cache_write_5m_tokens BIGINT,
      cache_write_1h_tokens BIGINT,
      reasoning_tokens BIGINT,
      audio_input_tokens BIGINT,
      audio_output_tokens BIGINT,
      web_search_requests BIGINT,
      prompt_tokens BIGINT,
      completion_tokens BIGINT`;

const COUNTER_COLUMNS = `
      requests BIGINT NOT NULL,
      failed BIGINT NOT NULL,
      prompt_tokens BIGINT NOT NULL,
      completion_tokens BIGINT NOT NULL,
      cached_tokens BIGINT NOT NULL,
      cache_write_tokens BIGINT NOT NULL,
      reasoning_tokens BIGINT NOT NULL,
      cost_nano_usd BIGINT NOT NULL,
      held_nano_usd BIGINT NOT NULL,
      held_tokens BIGINT NOT NULL,
      unpriced BIGINT NOT NULL,
      estimated BIGINT NOT NULL,
      unknown BIGINT NOT NULL,
      attempts BIGINT NOT NULL,
      duration_ms BIGINT NOT NULL`;

export const usage: Migration = {
  number: 3,
  name: 'usage',
  statements: [
    `CREATE TABLE usage_events (
      id TEXT PRIMARY KEY,
      time_ms BIGINT NOT NULL,
      request_id TEXT NOT NULL,
      user_id TEXT,
      key_id TEXT,
      client_session_id TEXT,
      tags TEXT NOT NULL,
      endpoint TEXT NOT NULL,
      provider TEXT,
      model TEXT,
      model_asked TEXT,
      model_served TEXT,
      status BIGINT NOT NULL,
      outcome TEXT NOT NULL,
      streamed BIGINT NOT NULL,${TOKEN_COLUMNS},
      provenance TEXT NOT NULL,
      cost_nano_usd BIGINT,
      unpriced BIGINT NOT NULL,
      price_version TEXT,
      held_nano_usd BIGINT,
      held_tokens BIGINT,
      first_byte_ms BIGINT,
      duration_ms BIGINT NOT NULL,
      finish_reason TEXT,
      error_type TEXT,
      error_message TEXT,
      attempts BIGINT NOT NULL
    )`,
    'CREATE INDEX usage_events_time ON usage_events (time_ms)',
    'CREATE INDEX usage_events_user ON usage_events (user_id, time_ms)',
    'CREATE INDEX usage_events_key ON usage_events (key_id, time_ms)',
    `CREATE TABLE usage_attempts (
      id TEXT PRIMARY KEY,
      event_id TEXT NOT NULL,
      ordinal BIGINT NOT NULL,
      started_ms BIGINT NOT NULL,
      provider TEXT NOT NULL,
      credential_id TEXT,
      model TEXT NOT NULL,
      outcome TEXT NOT NULL,
      failure TEXT,
      status BIGINT,${TOKEN_COLUMNS},
      provenance TEXT NOT NULL,
      cost_nano_usd BIGINT,
      first_byte_ms BIGINT,
      duration_ms BIGINT NOT NULL,
      error_message TEXT
    )`,
    'CREATE INDEX usage_attempts_event ON usage_attempts (event_id)',
    // Names of what is counted, so that a counter row is a handful of integers.
    `CREATE TABLE usage_scopes (
      id BIGINT PRIMARY KEY,
      kind TEXT NOT NULL,
      owner TEXT NOT NULL,
      value TEXT NOT NULL,
      UNIQUE (kind, owner, value)
    )`,
    // WITHOUT ROWID keeps a scope's counters side by side on disk; a dialect without the clause drops it.
    `CREATE TABLE usage_slots (
      scope_id BIGINT NOT NULL,
      bucket_ms BIGINT NOT NULL,${COUNTER_COLUMNS},
      PRIMARY KEY (scope_id, bucket_ms)
    ) WITHOUT ROWID`,
    `CREATE TABLE usage_days (
      scope_id BIGINT NOT NULL,
      bucket_ms BIGINT NOT NULL,${COUNTER_COLUMNS},
      PRIMARY KEY (scope_id, bucket_ms)
    ) WITHOUT ROWID`,
  ],
};
