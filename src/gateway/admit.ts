// The step that asks the limits for a place, with the most the request can use at the dearest of its targets.
// What it hands back is owed exactly one end.

import { type ModelBounds, worstCase, worstCostNanoUsd } from '../core/limits/worst-case.ts';
import { priceCeiling } from '../core/price.ts';
import type { PriceBook } from '../ledger/prices/price-book.ts';
import type { Admission, Limiter } from '../limits/limiter.ts';
import type { Exchange } from './exchange.ts';
import type { Target } from './plan.ts';

/** Throws AppError 403, 429 or 503 when a limit stands in the way; then nothing was taken. */
export type Admit = (exchange: Exchange, targets: readonly Target[]) => Admission | Promise<Admission>;

export interface AdmitDeps {
  readonly limiter: Limiter;
  readonly prices: Pick<PriceBook, 'find' | 'contextTokens'>;
  /** What the operator wrote about a `provider/model`. */
  readonly boundsOf: (fullName: string) => ModelBounds;
}

export function createAdmit(deps: AdmitDeps): Admit {
  return (exchange, targets) => {
    const { actor, endpoint } = exchange;
    const most = mostOf(exchange, targets, deps);
    return deps.limiter.admit({
      eventId: exchange.id,
      timeMs: exchange.timeMs,
      userId: actor.userId,
      keyId: actor.keyId,
      model: most.model,
      tokensMax: most.tokensMax,
      nanoUsdMax: most.nanoUsdMax,
      shape: endpoint.errorShape,
    });
  };
}

/** The dearest target decides; one target without a price leaves the whole request without one. */
function mostOf(exchange: Exchange, targets: readonly Target[], { prices, boundsOf }: AdmitDeps) {
  const { facts, body, endpoint } = exchange;
  const size = {
    bodyBytes: body.byteLength,
    features: facts.features,
    maxOutputTokens: facts.maxOutputTokens,
    choices: facts.choices,
    writes: endpoint.dialect !== 'openai-embeddings',
  };
  let tokensMax = 0;
  let nanoUsdMax: number | null = 0;
  let named = facts.model;
  for (const { spec, model, fullName } of targets) {
    const written = boundsOf(fullName);
    const contextTokens = written.contextTokens ?? prices.contextTokens(spec.name, model);
    const worst = worstCase(size, { contextTokens, maxOutputTokens: written.maxOutputTokens });
    const price = prices.find({ provider: spec.name, model });
    tokensMax = Math.max(tokensMax, worst.totalTokens);
    if (price === null) {
      if (nanoUsdMax !== null) named = fullName;
      nanoUsdMax = null;
    } else if (nanoUsdMax !== null)
      nanoUsdMax = Math.max(nanoUsdMax, worstCostNanoUsd(worst, priceCeiling(price)));
  }
  return { model: named, tokensMax, nanoUsdMax };
}
