// How a usage event becomes rows: the columns, their order, and the coercion of what cannot be trusted to be whole.
// Pure; used by the writer thread, the import and the synthetic data alike.
import type { TokenUsage } from '../core/token-usage.ts';
import type { AttemptRecord, UsageEvent } from '../core/usage-event.ts';
import { derivedId } from '../lib/id.ts';

export type Cell = string | number | null;

const TOKEN_COLUMNS = [
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'reasoning_tokens',
  'audio_input_tokens',
  'audio_output_tokens',
  'web_search_requests',
  'prompt_tokens',
  'completion_tokens',
] as const;

export const EVENT_COLUMNS = [
  'id',
  'time_ms',
  'request_id',
  'user_id',
  'key_id',
  'client_session_id',
  'tags',
  'endpoint',
  'provider',
  'model',
  'model_asked',
  'model_served',
  'status',
  'outcome',
  'streamed',
  ...TOKEN_COLUMNS,
  'provenance',
  'cost_nano_usd',
  'unpriced',
  'price_version',
  'held_nano_usd',
  'held_tokens',
  'first_byte_ms',
  'duration_ms',
  'finish_reason',
  'error_type',
  'error_message',
  'attempts',
] as const;

export const ATTEMPT_COLUMNS = [
  'id',
  'event_id',
  'ordinal',
  'started_ms',
  'provider',
  'credential_id',
  'model',
  'outcome',
  'failure',
  'status',
  ...TOKEN_COLUMNS,
  'provenance',
  'cost_nano_usd',
  'first_byte_ms',
  'duration_ms',
  'error_message',
] as const;

/**
 * Where an event's row holds its attempt: see `loneAttempt`. Null in all others, whose attempts have rows of their own. The
 * view `usage_attempts` shows both as one.
 */
export const LONE_ATTEMPT_COLUMNS = [
  'attempt_started_ms',
  'attempt_credential_id',
  'attempt_model',
  'attempt_status',
  'attempt_first_byte_ms',
  'attempt_duration_ms',
] as const;

/**
 * The attempt of an event that has one, when the event says all else that is to say of it: which nearly every attempt is. A
 * row of its own takes a fifth more room than the request without it.
 */
export function loneAttempt(event: UsageEvent): AttemptRecord | null {
  const [attempt] = event.attempts;
  if (!attempt || event.attempts.length > 1) return null;
  const toldByEvent =
    attempt.id === derivedId('att', event.id) &&
    attempt.ordinal === 1 &&
    attempt.provider === event.provider &&
    attempt.outcome === event.outcome &&
    attempt.failure === null &&
    attempt.errorMessage === null &&
    attempt.usage === event.usage &&
    attempt.provenance === event.provenance &&
    attempt.costNanoUsd === event.costNanoUsd;
  return toldByEvent ? attempt : null;
}

/** In the order of LONE_ATTEMPT_COLUMNS. */
export function loneAttemptCells(attempt: AttemptRecord | null): readonly Cell[] {
  if (!attempt) return NO_ATTEMPT_CELLS;
  return [
    whole(attempt.startedMs),
    attempt.credentialId,
    attempt.model,
    wholeOrNull(attempt.status),
    wholeOrNull(attempt.firstByteMs),
    whole(attempt.durationMs),
  ];
}

const NO_ATTEMPT_CELLS: readonly Cell[] = LONE_ATTEMPT_COLUMNS.map(() => null);

/** In the order of EVENT_COLUMNS. */
export function eventCells(event: UsageEvent): Cell[] {
  return [
    event.id,
    whole(event.timeMs),
    event.requestId,
    event.userId,
    event.keyId,
    event.clientSessionId,
    event.tags.length === 0 ? '[]' : JSON.stringify([...new Set(event.tags)]),
    event.endpoint,
    event.provider,
    modelLabel(event),
    event.modelAsked,
    event.modelServed,
    whole(event.status),
    event.outcome,
    event.streamed ? 1 : 0,
    ...tokenCells(event.usage),
    event.provenance,
    wholeOrNull(event.costNanoUsd),
    event.unpriced ? 1 : 0,
    event.priceVersion,
    wholeOrNull(event.heldNanoUsd),
    wholeOrNull(event.heldTokens),
    wholeOrNull(event.firstByteMs),
    whole(event.durationMs),
    event.finishReason,
    event.errorType,
    event.errorMessage,
    event.attempts.length,
  ];
}

export function attemptCells(eventId: string, attempt: AttemptRecord): Cell[] {
  return [
    attempt.id,
    eventId,
    whole(attempt.ordinal),
    whole(attempt.startedMs),
    attempt.provider,
    attempt.credentialId,
    attempt.model,
    attempt.outcome,
    attempt.failure,
    wholeOrNull(attempt.status),
    ...tokenCells(attempt.usage),
    attempt.provenance,
    wholeOrNull(attempt.costNanoUsd),
    wholeOrNull(attempt.firstByteMs),
    whole(attempt.durationMs),
    attempt.errorMessage,
  ];
}

/** The name a request is counted under: what was asked of the last provider tried, as `provider/model`. */
export function modelLabel(event: UsageEvent): string | null {
  const last = event.attempts.at(-1);
  if (last) return last.model.startsWith(`${last.provider}/`) ? last.model : `${last.provider}/${last.model}`;
  return event.modelAsked;
}

function tokenCells(usage: TokenUsage): Cell[] {
  return [
    wholeOrNull(usage.inputTokens),
    wholeOrNull(usage.outputTokens),
    wholeOrNull(usage.cachedTokens),
    wholeOrNull(usage.cacheWrite5mTokens),
    wholeOrNull(usage.cacheWrite1hTokens),
    wholeOrNull(usage.reasoningTokens),
    wholeOrNull(usage.audioInputTokens),
    wholeOrNull(usage.audioOutputTokens),
    wholeOrNull(usage.webSearchRequests),
    wholeOrNull(usage.promptTokens),
    wholeOrNull(usage.completionTokens),
  ];
}

function whole(value: number): number {
  return Math.round(value);
}

function wholeOrNull(value: number | null | undefined): number | null {
  return value === null || value === undefined || !Number.isFinite(value) ? null : Math.round(value);
}
