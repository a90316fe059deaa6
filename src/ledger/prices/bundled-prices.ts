// The bundled price list: @pydantic/genai-prices, read for its rates only. Its arithmetic is never used (it throws when
// cached tokens exceed input, and works in floats); its failures and gaps end here as null.
import { calcPrice, type ModelPrice } from '@pydantic/genai-prices';
import { nanoUsd, type Price, type PriceTier, type TokenRates } from '../../core/price.ts';

/** Edition of the list; held equal to package.json by a test. */
export const BUNDLED_EDITION = '0.1.8';

/** Our provider names where theirs differ. */
const THEIR_NAMES: Readonly<Record<string, string>> = {
  gemini: 'google',
  vertex: 'google',
  bedrock: 'aws',
  xai: 'x-ai',
};

/** Providers whose prices the list knows. Any other is unpriced: a server of one's own does not bill as its model's maker does. */
const LISTED = new Set([
  'openai',
  'anthropic',
  'google',
  'openrouter',
  'groq',
  'mistral',
  'deepseek',
  'x-ai',
  'together',
  'fireworks',
  'cohere',
  'cerebras',
  'perplexity',
  'azure',
  'aws',
]);

export interface BundledEntry {
  readonly price: Price | null;
  readonly contextTokens: number | null;
}

/** `timeMs` matters for prices that depend on the date or the hour. Costs tens of microseconds: never once per request. */
export function bundledEntry(provider: string, model: string, timeMs: number): BundledEntry | null {
  const providerId = THEIR_NAMES[provider] ?? provider;
  if (!LISTED.has(providerId)) return null;
  try {
    const found = calcPrice({}, model, { providerId, timestamp: new Date(timeMs) });
    if (!found) return null;
    return {
      price: readPrice(found.model_price),
      contextTokens: found.model.context_window ?? null,
    };
  } catch {
    return null;
  }
}

/** Null when the list prices the model by something other than tokens (hours of audio, pages). */
function readPrice(listed: ModelPrice): Price | null {
  if (listed.input_mtok === undefined && listed.output_mtok === undefined) return null;
  const starts = new Set<number>();
  for (const value of Object.values(listed)) {
    if (typeof value === 'object') for (const tier of value.tiers) starts.add(tier.start);
  }
  const first: PriceTier = { abovePromptTokens: 0, rates: ratesAbove(listed, 0) };
  const further = [...starts]
    .sort((a, b) => a - b)
    .map((start) => ({ abovePromptTokens: start, rates: ratesAbove(listed, start) }));
  return {
    version: `genai-prices ${BUNDLED_EDITION}`,
    tiers: [first, ...further],
    nanoUsdPerWebSearch: perThousand(listed.web_searches_kcount),
    nanoUsdPerRequest: perThousand(listed.requests_kcount),
  };
}

function ratesAbove(listed: ModelPrice, start: number): TokenRates {
  const rate = (name: string): number | null => {
    const usd = valueAt(listed[name], start);
    return usd === null ? null : nanoUsd(usd);
  };
  return {
    input: rate('input_mtok'),
    output: rate('output_mtok'),
    cached: rate('cache_read_mtok'),
    cacheWrite5m: rate('cache_write_mtok'),
    cacheWrite1h: rate('cache_write_1h_mtok'),
    reasoning: rate('output_reasoning_mtok'),
    audioInput: rate('input_audio_mtok'),
    audioOutput: rate('output_audio_mtok'),
  };
}

function valueAt(value: ModelPrice[string], start: number): number | null {
  if (value === undefined) return null;
  if (typeof value === 'number') return value;
  let usd = value.base;
  for (const tier of [...value.tiers].sort((a, b) => a.start - b.start))
    if (start >= tier.start) usd = tier.price;
  return usd;
}

function perThousand(value: ModelPrice[string]): number {
  return Math.round(nanoUsd(valueAt(value, 0) ?? 0) / 1000);
}
