// A usage event as the rules know it, made from its rows in the store.

import type { TokenUsage } from '../../core/token-usage.ts';
import type { AttemptRecord, UsageEvent } from '../../core/usage-event.ts';
import { asArray, parseJson } from '../../lib/json.ts';
import type { UsageAttemptRow, UsageEventRow } from '../../store/usage-listing.ts';

export function eventOf(row: UsageEventRow, attempts: readonly UsageAttemptRow[]): UsageEvent {
  return {
    id: row.id,
    timeMs: row.time_ms,
    requestId: row.request_id,
    userId: row.user_id,
    keyId: row.key_id,
    clientSessionId: row.client_session_id,
    tags: (asArray(parseJson(row.tags)) ?? []).map(String),
    endpoint: row.endpoint,
    provider: row.provider,
    modelAsked: row.model_asked,
    modelServed: row.model_served,
    status: row.status,
    outcome: row.outcome,
    streamed: row.streamed === 1,
    usage: usageOf(row),
    provenance: row.provenance,
    costNanoUsd: row.cost_nano_usd,
    unpriced: row.unpriced === 1,
    priceVersion: row.price_version,
    heldNanoUsd: row.held_nano_usd,
    heldTokens: row.held_tokens,
    firstByteMs: row.first_byte_ms,
    durationMs: row.duration_ms,
    finishReason: row.finish_reason,
    errorType: row.error_type,
    errorMessage: row.error_message,
    attempts: attempts.map(attemptOf),
  };
}

function attemptOf(row: UsageAttemptRow): AttemptRecord {
  return {
    id: row.id,
    ordinal: row.ordinal,
    startedMs: row.started_ms,
    provider: row.provider,
    credentialId: row.credential_id,
    model: row.model,
    outcome: row.outcome,
    failure: row.failure,
    status: row.status,
    usage: usageOf(row),
    provenance: row.provenance,
    costNanoUsd: row.cost_nano_usd,
    firstByteMs: row.first_byte_ms,
    durationMs: row.duration_ms,
    errorMessage: row.error_message,
  };
}

function usageOf(row: UsageAttemptRow | UsageEventRow): TokenUsage {
  return {
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cachedTokens: row.cached_tokens,
    cacheWrite5mTokens: row.cache_write_5m_tokens,
    cacheWrite1hTokens: row.cache_write_1h_tokens,
    reasoningTokens: row.reasoning_tokens,
    audioInputTokens: row.audio_input_tokens,
    audioOutputTokens: row.audio_output_tokens,
    webSearchRequests: row.web_search_requests,
    promptTokens: row.prompt_tokens,
    completionTokens: row.completion_tokens,
  };
}
