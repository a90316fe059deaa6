// Token counts on each side's own terms: OpenAI counts cached input inside the prompt, Anthropic beside it (wire fact F12).
import type { TokenUsage } from '../../core/token-usage.ts';
import type { JsonObject } from '../../lib/json.ts';

/** OpenAI's usage object. One-hour cache writes stand in a field of their own, inside `cache_write_tokens`. */
export function chatUsage(usage: TokenUsage): JsonObject {
  const prompt = usage.promptTokens ?? 0;
  const completion = usage.completionTokens ?? 0;
  const oneHour = usage.cacheWrite1hTokens;
  const writes =
    usage.cacheWrite5mTokens === null && oneHour === null
      ? null
      : (usage.cacheWrite5mTokens ?? 0) + (oneHour ?? 0);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: present({
      cached_tokens: usage.cachedTokens,
      cache_write_tokens: writes,
      cache_write_1h_tokens: oneHour || null,
      audio_tokens: usage.audioInputTokens,
    }),
    completion_tokens_details: present({
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: usage.audioOutputTokens,
    }),
  };
}

/** Anthropic's usage object; `input_tokens` is what was neither read from a cache nor written to one. */
export function anthropicUsage(usage: TokenUsage): JsonObject {
  const cached = usage.cachedTokens ?? 0;
  const oneHour = usage.cacheWrite1hTokens ?? 0;
  const writes = (usage.cacheWrite5mTokens ?? 0) + oneHour;
  return {
    input_tokens: Math.max(0, (usage.promptTokens ?? 0) - cached - writes),
    cache_creation_input_tokens: writes,
    cache_read_input_tokens: cached,
    ...(oneHour > 0
      ? {
          cache_creation: { ephemeral_5m_input_tokens: writes - oneHour, ephemeral_1h_input_tokens: oneHour },
        }
      : {}),
    output_tokens: usage.completionTokens ?? 0,
    ...(usage.reasoningTokens === null
      ? {}
      : { output_tokens_details: { thinking_tokens: usage.reasoningTokens } }),
  };
}

/** Rough characters per token, for the number shown where a provider tells none. */
const CHARS_PER_TOKEN = 4;

/** Where a provider told no usage, Anthropic's clients still need the object: estimated, and marked as such. */
export function estimatedAnthropicUsage(promptTokens: number | null, outputChars: number): JsonObject {
  return {
    input_tokens: promptTokens ?? 0,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: Math.ceil(outputChars / CHARS_PER_TOKEN),
    tollgate_estimated: true,
  };
}

/**
 * Usage for message_start where the provider tells input only at the end. Clients merge later usage over this object and
 * keep what it does not name, so the mark is one that stays true: what the estimate at the start was.
 */
export function startUsage(promptTokens: number | null): JsonObject {
  return {
    input_tokens: promptTokens ?? 0,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 0,
    tollgate_estimated_input_tokens: promptTokens,
  };
}

function present(fields: Readonly<Record<string, number | null>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
