// Ends an answered attempt: closes its record, prices it, settles its request. Shared by whole answers and streams.
import { costOf } from '../core/price.ts';
import { NO_USAGE, type Provenance } from '../core/token-usage.ts';
import type { FailureKind, Outcome } from '../core/usage-event.ts';
import type { AnswerFacts } from '../protocol/types.ts';
import type { UpstreamAnswer } from '../upstream/call-upstream.ts';
import { closeAttempt, type OpenAttempt } from './attempt.ts';
import type { GatewayDeps } from './deps.ts';
import { estimateUsage } from './estimate-usage.ts';
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
  const reported = end.facts.usage;
  const usage = reported ?? estimateUsage(exchange, end.outputChars);
  const provenance = reported ? end.provenance : usage === NO_USAGE ? 'unknown' : 'estimated';
  const { name: provider } = attempt.target.spec;
  const asked = { provider, model: attempt.target.model, served: end.facts.modelServed };
  const cost = costOf(deps.prices.find(asked), usage);
  release(attempt, end);
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
      provider,
      modelServed: end.facts.modelServed,
      usage,
      provenance,
      ...cost,
      finishReason: end.facts.finishReason,
      errorType: end.errorType,
      errorMessage: end.errorMessage,
    },
    deps,
  );
}

function release(attempt: OpenAttempt, end: AnswerEnd): void {
  if (end.outcome === 'aborted') attempt.lease.release({ kind: 'neutral' });
  else if (end.failure === null) attempt.lease.release({ kind: 'success' });
  else attempt.lease.release({ kind: 'failure', failure: end.failure, retryAfterMs: null });
}
