// The most a request can use, known before it is sent: what a reservation must cover. Bounded from sizes, never tokenised.
// Errs upwards only: a reservation that is too large comes back at the end, one too small lets a budget be overspent.
import type { RequestFeatures } from '../wire.ts';

/**
 * Tokens that a provider may read beyond the bytes sent: frames around messages and the hidden prompt that
 * switches tool use on (a few hundred tokens at every provider that states it).
 */
export const HIDDEN_PROMPT_TOKENS_MAX = 1_500;

/** Stands for a model whose context window nobody told: no wider window is offered by any provider in the price data. */
export const CONTEXT_TOKENS_UNKNOWN = 1_000_000;

/** Stands for a model whose longest answer nobody told: the longest that any common model gives. */
export const OUTPUT_TOKENS_UNKNOWN = 128_000;

export interface RequestSize {
  readonly bodyBytes: number;
  readonly features: RequestFeatures;
  /** As asked by the caller; null when no bound was set. */
  readonly maxOutputTokens: number | null;
  /** How many answers were asked for. */
  readonly choices: number;
  /** False for embeddings and other calls that write nothing. */
  readonly writes: boolean;
}

/** What is known of the model; null where nothing is. */
export interface ModelBounds {
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number | null;
}

/** The dearest prices a model can have: the highest tier, the dearest kind of cache write, the dearest kind of output. */
export interface PriceCeiling {
  readonly inputNanoUsdPerToken: number;
  readonly outputNanoUsdPerToken: number;
  /** Fees per call that do not depend on tokens. */
  readonly nanoUsdPerRequest: number;
}

export interface WorstCase {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
}

export function worstCase(size: RequestSize, model: ModelBounds): WorstCase {
  const promptTokens = promptTokensMax(size, model);
  const completionTokens = completionTokensMax(size, model);
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
}

/** Rounded up to whole nano-dollars. */
export function worstCostNanoUsd(worst: WorstCase, price: PriceCeiling): number {
  return Math.ceil(
    worst.promptTokens * price.inputNanoUsdPerToken +
      worst.completionTokens * price.outputNanoUsdPerToken +
      price.nanoUsdPerRequest,
  );
}

/**
 * Every tokeniser in use makes at least one byte into a token, so the body's bytes bound its text. Media is another
 * matter: a short link can stand for a long document, so there only the context window bounds.
 */
function promptTokensMax(size: RequestSize, model: ModelBounds): number {
  const window = model.contextTokens ?? CONTEXT_TOKENS_UNKNOWN;
  const { images, documents, audio } = size.features;
  if (images || documents || audio) return window;
  return Math.min(window, size.bodyBytes + HIDDEN_PROMPT_TOKENS_MAX);
}

function completionTokensMax(size: RequestSize, model: ModelBounds): number {
  if (!size.writes) return 0;
  const ofModel = model.maxOutputTokens ?? Math.min(OUTPUT_TOKENS_UNKNOWN, model.contextTokens ?? Infinity);
  return (size.maxOutputTokens ?? ofModel) * size.choices;
}
