// Fills a store with a year of a busy house: many users, keys and models, unevenly used, through the ledger's own writer.

import { NO_USAGE } from '../../src/core/token-usage.ts';
import type { UsageEvent } from '../../src/core/usage-event.ts';
import type { Store } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';

export const USERS = 60;
const KEYS_PER_USER = 2;
const MODELS = [
  'openai/gpt-5',
  'openai/gpt-5-mini',
  'anthropic/claude-sonnet-4-5',
  'anthropic/claude-haiku-4-5',
].concat(Array.from({ length: 21 }, (_, at) => `openrouter/vendor/model-${at}`));
const BATCH = 4_000;
export const YEAR_MS = 365 * 86_400_000;

export interface Filled {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Evenly over a year that ends at `untilMs`, the worst case for roll-ups: no quiet nights, no quiet users. */
export async function fillStore(store: Store, rows: number, untilMs: number): Promise<Filled> {
  const sinceMs = untilMs - YEAR_MS;
  const started = performance.now();
  for (let at = 0; at < rows; at += BATCH) {
    const count = Math.min(BATCH, rows - at);
    const events = Array.from({ length: count }, (_, i) =>
      eventAt(at + i, sinceMs + ((at + i) / rows) * YEAR_MS),
    );
    await insertUsageEvents(store, events);
    if (at % (BATCH * 50) === 0) {
      const seconds = Math.round((performance.now() - started) / 1000);
      process.stderr.write(`\rfilling ${at + count}/${rows} rows, ${seconds} s`);
    }
  }
  process.stderr.write('\n');
  return { sinceMs, untilMs };
}

let state = 42;
function pick(bound: number): number {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
  return Math.floor((state / 2_147_483_648) * bound);
}

/** Small numbers more often than large ones. */
function skewed(bound: number): number {
  return Math.min(pick(bound), pick(bound));
}

export function eventAt(number: number, timeMs: number): UsageEvent {
  const user = skewed(USERS);
  const model = MODELS[skewed(MODELS.length)] ?? 'openai/gpt-5';
  const provider = model.slice(0, model.indexOf('/'));
  const id = number.toString(16).padStart(32, '0');
  const promptTokens = 200 + pick(20_000);
  const completionTokens = 20 + pick(2_000);
  const usage = {
    ...NO_USAGE,
    inputTokens: promptTokens,
    outputTokens: completionTokens,
    cachedTokens: pick(200),
    promptTokens,
    completionTokens,
  };
  const costNanoUsd = promptTokens * 1_250 + completionTokens * 10_000;
  const ended = {
    outcome: pick(50) === 0 ? 'error' : 'final',
    usage,
    provenance: 'provider',
    costNanoUsd,
  } as const;
  return {
    id: `req_${id}`,
    timeMs: Math.floor(timeMs),
    requestId: `req_${id}`,
    userId: `usr_${user}`,
    keyId: `key_${user * KEYS_PER_USER + pick(KEYS_PER_USER)}`,
    clientSessionId: null,
    tags: number % 3 === 0 ? [`team-${user % 6}`] : [],
    endpoint: '/v1/chat/completions',
    provider,
    modelAsked: model,
    modelServed: model.slice(provider.length + 1),
    status: 200,
    ...ended,
    streamed: number % 2 === 0,
    unpriced: false,
    priceVersion: 'genai-prices 0.1.8',
    heldNanoUsd: null,
    heldTokens: null,
    firstByteMs: 300,
    durationMs: 2_000 + pick(8_000),
    finishReason: 'stop',
    errorType: null,
    errorMessage: null,
    attempts: [
      {
        ...ended,
        id: `att_${id}`,
        ordinal: 1,
        startedMs: Math.floor(timeMs),
        provider,
        credentialId: 'crd_1',
        model: model.slice(provider.length + 1),
        failure: null,
        status: 200,
        firstByteMs: 300,
        durationMs: 2_000,
        errorMessage: null,
      },
    ],
  };
}
