// The ledger's tables as Kysely sees them; part of schema.ts.
import type { Provenance } from '../core/token-usage.ts';
import type { FailureKind, Outcome } from '../core/usage-event.ts';

interface TokenColumns {
  input_tokens: number | null;
  output_tokens: number | null;
  cached_tokens: number | null;
  cache_write_5m_tokens: number | null;
  cache_write_1h_tokens: number | null;
  reasoning_tokens: number | null;
  audio_input_tokens: number | null;
  audio_output_tokens: number | null;
  web_search_requests: number | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
}

/** An event's only attempt, where its row holds it (usage-row.ts); null in all others. */
interface LoneAttemptColumns {
  attempt_started_ms: number | null;
  attempt_credential_id: string | null;
  attempt_model: string | null;
  attempt_status: number | null;
  attempt_first_byte_ms: number | null;
  attempt_duration_ms: number | null;
}

/** One accepted request. Written only by the ledger, through `insertUsageEvents`. */
export interface UsageEventTable extends TokenColumns, LoneAttemptColumns {
  id: string;
  time_ms: number;
  request_id: string;
  user_id: string | null;
  key_id: string | null;
  client_session_id: string | null;
  /** JSON list. */
  tags: string;
  endpoint: string;
  provider: string | null;
  /** `provider/model` as it was asked of the provider; what roll-ups count under. */
  model: string | null;
  model_asked: string | null;
  model_served: string | null;
  /** 0 when the process died before one was known. */
  status: number;
  outcome: Outcome;
  streamed: 0 | 1;
  provenance: Provenance;
  cost_nano_usd: number | null;
  unpriced: 0 | 1;
  price_version: string | null;
  /** What stands against budgets while the true numbers are unknown. */
  held_nano_usd: number | null;
  held_tokens: number | null;
  first_byte_ms: number | null;
  duration_ms: number;
  finish_reason: string | null;
  error_type: string | null;
  error_message: string | null;
  attempts: number;
}

/** As the view `usage_attempts` has all of them, and `usage_attempt_rows` those with rows of their own. */
export interface UsageAttemptTable extends TokenColumns {
  id: string;
  event_id: string;
  ordinal: number;
  started_ms: number;
  provider: string;
  credential_id: string | null;
  model: string;
  outcome: Outcome;
  failure: FailureKind | null;
  status: number | null;
  provenance: Provenance;
  cost_nano_usd: number | null;
  first_byte_ms: number | null;
  duration_ms: number;
  error_message: string | null;
}

/** What a roll-up counts: `kind` names the dimension, `owner` the user or key it is seen from ('' = the house). */
export interface UsageScopeTable {
  id: number;
  kind: string;
  owner: string;
  value: string;
}

export interface UsageCounters {
  requests: number;
  failed: number;
  prompt_tokens: number;
  completion_tokens: number;
  cached_tokens: number;
  cache_write_tokens: number;
  reasoning_tokens: number;
  cost_nano_usd: number;
  /** What stands in for unknown costs and tokens: cost plus held is what budgets count. */
  held_nano_usd: number;
  held_tokens: number;
  unpriced: number;
  estimated: number;
  unknown: number;
  attempts: number;
  duration_ms: number;
}

/** Counters of one scope in one bucket: quarters of an hour in `usage_slots`, UTC days in `usage_days`, UTC months in `usage_months`. */
export interface UsageRollupTable extends UsageCounters {
  scope_id: number;
  bucket_ms: number;
}

export interface UsageStateTable {
  name: 'pruned_before_ms';
  value: number;
}

/** Prices set here. Append-only: a change retires one row and adds another. */
export interface PriceOverrideTable {
  id: string;
  /** Glob over `provider/model`. */
  pattern: string;
  /** JSON of dollars per million tokens, as people write prices. */
  price: string;
  created_ms: number;
  created_by: string | null;
  retired_ms: number | null;
}

export interface UsageSchema {
  usage_state: UsageStateTable;
  price_overrides: PriceOverrideTable;
  usage_events: UsageEventTable;
  /** A view: read only. */
  usage_attempts: UsageAttemptTable;
  usage_attempt_rows: UsageAttemptTable;
  usage_scopes: UsageScopeTable;
  usage_slots: UsageRollupTable;
  usage_days: UsageRollupTable;
  usage_months: UsageRollupTable;
}
