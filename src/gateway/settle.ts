// The one place where a request ends: success, refusal by a provider, failure, hang-up and shutdown alike.
// Usage, cost, provenance, the admission's end and the ledger, before the last byte goes out.
import type { Provenance, TokenUsage } from '../core/token-usage.ts';
import type { Outcome, UsageEvent } from '../core/usage-event.ts';
import type { GatewayDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';

export interface Settlement {
  readonly status: number;
  readonly outcome: Outcome;
  readonly provider: string | null;
  readonly modelServed: string | null;
  readonly usage: TokenUsage;
  readonly provenance: Provenance;
  readonly costNanoUsd: number | null;
  readonly unpriced: boolean;
  readonly priceVersion: string | null;
  readonly finishReason: string | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
}

/** Ends the request. A second call does nothing. Throws `store_unavailable` only when the ledger can take nothing. */
export function settle(exchange: Exchange, settlement: Settlement, deps: GatewayDeps): void {
  if (exchange.settled) return;
  exchange.settled = true;
  const event = toEvent(exchange, settlement, deps);
  try {
    deps.ledger.settle(event);
  } finally {
    exchange.admission?.settle({
      costNanoUsd: event.costNanoUsd,
      promptTokens: event.usage.promptTokens,
      completionTokens: event.usage.completionTokens,
    });
  }
}

function toEvent(exchange: Exchange, settlement: Settlement, deps: GatewayDeps): UsageEvent {
  const { actor, facts } = exchange;
  return {
    id: exchange.id,
    timeMs: exchange.timeMs,
    requestId: exchange.requestId,
    userId: actor.userId,
    keyId: actor.keyId,
    clientSessionId: facts.clientSessionId,
    tags: actor.tags,
    endpoint: exchange.endpoint.name,
    provider: settlement.provider,
    modelAsked: facts.model,
    modelServed: settlement.modelServed,
    status: settlement.status,
    outcome: settlement.outcome,
    streamed: facts.stream,
    usage: settlement.usage,
    provenance: settlement.provenance,
    costNanoUsd: settlement.costNanoUsd,
    unpriced: settlement.unpriced,
    priceVersion: settlement.priceVersion,
    firstByteMs: exchange.firstByteAtMs === null ? null : round(exchange.firstByteAtMs - exchange.startedMs),
    durationMs: round(deps.clock.monotonicMs() - exchange.startedMs),
    finishReason: settlement.finishReason,
    errorType: settlement.errorType,
    errorMessage: settlement.errorMessage?.slice(0, deps.errorCharsMax) ?? null,
    heldNanoUsd: exchange.admission?.heldNanoUsd ?? null,
    heldTokens: exchange.admission?.heldTokens ?? null,
    attempts: exchange.attempts,
  };
}

/** Tenths of a millisecond tell apart what is worth telling apart. */
function round(ms: number): number {
  return Math.max(0, Math.round(ms * 10) / 10);
}
