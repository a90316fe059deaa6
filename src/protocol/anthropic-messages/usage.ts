// What an Anthropic answer says about itself: token counts, model, stop reason. Reads only; never estimates.
// Usage on streams is cumulative and each field's latest value counts; nothing is ever added up (wire facts F10, F13).
import { NO_USAGE, readCount, type TokenUsage } from '../../core/token-usage.ts';
import { asArray, asObject, asString, type Json, type JsonObject, parseJson } from '../../lib/json.ts';
import type { SseEvent } from '../sse.ts';
import type { AnswerFacts, StreamError, StreamReader } from '../types.ts';

export function readMessagesAnswer(body: JsonObject): AnswerFacts {
  const usage = asObject(body.usage);
  return {
    usage: usage ? readMessagesUsage(usage) : null,
    modelServed: readFallbackModel(usage) ?? asString(body.model),
    finishReason: asString(body.stop_reason),
  };
}

export class MessagesStreamReader implements StreamReader {
  ended = false;
  outputChars = 0;
  error: StreamError | null = null;
  #usage: JsonObject | null = null;
  #model: string | null = null;
  #stopReason: string | null = null;

  push(event: SseEvent): void {
    const data = asObject(parseJson(event.data));
    if (data) this.#take(data);
  }

  facts(): AnswerFacts {
    return {
      usage: this.#usage ? readMessagesUsage(this.#usage) : null,
      modelServed: readFallbackModel(this.#usage) ?? this.#model,
      finishReason: this.#stopReason,
    };
  }

  #take(data: JsonObject): void {
    if (data.type === 'content_block_delta') this.outputChars += countDelta(asObject(data.delta));
    else if (data.type === 'content_block_start')
      this.outputChars += countDelta(asObject(data.content_block));
    else if (data.type === 'message_start') {
      const message = asObject(data.message);
      this.#takeUsage(message?.usage);
      this.#model = asString(message?.model) ?? this.#model;
    } else if (data.type === 'message_delta') {
      this.#takeUsage(data.usage);
      this.#stopReason = asString(asObject(data.delta)?.stop_reason) ?? this.#stopReason;
    } else if (data.type === 'message_stop') this.ended = true;
    else if (data.type === 'error') this.error = readStreamError(data);
  }

  #takeUsage(value: Json | undefined): void {
    const usage = asObject(value);
    if (usage) this.#usage = mergeLatest(this.#usage ?? {}, usage);
  }
}

/** `input_tokens` excludes cache reads and writes; `output_tokens` includes thinking. */
export function readMessagesUsage(usage: JsonObject): TokenUsage {
  const input = readCount(usage.input_tokens);
  const output = readCount(usage.output_tokens);
  const cached = readCount(usage.cache_read_input_tokens);
  const writes = readCacheWrites(usage);
  return {
    ...NO_USAGE,
    inputTokens: input,
    outputTokens: output,
    cachedTokens: cached,
    cacheWrite5mTokens: writes.fiveMinutes,
    cacheWrite1hTokens: writes.oneHour,
    reasoningTokens: readCount(asObject(usage.output_tokens_details)?.thinking_tokens),
    webSearchRequests: readCount(asObject(usage.server_tool_use)?.web_search_requests),
    promptTokens:
      input === null ? null : input + (cached ?? 0) + (writes.fiveMinutes ?? 0) + (writes.oneHour ?? 0),
    completionTokens: output,
  };
}

/** Of a total without a split the part that is not known to be one-hour is five-minute; the split alone also counts. */
function readCacheWrites(usage: JsonObject): { fiveMinutes: number | null; oneHour: number | null } {
  const total = readCount(usage.cache_creation_input_tokens);
  const split = asObject(usage.cache_creation);
  const oneHour = readCount(split?.ephemeral_1h_input_tokens);
  const fiveMinutes = readCount(split?.ephemeral_5m_input_tokens);
  if (total === null) return { fiveMinutes, oneHour };
  const bounded = oneHour === null ? null : Math.min(oneHour, total);
  return { fiveMinutes: total - (bounded ?? 0), oneHour: bounded };
}

/** Usage as it stands after one more event. A field that comes back as null says nothing, so the earlier value stays. */
export function mergeLatest(earlier: JsonObject, later: JsonObject): JsonObject {
  const merged: JsonObject = { ...earlier };
  for (const [name, value] of Object.entries(later))
    if (value !== null && value !== undefined) merged[name] = value;
  return merged;
}

/** After a server-side fallback the answering model stands only in the last `fallback_message` iteration. */
export function readFallbackModel(usage: JsonObject | null): string | null {
  const iterations = asArray(usage?.iterations) ?? [];
  const fallback = iterations.map(asObject).findLast((each) => each?.type === 'fallback_message');
  return asString(fallback?.model);
}

function countDelta(part: JsonObject | null): number {
  if (!part) return 0;
  const text = asString(part.text) ?? asString(part.thinking) ?? asString(part.partial_json);
  return text?.length ?? 0;
}

export function readStreamError(data: JsonObject): StreamError {
  const error = asObject(data.error);
  return {
    type: asString(error?.type),
    message: asString(error?.message) ?? 'The provider reported an error.',
  };
}
