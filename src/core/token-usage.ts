// Token counts of one call: the provider's own numbers, and beside them the two totals that compare across providers.
// Never estimates and never prices: those are decisions of other rooms.

/** All counts are non-negative integers; null means the provider did not report it. */
export interface TokenUsage {
  /** As the provider named it: OpenAI and Gemini include cached input, Anthropic excludes cache reads and writes. */
  readonly inputTokens: number | null;
  /** As the provider named it: xAI and Gemini exclude reasoning, the others include it. */
  readonly outputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly cacheWrite5mTokens: number | null;
  readonly cacheWrite1hTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly audioInputTokens: number | null;
  readonly audioOutputTokens: number | null;
  readonly webSearchRequests: number | null;
  /** Everything that was read: uncached + cached + cache writes. Comparable across providers. */
  readonly promptTokens: number | null;
  /** Everything that was written, reasoning included. Comparable across providers. */
  readonly completionTokens: number | null;
}

export const NO_USAGE: TokenUsage = {
  inputTokens: null,
  outputTokens: null,
  cachedTokens: null,
  cacheWrite5mTokens: null,
  cacheWrite1hTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
  webSearchRequests: null,
  promptTokens: null,
  completionTokens: null,
};

/** No real call comes near this; a larger number is the provider's mistake (faults.md U9). */
export const TOKENS_PER_CALL_MAX = 100_000_000;

/** Where a number came from. `imported` marks rows taken over from the predecessor. */
export type Provenance = 'provider' | 'drained' | 'estimated' | 'unknown' | 'imported';

/** A count from foreign JSON: numbers and numeric strings, rounded; null when missing, negative, absurd or no number. */
export function readCount(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return null;
  if (number < 0 || number > TOKENS_PER_CALL_MAX) return null;
  return Math.round(number);
}
