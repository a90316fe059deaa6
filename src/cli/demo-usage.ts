// Synthetic usage for `demo` and for screenshots: plausible days of work by a few keys, priced by the real price book.
// Deterministic for a seed; never used where anything real is counted.
import { costOf } from '../core/price.ts';
import { NO_USAGE, type TokenUsage } from '../core/token-usage.ts';
import type { AttemptRecord, FailureKind, UsageEvent } from '../core/usage-event.ts';
import { buildUsageEvent } from '../ledger/build-usage-event.ts';
import type { PriceBook } from '../ledger/prices/price-book.ts';
import { newId } from '../lib/id.ts';

export interface DemoCaller {
  readonly userId: string;
  readonly keyId: string;
  readonly tags: readonly string[];
  /** Requests on a working day. */
  readonly perDay: number;
  /** `provider/model` with how often it is asked for. */
  readonly models: readonly (readonly [model: string, weight: number])[];
}

export interface DemoUsage {
  readonly callers: readonly DemoCaller[];
  readonly days: number;
  readonly nowMs: number;
  readonly prices: Pick<PriceBook, 'find'>;
  readonly seed: number;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** How much is done in each hour of the day, UTC. */
const HOURS = [1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 19, 17, 12, 16, 19, 18, 15, 10, 7, 5, 4, 3, 2, 1];
const FALLBACK_PROVIDER = 'openrouter';

/** Oldest first. */
export function* demoEvents(demo: DemoUsage): Generator<UsageEvent> {
  const random = seeded(demo.seed);
  const firstDay = Math.floor(demo.nowMs / DAY_MS) - demo.days + 1;
  for (let day = firstDay; day < firstDay + demo.days; day += 1) {
    const weekday = new Date(day * DAY_MS).getUTCDay();
    const isWeekend = weekday === 0 || weekday === 6;
    const growth = 0.7 + (0.6 * (day - firstDay)) / Math.max(1, demo.days - 1);
    const times: { timeMs: number; caller: DemoCaller }[] = [];
    for (const caller of demo.callers) {
      const count = Math.round(caller.perDay * growth * (isWeekend ? 0.15 : 0.8 + 0.4 * random()));
      for (let each = 0; each < count; each += 1) {
        times.push({ timeMs: day * DAY_MS + timeOfDay(random), caller });
      }
    }
    times.sort((a, b) => a.timeMs - b.timeMs);
    for (const { timeMs, caller } of times) {
      if (timeMs < demo.nowMs - 60_000) yield demoEvent(demo, { timeMs, caller, random });
    }
  }
}

type Random = () => number;

function timeOfDay(random: Random): number {
  const hour = pick(
    HOURS.map((weight, at) => [at, weight] as const),
    random,
  );
  return hour * HOUR_MS + Math.floor(random() * HOUR_MS);
}

function demoEvent(
  demo: DemoUsage,
  facts: { timeMs: number; caller: DemoCaller; random: Random },
): UsageEvent {
  const { timeMs, caller, random } = facts;
  const asked = pick(caller.models, random);
  const [provider = '', ...rest] = asked.split('/');
  const model = rest.join('/');
  const luck = random();
  const failure = failureOf(luck);
  const attempts: AttemptRecord[] = [];
  if (failure !== null) attempts.push(failedAttempt({ timeMs, provider, model, failure }));
  const isLost = luck < 0.004;
  if (!isLost) {
    const afterMs = attempts.reduce((sum, each) => sum + each.durationMs, 0);
    attempts.push(
      servedAttempt(demo, { timeMs, provider, model, random, second: failure !== null, afterMs }),
    );
  }
  const last = attempts.at(-1);
  const isGone = luck > 0.992;
  const id = newId('req');
  const durationMs = attempts.reduce((sum, each) => sum + each.durationMs, 0) + 3;
  return buildUsageEvent(
    {
      id,
      timeMs,
      requestId: id,
      userId: caller.userId,
      keyId: caller.keyId,
      clientSessionId: null,
      tags: caller.tags,
      endpoint: provider === 'anthropic' ? '/v1/messages' : '/v1/chat/completions',
      modelAsked: asked,
      modelServed: isLost ? null : model,
      status: isLost ? 502 : isGone ? 499 : 200,
      outcome: isLost ? 'error' : isGone ? 'aborted' : 'final',
      streamed: random() < 0.8,
      priceVersion: isLost ? null : (priceOf(demo, provider, model)?.version ?? null),
      heldNanoUsd: null,
      heldTokens: null,
      firstByteMs: isLost ? null : durationMs - (last?.durationMs ?? 0) + (last?.firstByteMs ?? 0),
      durationMs,
      finishReason: isLost || isGone ? null : provider === 'anthropic' ? 'end_turn' : 'stop',
      errorType: isLost ? 'upstream_error' : isGone ? 'client_gone' : null,
      errorMessage: isLost ? 'The provider failed; no other target was left.' : null,
    },
    attempts,
  );
}

function failureOf(luck: number): FailureKind | null {
  if (luck < 0.004) return 'server_error';
  if (luck < 0.018) return 'rate_limit';
  if (luck < 0.024) return 'overloaded';
  return luck < 0.026 ? 'timeout_first_byte' : null;
}

function failedAttempt(facts: {
  timeMs: number;
  provider: string;
  model: string;
  failure: FailureKind;
}): AttemptRecord {
  const { timeMs, provider, model, failure } = facts;
  const status = { rate_limit: 429, overloaded: 529, server_error: 500 }[failure as string] ?? null;
  return {
    id: newId('att'),
    ordinal: 1,
    startedMs: timeMs + 2,
    provider,
    credentialId: null,
    model,
    outcome: 'error',
    failure,
    status,
    usage: NO_USAGE,
    provenance: 'provider',
    costNanoUsd: null,
    firstByteMs: status === null ? null : 180,
    durationMs: status === null ? 9_000 : 190,
    errorMessage: status === null ? null : `The provider answered with status ${status}.`,
  };
}

function servedAttempt(
  demo: DemoUsage,
  facts: {
    timeMs: number;
    provider: string;
    model: string;
    random: Random;
    second: boolean;
    afterMs: number;
  },
): AttemptRecord {
  const { timeMs, model, random, second } = facts;
  const provider = second && facts.provider !== 'demo' ? FALLBACK_PROVIDER : facts.provider;
  const usage = tokens(random, model.includes('embedding'));
  const cost = costOf(priceOf(demo, facts.provider, model), usage);
  const firstByteMs = 250 + Math.round(900 * random());
  return {
    id: newId('att'),
    ordinal: second ? 2 : 1,
    startedMs: timeMs + 2 + facts.afterMs,
    provider,
    credentialId: null,
    model: provider === facts.provider ? model : `${facts.provider}/${model}`,
    outcome: 'final',
    failure: null,
    status: 200,
    usage,
    provenance: random() < 0.985 ? 'provider' : 'estimated',
    costNanoUsd: cost.costNanoUsd,
    firstByteMs,
    durationMs: firstByteMs + Math.round((usage.completionTokens ?? 0) * (8 + 12 * random())),
    errorMessage: null,
  };
}

function tokens(random: Random, isEmbedding: boolean): TokenUsage {
  const prompt = 200 + Math.round(14_000 * random() ** 3);
  if (isEmbedding) return { ...NO_USAGE, inputTokens: prompt, promptTokens: prompt, completionTokens: 0 };
  const completion = 30 + Math.round(1_400 * random() ** 2);
  const cached = random() < 0.55 ? Math.round(prompt * (0.3 + 0.5 * random())) : 0;
  const reasoning = random() < 0.3 ? Math.round(completion * 0.4) : 0;
  return {
    ...NO_USAGE,
    inputTokens: prompt,
    outputTokens: completion,
    cachedTokens: cached,
    reasoningTokens: reasoning,
    promptTokens: prompt,
    completionTokens: completion,
  };
}

function priceOf(demo: DemoUsage, provider: string, model: string) {
  return demo.prices.find({ provider, model });
}

function pick<T>(choices: readonly (readonly [value: T, weight: number])[], random: Random): T {
  const whole = choices.reduce((sum, [, weight]) => sum + weight, 0);
  let left = random() * whole;
  for (const [value, weight] of choices) {
    left -= weight;
    if (left < 0) return value;
  }
  const [last] = choices.at(-1) ?? [];
  return last as T;
}

/** Park and Miller's generator: the same days for the same seed. */
function seeded(seed: number): Random {
  let state = seed % 2_147_483_647 || 1;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
