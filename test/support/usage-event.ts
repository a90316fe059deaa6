// A finished usage event with plain numbers, for tests that need some usage to read.
import { NO_USAGE } from '../../src/core/token-usage.ts';
import type { UsageEvent } from '../../src/core/usage-event.ts';
import { newId } from '../../src/lib/id.ts';

export function usageEvent(change: Partial<UsageEvent> & { readonly timeMs: number }): UsageEvent {
  const id = newId('req');
  return {
    id,
    requestId: id,
    userId: null,
    keyId: null,
    clientSessionId: null,
    tags: [],
    endpoint: '/v1/chat/completions',
    provider: 'openai',
    modelAsked: 'openai/gpt-x',
    modelServed: 'gpt-x-2025',
    status: 200,
    outcome: 'final',
    streamed: false,
    usage: { ...NO_USAGE, inputTokens: 100, outputTokens: 20, promptTokens: 100, completionTokens: 20 },
    provenance: 'provider',
    costNanoUsd: 2_500_000,
    unpriced: false,
    priceVersion: 'test',
    heldNanoUsd: null,
    heldTokens: null,
    firstByteMs: 10,
    durationMs: 100,
    finishReason: 'stop',
    errorType: null,
    errorMessage: null,
    attempts: [],
    ...change,
  };
}
