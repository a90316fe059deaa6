// Facts of chat completion answers: usage, served model, finish reason. Reads everyone who speaks this format.
import { NO_USAGE, readCount, type TokenUsage } from '../../core/token-usage.ts';
import { asArray, asObject, asString, type JsonObject, parseJson } from '../../lib/json.ts';
import type { SseEvent } from '../sse.ts';
import type { AnswerFacts, StreamError, StreamReader } from '../types.ts';
import { skimChunk } from './skim-chunk.ts';

/** Null when the object holds no count at all. Cached input is inside `prompt_tokens` (wire fact F12). */
export function readOpenAiUsage(value: unknown): TokenUsage | null {
  const usage = asObject(value);
  if (!usage) return null;
  const input = readCount(usage.prompt_tokens);
  const output = readCount(usage.completion_tokens);
  if (input === null && output === null) return null;
  const promptDetails = asObject(usage.prompt_tokens_details);
  const outputDetails = asObject(usage.completion_tokens_details);
  const reasoning = readCount(outputDetails?.reasoning_tokens);
  return {
    ...NO_USAGE,
    inputTokens: input,
    outputTokens: output,
    cachedTokens: readCount(promptDetails?.cached_tokens) ?? readCount(usage.prompt_cache_hit_tokens),
    ...readCacheWrites(promptDetails),
    reasoningTokens: reasoning,
    audioInputTokens: readCount(promptDetails?.audio_tokens),
    audioOutputTokens: readCount(outputDetails?.audio_tokens),
    promptTokens: input,
    completionTokens: wholeOutput(usage, input, output, reasoning),
  };
}

/** `cache_write_1h_tokens` is Tollgate's own, for what it translates from Anthropic's format; inside the total. */
function readCacheWrites(details: JsonObject | null) {
  const total = readCount(details?.cache_write_tokens);
  const oneHour = readCount(details?.cache_write_1h_tokens);
  return {
    cacheWrite5mTokens: total === null ? null : Math.max(0, total - (oneHour ?? 0)),
    cacheWrite1hTokens: oneHour,
  };
}

/** xAI counts reasoning beside the output: then, and only then, the provider's total is the sum of all three. */
function wholeOutput(
  usage: JsonObject,
  input: number | null,
  output: number | null,
  reasoning: number | null,
): number | null {
  const total = readCount(usage.total_tokens);
  if (output === null || !reasoning || total === null) return output;
  return total === (input ?? 0) + output + reasoning ? output + reasoning : output;
}

/** Facts of a whole answer; never throws. */
export function readChatAnswer(body: JsonObject): AnswerFacts {
  const choice = asObject(asArray(body.choices)?.[0]);
  return {
    usage: readOpenAiUsage(body.usage),
    modelServed: asString(body.model),
    finishReason: asString(choice?.finish_reason),
  };
}

/** Parses only the events that can carry a fact; the others are counted by their length. */
export class ChatStreamReader implements StreamReader {
  ended = false;
  outputChars = 0;
  error: StreamError | null = null;
  #modelServed: string | null = null;
  #finishReason: string | null = null;
  #usage: TokenUsage | null = null;

  skim(bytes: Uint8Array): boolean {
    const outputBytes = this.#modelServed === null ? null : skimChunk(bytes);
    if (outputBytes === null) return false;
    this.outputChars += outputBytes;
    return true;
  }

  push(event: SseEvent): void {
    const { data } = event;
    if (data === '[DONE]') {
      this.ended = true;
      return;
    }
    this.outputChars += countChars(data);
    if (this.#modelServed && !mayCarryFacts(event)) return;
    const chunk = asObject(parseJson(data));
    if (chunk) this.#read(chunk);
  }

  facts(): AnswerFacts {
    return { usage: this.#usage, modelServed: this.#modelServed, finishReason: this.#finishReason };
  }

  #read(chunk: JsonObject): void {
    this.#usage =
      readOpenAiUsage(chunk.usage) ?? readOpenAiUsage(asObject(chunk.x_groq)?.usage) ?? this.#usage;
    if (typeof chunk.model === 'string' && chunk.model !== '') this.#modelServed = chunk.model;
    const choice = asObject(asArray(chunk.choices)?.[0]);
    this.#finishReason = asString(choice?.finish_reason) ?? this.#finishReason;
    this.error = readStreamError(chunk) ?? this.error;
  }
}

function mayCarryFacts({ event, data }: SseEvent): boolean {
  return (
    data.includes('"usage":{') ||
    data.includes('"usage": {') ||
    data.includes('"finish_reason":"') ||
    data.includes('"finish_reason": "') ||
    data.includes('"error"') ||
    event === 'error'
  );
}

export function readStreamError(chunk: JsonObject): StreamError | null {
  const { error } = chunk;
  if (typeof error === 'string') return { type: null, message: error };
  const detail = asObject(error);
  if (!detail) return null;
  return {
    type: asString(detail.type) ?? asString(detail.code),
    message: asString(detail.message) ?? 'error',
  };
}

const OUTPUT_FIELDS = ['"content":"', '"reasoning_content":"', '"reasoning":"', '"arguments":"'] as const;

/** Length of the text a chunk adds, found without parsing it; for estimates only. */
function countChars(data: string): number {
  let count = 0;
  for (const field of OUTPUT_FIELDS) {
    const start = data.indexOf(field);
    if (start < 0) continue;
    const from = start + field.length;
    let end = data.indexOf('"', from);
    while (end > 0 && data.charCodeAt(end - 1) === 92) end = data.indexOf('"', end + 1);
    count += Math.max(0, (end < 0 ? data.length : end) - from);
  }
  return count;
}
