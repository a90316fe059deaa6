// The one attempt that nearly every request has moves into the row of its event, as far as the event does not say it already;
// rows that are there stay where they are. `usage_attempts` becomes a view over both, with the columns it had as a table.
import type { Migration } from './migration.ts';

/** Of an attempt whatever its event says as well. */
const FROM_EVENT = `input_tokens, output_tokens, cached_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
      reasoning_tokens, audio_input_tokens, audio_output_tokens, web_search_requests, prompt_tokens, completion_tokens,
      provenance, cost_nano_usd`;

export const loneAttempts: Migration = {
  number: 11,
  name: 'lone-attempts',
  statements: [
    'ALTER TABLE usage_attempts RENAME TO usage_attempt_rows',
    // Null where the attempts have rows of their own.
    'ALTER TABLE usage_events ADD COLUMN attempt_started_ms BIGINT',
    'ALTER TABLE usage_events ADD COLUMN attempt_credential_id TEXT',
    'ALTER TABLE usage_events ADD COLUMN attempt_model TEXT',
    'ALTER TABLE usage_events ADD COLUMN attempt_status BIGINT',
    'ALTER TABLE usage_events ADD COLUMN attempt_first_byte_ms BIGINT',
    'ALTER TABLE usage_events ADD COLUMN attempt_duration_ms BIGINT',
    // The id of a first attempt has the digits of its event's.
    `CREATE VIEW usage_attempts AS
      SELECT id, event_id, ordinal, started_ms, provider, credential_id, model, outcome, failure, status,
        ${FROM_EVENT}, first_byte_ms, duration_ms, error_message
      FROM usage_attempt_rows
      UNION ALL
      SELECT 'att' || substr(id, 4), id, 1, attempt_started_ms, provider, attempt_credential_id, attempt_model, outcome,
        NULL, attempt_status, ${FROM_EVENT}, attempt_first_byte_ms, attempt_duration_ms, NULL
      FROM usage_events WHERE attempt_started_ms IS NOT NULL`,
  ],
};
