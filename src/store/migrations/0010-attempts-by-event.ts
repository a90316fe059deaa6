// Attempts lie under their event: one tree that every row is entered in, where there were three (a row, its id, its event).
// A third of the work that a request makes for the database went into the other two.
import { TOKEN_COLUMNS } from './0003-usage.ts';
import type { Migration } from './migration.ts';

export const attemptsByEvent: Migration = {
  number: 10,
  name: 'attempts-by-event',
  statements: [
    'ALTER TABLE usage_attempts RENAME TO usage_attempts_before',
    `CREATE TABLE usage_attempts (
      id TEXT NOT NULL,
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
      error_message TEXT,
      PRIMARY KEY (event_id, ordinal)
    ) WITHOUT ROWID`,
    // The columns are the same and stand in the same order. The rows come in the new table's own, so that its pages are filled
    // one after another.
    'INSERT INTO usage_attempts SELECT * FROM usage_attempts_before ORDER BY event_id, ordinal',
    'DROP TABLE usage_attempts_before',
  ],
};
