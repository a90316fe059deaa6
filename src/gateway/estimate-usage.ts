// A rough count for answers whose provider reported nothing. Always marked `estimated`; never a tokeniser, which
// would cost more than the request itself.
import { NO_USAGE, type TokenUsage } from '../core/token-usage.ts';
import type { Exchange } from './exchange.ts';

/** English prose and code run at about four characters a token in the vocabularies of 2024 to 2026. */
const CHARS_PER_TOKEN = 4;

export function estimateUsage(exchange: Exchange, outputChars: number): TokenUsage {
  const promptTokens = Math.ceil(exchange.body.text.length / CHARS_PER_TOKEN);
  const completionTokens = Math.ceil(outputChars / CHARS_PER_TOKEN);
  return {
    ...NO_USAGE,
    inputTokens: promptTokens,
    outputTokens: completionTokens,
    promptTokens,
    completionTokens,
  };
}
