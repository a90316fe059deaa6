// Sessions, the sign-in throttle and the audit log.
import type { Migration } from './migration.ts';

export const people: Migration = {
  number: 2,
  name: 'people',
  statements: [
    `CREATE TABLE sessions (
      id TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users (id),
      token_hash TEXT NOT NULL UNIQUE,
      created_ms BIGINT NOT NULL,
      last_seen_ms BIGINT NOT NULL,
      expires_ms BIGINT NOT NULL,
      address TEXT,
      user_agent TEXT
    )`,
    'CREATE INDEX sessions_user ON sessions (user_id)',
    `CREATE TABLE sign_in_throttle (
      subject TEXT PRIMARY KEY,
      failures INTEGER NOT NULL,
      last_ms BIGINT NOT NULL,
      blocked_until_ms BIGINT NOT NULL
    )`,
    `CREATE TABLE audit_log (
      id TEXT PRIMARY KEY,
      time_ms BIGINT NOT NULL,
      actor_kind TEXT NOT NULL,
      actor_id TEXT,
      actor_name TEXT NOT NULL,
      key_id TEXT,
      action TEXT NOT NULL,
      target_kind TEXT,
      target_id TEXT,
      target_name TEXT,
      before_json TEXT,
      after_json TEXT,
      address TEXT,
      request_id TEXT
    )`,
    'CREATE INDEX audit_log_actor ON audit_log (actor_id, id)',
    'CREATE INDEX audit_log_target ON audit_log (target_id, id)',
    'CREATE INDEX audit_log_action ON audit_log (action, id)',
  ],
  sqliteStatements: [
    `CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
      BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END`,
    `CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
      BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END`,
  ],
};
