// Ends an answered attempt: closes its record, prices it, settles its request. Shared by whole answers and streams.
import { costOf } from '../core/price.ts';
import type { Provenance, TokenUsage } from '../core/token-usage.ts';
import type { FailureKind, Outcome } from '../core/usage-event.ts';
import { estimateUsage } from '../ledger/estimate.ts';
import type { AnswerFacts } from '../protocol/types.ts';
import type { UpstreamAnswer } from '../upstream/call-upstream.ts';
import { closeAttempt, type OpenAttempt } from './attempt-record.ts';
import type { GatewayDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';
import { settle } from './settle.ts';

export interface AnswerEnd {
  readonly outcome: Outcome;
  readonly failure: FailureKind | null;
  readonly facts: AnswerFacts;
  /** How the provider's own numbers were come by; estimates are marked by themselves. */
  readonly provenance: Provenance;
  /** Characters of output seen, for an estimate when the provider reported nothing. */
  readonly outputChars: number;
  /** What the caller is told; the provider's status unless something went wrong before the first byte. */
  readonly status: number;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
}

export interface Answered {
  readonly exchange: Exchange;
  readonly attempt: OpenAttempt;
  readonly answer: UpstreamAnswer;
}

export function endAnswer({ exchange, attempt, answer }: Answered, end: AnswerEnd, deps: GatewayDeps): void {
  if (exchange.settled) return;
  const { usage, provenance } = usageOf(exchange, end);
  const { name: provider } = attempt.target.spec;
  const asked = { provider, model: attempt.target.model, served: end.facts.modelServed };
  const cost = costOf(deps.prices.find(asked), usage);
  release(attempt, end, { usage, costNanoUsd: cost.costNanoUsd });
  closeAttempt(
    exchange,
    attempt,
    {
      outcome: end.outcome,
      failure: end.failure,
      status: answer.status,
      usage,
      provenance,
      costNanoUsd: cost.costNanoUsd,
      firstByteMs: answer.headersMs,
      errorMessage: end.errorMessage,
    },
    deps,
  );
  settle(
    exchange,
    {
      status: end.status,
      outcome: end.outcome,
      modelServed: end.facts.modelServed,
      priceVersion: cost.priceVersion,
      finishReason: end.facts.finishReason,
      errorType: end.errorType,
      errorMessage: end.errorMessage,
    },
    deps,
  );
}

/**
 * The provider's numbers count when they are its last word: a finish reason has come, or the answer ended in order.
 * Numbers of a cut stream say only what was used so far, so what was seen beyond them is estimated.
 */
function usageOf(exchange: Exchange, end: AnswerEnd): { usage: TokenUsage; provenance: Provenance } {
  const { usage: said, finishReason } = end.facts;
  const isLastWord = finishReason !== null || end.outcome === 'final';
  if (said && isLastWord) return { usage: said, provenance: end.provenance };
  return {
    usage: estimateUsage({ promptBytes: exchange.promptChars, outputChars: end.outputChars, said }),
    provenance: 'estimated',
  };
}

function release(
  attempt: OpenAttempt,
  end: AnswerEnd,
  used: { usage: TokenUsage; costNanoUsd: number | null },
): void {
  const { failure } = end;
  if (end.outcome === 'aborted') attempt.lease.release({ kind: 'neutral', ...used });
  else if (failure === null) attempt.lease.release({ kind: 'success', ...used });
  else attempt.lease.release({ kind: 'failure', failure, retryAfterMs: null, ...used });
}
