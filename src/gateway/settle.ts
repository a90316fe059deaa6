// The one place where a request ends: success, refusal by a provider, failure, hang-up and shutdown alike.
// Usage, cost, provenance, the admission's end and the ledger, before the last byte goes out.
import type { AttemptRecord, Outcome, UsageEvent } from '../core/usage-event.ts';
import { sumOfAttempts } from '../ledger/build-usage-event.ts';
import type { StartedMark } from '../ledger/recover.ts';
import { withoutEcho } from '../lib/without-echo.ts';
import type { GatewayDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';

/** How the request ended. What it used is the sum of its attempts. */
export interface Settlement {
  readonly status: number;
  readonly outcome: Outcome;
  readonly modelServed: string | null;
  readonly priceVersion: string | null;
  readonly finishReason: string | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
}

/** Ends the request. A second call does nothing. Throws `store_unavailable` only when the ledger can take nothing. */
export function settle(exchange: Exchange, settlement: Settlement, deps: GatewayDeps): void {
  if (exchange.settled) return;
  exchange.settled = true;
  exchange.hangUp.end();
  deps.live.remove(exchange);
  const event = toEvent(exchange, settlement, deps);
  try {
    exchange.settledEvent = deps.ledger.settle(event, exchange.mark);
  } finally {
    exchange.admission?.settle({
      costNanoUsd: event.costNanoUsd,
      promptTokens: event.usage.promptTokens,
      completionTokens: event.usage.completionTokens,
    });
  }
}

/**
 * Resolves once what was settled is safe; null when it is. Rejects with `store_unavailable` when it is not: what other requests
 * of the same turn lost is not told to this one. Ask in the same step as the settlement.
 */
export function confirmSettled(exchange: Exchange, deps: GatewayDeps): Promise<void> | null {
  const written = deps.ledger.confirmed();
  if (written === null) return null;
  return written.catch((error: unknown) => {
    if (!exchange.settledEvent?.mayEnd) throw error;
  });
}

function toEvent(exchange: Exchange, settlement: Settlement, deps: GatewayDeps): UsageEvent {
  const { actor, facts, admission, firstByteAtMs, startedMs, attempts } = exchange;
  const sum = sumOfAttempts(attempts);
  // A reservation stands on the row only where the truth stays unknown.
  const held = sum.costNanoUsd === null ? admission : null;
  return {
    id: exchange.id,
    timeMs: exchange.timeMs,
    requestId: exchange.requestId,
    userId: actor.userId,
    keyId: actor.keyId,
    clientSessionId: exchange.clientSessionId,
    tags: actor.tags,
    endpoint: exchange.endpoint.name,
    provider: sum.provider,
    modelAsked: facts.model,
    modelServed: settlement.modelServed,
    status: settlement.status,
    outcome: settlement.outcome,
    streamed: facts.stream,
    usage: sum.usage,
    provenance: sum.provenance,
    costNanoUsd: sum.costNanoUsd,
    unpriced: sum.unpriced,
    priceVersion: settlement.priceVersion,
    heldNanoUsd: held?.heldNanoUsd ?? null,
    heldTokens: held?.heldTokens ?? null,
    firstByteMs: firstByteAtMs === null ? null : round(firstByteAtMs - startedMs),
    durationMs: round(deps.clock.monotonicMs() - startedMs),
    finishReason: settlement.finishReason,
    errorType: settlement.errorType,
    errorMessage: storable(settlement.errorMessage, exchange, deps.errorCharsMax),
    attempts: storableAttempts(exchange, deps),
  };
}

function storableAttempts(exchange: Exchange, deps: GatewayDeps): readonly AttemptRecord[] {
  const { attempts } = exchange;
  return attempts.some(hasMessage) ? withoutEchoes(exchange, deps) : attempts;
}

function withoutEchoes(exchange: Exchange, deps: GatewayDeps): readonly AttemptRecord[] {
  return exchange.attempts.map((attempt) => ({
    ...attempt,
    errorMessage: storable(attempt.errorMessage, exchange, deps.errorCharsMax),
  }));
}

function hasMessage({ errorMessage }: AttemptRecord): boolean {
  return errorMessage !== null;
}

/** Bodies are never stored, not even where a provider's error repeats them. */
function storable(message: string | null, exchange: Exchange, charsMax: number): string | null {
  return message === null ? null : withoutEcho(message.slice(0, charsMax), exchange.searchedText);
}

/**
 * Before the first byte goes upstream: a stream or a budgeted request leaves its mark on disk, so that its death is
 * known; any other is only asked whether it can be written down. Throws `store_unavailable`, or rejects with it; null when
 * nobody has to wait.
 */
export function beginUsage(exchange: Exchange, deps: GatewayDeps): Promise<void> | null {
  const budgeted = exchange.admission?.budgeted ?? false;
  if (!budgeted && !exchange.facts.stream) {
    deps.ledger.admit(false);
    return null;
  }
  exchange.mark = deps.ledger.begin(startOf(exchange), budgeted);
  const written = deps.ledger.confirmed();
  // A stream without a budget is served even where its mark is lost: its event is what counts.
  return budgeted ? written : (written?.catch(() => {}) ?? null);
}

function startOf(exchange: Exchange): StartedMark {
  const { actor, facts, admission } = exchange;
  return {
    id: exchange.id,
    timeMs: exchange.timeMs,
    requestId: exchange.requestId,
    userId: actor.userId,
    keyId: actor.keyId,
    clientSessionId: exchange.clientSessionId,
    tags: actor.tags,
    endpoint: exchange.endpoint.name,
    provider: null,
    modelAsked: facts.model,
    streamed: facts.stream,
    heldNanoUsd: admission?.heldNanoUsd ?? null,
    heldTokens: admission?.heldTokens ?? null,
  };
}

/** Tenths of a millisecond tell apart what is worth telling apart. */
function round(ms: number): number {
  return Math.max(0, Math.round(ms * 10) / 10);
}
