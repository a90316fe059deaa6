// Writes a database as the predecessor (LLM-API-Key-Proxy, multi-user branch) wrote it: its tables, its time stamps,
// its password hashes and both kinds of its key hashes. Left in WAL mode with rows still in the log.
import { Database } from 'bun:sqlite';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

const TABLES = [
  `CREATE TABLE users (
    id INTEGER NOT NULL, username VARCHAR(128) NOT NULL, password_hash TEXT NOT NULL, role VARCHAR(16) NOT NULL,
    is_active BOOLEAN NOT NULL, created_at DATETIME NOT NULL, last_login_at DATETIME, PRIMARY KEY (id))`,
  'CREATE UNIQUE INDEX ix_users_username ON users (username)',
  `CREATE TABLE api_keys (
    id INTEGER NOT NULL, user_id INTEGER NOT NULL, name VARCHAR(128) NOT NULL, token_prefix VARCHAR(24) NOT NULL,
    token_hash VARCHAR(128) NOT NULL, created_at DATETIME NOT NULL, last_used_at DATETIME, revoked_at DATETIME,
    expires_at DATETIME, PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES users (id))`,
  'CREATE INDEX ix_api_keys_user_id ON api_keys (user_id)',
  'CREATE INDEX ix_api_keys_token_prefix ON api_keys (token_prefix)',
  'CREATE UNIQUE INDEX ix_api_keys_token_hash ON api_keys (token_hash)',
  `CREATE TABLE usage_events (
    id INTEGER NOT NULL, timestamp DATETIME NOT NULL, user_id INTEGER, api_key_id INTEGER,
    endpoint VARCHAR(128) NOT NULL, provider VARCHAR(64), model VARCHAR(256), request_id VARCHAR(128) NOT NULL,
    status_code INTEGER NOT NULL, prompt_tokens INTEGER, completion_tokens INTEGER, total_tokens INTEGER,
    cost_usd FLOAT, error_type VARCHAR(64), error_message TEXT, PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id), FOREIGN KEY(api_key_id) REFERENCES api_keys (id))`,
  ...['timestamp', 'user_id', 'api_key_id', 'endpoint', 'provider', 'model', 'request_id'].map(
    (column) => `CREATE INDEX ix_usage_events_${column} ON usage_events (${column})`,
  ),
];

export interface PredecessorDatabase {
  readonly db: Database;
  readonly addUser: (user: { username: string; password: string; role?: string; active?: boolean }) => number;
  /** Answers the token. */
  readonly addKey: (key: {
    userId: number;
    name: string;
    kind: 'hmac' | 'legacy';
    revoked?: boolean;
    expiresAt?: string;
  }) => string;
  /** `count` rows over the given users and keys, one a minute before 2026-11-20. */
  readonly addUsage: (
    count: number,
    owners: readonly (readonly [userId: number | null, keyId: number | null])[],
  ) => void;
  readonly close: () => void;
}

export function createPredecessorDatabase(path: string, pepper: string): PredecessorDatabase {
  const db = new Database(path, { create: true });
  db.run('PRAGMA journal_mode = WAL');
  db.run('PRAGMA synchronous = NORMAL');
  // The newest rows stay in the write-ahead log, as they do under a running server.
  db.run('PRAGMA wal_autocheckpoint = 0');
  db.run('PRAGMA foreign_keys = ON');
  for (const statement of TABLES) db.run(statement);
  let keys = 0;
  return {
    db,
    addUser: ({ username, password, role = 'user', active = true }) => {
      const row = [
        username,
        hashPassword(password),
        role,
        active ? 1 : 0,
        '2026-01-02 03:04:05.000600',
        null,
      ];
      const insert = db.query(
        'INSERT INTO users (username, password_hash, role, is_active, created_at, last_login_at) VALUES (?, ?, ?, ?, ?, ?)',
      );
      return Number(insert.run(...row).lastInsertRowid);
    },
    addKey: ({ userId, name, kind, revoked = false, expiresAt }) => {
      keys += 1;
      const token = `pk_${createHash('sha256').update(`key ${keys}`).digest('base64url')}`;
      const hash = kind === 'hmac' ? hmac(token, pepper) : legacy(token, pepper);
      const times = [
        '2026-02-03 04:05:06.000000',
        revoked ? '2026-11-04 05:06:07.080910' : null,
        expiresAt ?? null,
      ];
      db.query(
        'INSERT INTO api_keys (user_id, name, token_prefix, token_hash, created_at, revoked_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ).run(userId, name, token.slice(0, 20), hash, ...times);
      return token;
    },
    addUsage: (count, owners) => insertUsage(db, count, owners),
    close: () => db.close(),
  };
}

export function hashPassword(password: string): string {
  const salt = createHash('sha256').update(password).digest().subarray(0, 16);
  const digest = pbkdf2Sync(password, salt, 200_000, 32, 'sha256');
  return `pbkdf2_sha256$200000$${salt.toString('base64')}$${digest.toString('base64')}`;
}

export function hmac(token: string, pepper: string): string {
  return createHmac('sha256', pepper).update(token).digest('hex');
}

export function legacy(token: string, pepper: string): string {
  return createHash('sha256').update(pepper).update(token).digest('hex');
}

function insertUsage(
  db: Database,
  count: number,
  owners: readonly (readonly [userId: number | null, keyId: number | null])[],
): void {
  const insert = db.prepare(
    `INSERT INTO usage_events (timestamp, user_id, api_key_id, endpoint, provider, model, request_id, status_code,
      prompt_tokens, completion_tokens, total_tokens, cost_usd, error_type, error_message)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)`,
  );
  const startMs = Date.parse('2026-11-20T00:00:00Z') - count * 60_000;
  db.transaction(() => {
    for (let i = 0; i < count; i++) {
      const [userId, keyId] = owners[i % owners.length] ?? [null, null];
      const failed = i % 20 === 0;
      const model = ['openai/gpt-x', 'gpt-x-2025', 'anthropic/claude-x'][i % 3] ?? '';
      const time = new Date(startMs + i * 60_000).toISOString().replace('T', ' ').replace('Z', '000');
      insert.run(
        ...[time, userId, keyId, '/v1/chat/completions', model.split('/')[0] ?? '', model, `req-${i % 5000}`],
        ...[failed ? 500 : 200, failed ? null : 100, failed ? null : 20, failed ? null : 120],
        ...[failed ? 'InternalServerError' : null, failed ? 'upstream said no' : null],
      );
    }
  })();
}
