// Chunks as Anthropic's stream: one message_start, blocks in order, one message_delta with stop reason and usage, one stop.
// Reads every dialect of the chunk format; malformed fields are passed over.
import type { TokenUsage } from '../../core/token-usage.ts';
import { asObject, asString, type JsonObject } from '../../lib/json.ts';
import { readOpenAiUsage } from '../openai-chat/usage.ts';
import type { StreamError } from '../types.ts';
import { BlockQueue, type ToolBlock } from './block-queue.ts';
import { makeCallId } from './call-ids.ts';
import { callSignature, splitContent } from './chat-answer-to-anthropic.ts';
import { objectsOf, reasoningText } from './reasoning.ts';
import { anthropicStop } from './stop-reasons.ts';
import type { AnswerContext, ChunkSink } from './translator.ts';
import { anthropicUsage, estimatedAnthropicUsage, startUsage } from './usage-shapes.ts';

/** More calls in one answer than this are a provider's mistake. */
const CALLS_MAX = 1_000;

export class AnthropicSink implements ChunkSink {
  readonly #context: AnswerContext;
  readonly #blocks: BlockQueue;
  readonly #calls = new Map<number, ToolBlock>();
  #lastCall = -1;
  #callCount = 0;
  #out = '';
  #started = false;
  #over = false;
  #usage: TokenUsage | null = null;
  #finish: string | null = null;
  #native: string | null = null;
  #refused = false;
  #chars = 0;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#blocks = new BlockQueue(context.provider, (data) => this.#emit(data));
  }

  chunk(chunk: JsonObject): string {
    if (this.#over) return '';
    this.#usage =
      readOpenAiUsage(chunk.usage) ?? readOpenAiUsage(asObject(chunk.x_groq)?.usage) ?? this.#usage;
    this.#start(chunk);
    const choice = objectsOf(chunk.choices).find((each) => (each.index ?? 0) === 0);
    const delta = asObject(choice?.delta) ?? asObject(choice?.message);
    if (delta) this.#take(delta);
    this.#finish = asString(choice?.finish_reason) ?? this.#finish;
    this.#native = asString(choice?.native_finish_reason) ?? this.#native;
    return this.#flush();
  }

  end(): string {
    if (this.#over) return '';
    this.#over = true;
    this.#start(null);
    this.#blocks.finish();
    const reason = this.#refused && this.#callCount === 0 ? 'content_filter' : this.#finish;
    const stop_reason = anthropicStop(reason, this.#native, this.#callCount > 0);
    const usage = this.#usage
      ? anthropicUsage(this.#usage)
      : estimatedAnthropicUsage(this.#context.promptTokensEstimate, this.#chars);
    this.#emit({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage });
    this.#emit({ type: 'message_stop' });
    return this.#flush();
  }

  fail(error: StreamError): string {
    if (this.#over) return '';
    this.#over = true;
    this.#emit({ type: 'error', error: { type: error.type ?? 'api_error', message: error.message } });
    return this.#flush();
  }

  #emit(data: JsonObject): void {
    this.#out += `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  #flush(): string {
    const text = this.#out;
    this.#out = '';
    return text;
  }

  #start(chunk: JsonObject | null): void {
    if (this.#started) return;
    this.#started = true;
    const message = {
      id: asString(chunk?.id) || this.#context.requestId,
      type: 'message',
      role: 'assistant',
      model: asString(chunk?.model) || this.#context.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: this.#usage ? anthropicUsage(this.#usage) : startUsage(this.#context.promptTokensEstimate),
    };
    this.#emit({ type: 'message_start', message });
  }

  #take(delta: JsonObject): void {
    const { text, thinking } = splitContent(delta.content);
    const reasoning = thinking + reasoningText(delta);
    const refusal = asString(delta.refusal) ?? '';
    if (refusal !== '') this.#refused = true;
    this.#chars += text.length + reasoning.length + refusal.length;
    if (reasoning !== '') this.#blocks.thinking(reasoning);
    this.#blocks.details(objectsOf(delta.reasoning_details));
    if (text + refusal !== '') this.#blocks.text(text + refusal);
    for (const call of objectsOf(delta.tool_calls)) this.#takeCall(call);
  }

  #takeCall(call: JsonObject): void {
    const called = asObject(call.function) ?? {};
    const block = this.#blockOf(call, asString(called.name) ?? '');
    if (!block) return;
    const given = called.arguments;
    const text = asString(given) ?? (asObject(given) ? JSON.stringify(given) : '');
    this.#chars += text.length;
    this.#blocks.toolArguments(block, text);
  }

  /** A second call under an index already taken has a name and an id of its own (some servers number all calls 0). */
  #blockOf(call: JsonObject, name: string): ToolBlock | null {
    const id = asString(call.id) ?? '';
    const next = id !== '' && name !== '' ? this.#lastCall + 1 : this.#lastCall;
    const at = Math.max(0, typeof call.index === 'number' ? call.index : next);
    const known = this.#calls.get(at);
    if (known && (id === '' || name === '' || known.name === '' || known.id === id)) {
      if (known.name === '') Object.assign(known, { name, id: id || known.id });
      return known;
    }
    if (this.#callCount >= CALLS_MAX) return null;
    const ownId = id || makeCallId('toolu', this.#context.requestId, this.#callCount);
    this.#callCount++;
    this.#lastCall = at;
    this.#blocks.details(callSignature({ ...call, id: ownId }));
    const made = this.#blocks.tool(ownId, name);
    this.#calls.set(at, made);
    return made;
  }
}
