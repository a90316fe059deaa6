// Usage events for tests: whole, plausible, and easy to vary.
import { NO_USAGE, type TokenUsage } from '../../src/core/token-usage.ts';
import type { AttemptRecord, UsageEvent } from '../../src/core/usage-event.ts';
import { derivedId, newId } from '../../src/lib/id.ts';

export function usageOf(promptTokens: number, completionTokens: number): TokenUsage {
  return {
    ...NO_USAGE,
    inputTokens: promptTokens,
    outputTokens: completionTokens,
    promptTokens,
    completionTokens,
  };
}

export function attemptRecord(changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    id: newId('att'),
    ordinal: 1,
    startedMs: Date.UTC(2026, 10, 23, 12),
    provider: 'openai',
    credentialId: null,
    model: 'gpt-5',
    outcome: 'final',
    failure: null,
    status: 200,
    usage: usageOf(10, 5),
    provenance: 'provider',
    costNanoUsd: 62_500,
    firstByteMs: 20,
    durationMs: 40,
    errorMessage: null,
    ...changes,
  };
}

export function usageEvent(changes: Partial<UsageEvent> = {}): UsageEvent {
  const id = newId('req');
  return {
    id,
    timeMs: Date.UTC(2026, 10, 23, 12),
    requestId: id,
    userId: 'usr_a',
    keyId: 'key_a',
    clientSessionId: null,
    tags: [],
    endpoint: '/v1/chat/completions',
    provider: 'openai',
    modelAsked: 'openai/gpt-5',
    modelServed: 'gpt-5-2025-08-07',
    status: 200,
    outcome: 'final',
    streamed: false,
    usage: usageOf(10, 5),
    provenance: 'provider',
    costNanoUsd: 62_500,
    unpriced: false,
    priceVersion: 'test',
    heldNanoUsd: null,
    heldTokens: null,
    firstByteMs: 20,
    durationMs: 41,
    finishReason: 'stop',
    errorType: null,
    errorMessage: null,
    attempts: [attemptRecord()],
    ...changes,
  };
}

/** As the gateway makes nearly all of them: one attempt, which shares its numbers with the event. */
export function loneEvent(
  changes: Partial<UsageEvent> = {},
  ofAttempt: Partial<AttemptRecord> = {},
): UsageEvent {
  const event = usageEvent(changes);
  const { id, usage, provenance, costNanoUsd } = event;
  const shared = { id: derivedId('att', id), usage, provenance, costNanoUsd };
  return { ...event, attempts: [attemptRecord({ ...shared, ...ofAttempt })] };
}
