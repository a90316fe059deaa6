// Anthropic's stream events as chat completion chunks. A second message_start, a block twice, an unknown event:
// nothing makes it throw, and nothing is told twice.
import { asObject, asString, type JsonObject, parseJson } from '../../lib/json.ts';
import {
  mergeLatest,
  readFallbackModel,
  readMessagesUsage,
  readStreamError,
} from '../anthropic-messages/usage.ts';
import type { SseEvent } from '../sse.ts';
import { type ChunkHead, type ChunkMaker, createChunkMaker } from './chunk.ts';
import { ANTHROPIC_FORMAT, objectsOf, writePlace } from './reasoning.ts';
import { chatFinishFromAnthropic } from './stop-reasons.ts';
import { type AnswerContext, asSteps, type ChunkSource, type ChunkStep, INTERRUPTED } from './translator.ts';
import { chatUsage } from './usage-shapes.ts';

interface Block {
  readonly type: string;
  /** Position among the client's tool calls, or among the reasoning details. */
  readonly at: number;
  /** Arguments as the start event gave them; told at the stop when no fragment came. */
  input: JsonObject | null;
}

/** More open blocks than this are a provider's mistake. */
const BLOCKS_MAX = 1_000;

export class AnthropicSource implements ChunkSource {
  readonly #head: { -readonly [K in keyof ChunkHead]: ChunkHead[K] };
  readonly #make: ChunkMaker;
  readonly #blocks = new Map<number, Block>();
  #started = false;
  #calls = 0;
  #thoughts = 0;
  #textChars = 0;
  #usage: JsonObject = {};
  #stopReason: string | null = null;

  constructor(context: AnswerContext) {
    this.#head = { id: context.requestId, model: context.model };
    this.#make = createChunkMaker(() => this.#head, context);
  }

  push(event: SseEvent): ChunkStep[] {
    const data = asObject(parseJson(event.data));
    return data ? this.#take(data) : [];
  }

  end(): ChunkStep[] {
    return this.#stopReason === null ? [{ kind: 'error', error: INTERRUPTED }] : this.#finish();
  }

  #take(data: JsonObject): ChunkStep[] {
    const index = typeof data.index === 'number' ? data.index : -1;
    switch (data.type) {
      case 'message_start':
        return asSteps(this.#start(asObject(data.message)));
      case 'content_block_start':
        return asSteps([...this.#begin(), ...this.#open(index, asObject(data.content_block) ?? {})]);
      case 'content_block_delta':
        return asSteps(this.#grow(index, asObject(data.delta)));
      case 'content_block_stop':
        return asSteps(this.#close(index));
      case 'message_delta':
        this.#usage = mergeLatest(this.#usage, asObject(data.usage) ?? {});
        this.#stopReason = asString(asObject(data.delta)?.stop_reason) ?? this.#stopReason;
        return [];
      case 'message_stop':
        return [...asSteps(this.#begin()), ...this.#finish()];
      case 'error':
        return [{ kind: 'error', error: readStreamError(data) }];
      default:
        return [];
    }
  }

  /** A server that forgot its message_start is forgiven. */
  #begin(): JsonObject[] {
    return this.#started ? [] : this.#start(null);
  }

  /** A message may carry whole blocks already, as after a tool that ran at the provider. */
  #start(message: JsonObject | null): JsonObject[] {
    this.#usage = mergeLatest(this.#usage, asObject(message?.usage) ?? {});
    this.#stopReason = asString(message?.stop_reason) ?? this.#stopReason;
    const first = this.#started ? [] : [this.#make.delta({ role: 'assistant', content: '' })];
    if (!this.#started) {
      this.#started = true;
      this.#head.id = asString(message?.id) ?? this.#head.id;
      this.#head.model = asString(message?.model) ?? this.#head.model;
      if (first[0]) Object.assign(first[0], { id: this.#head.id, model: this.#head.model });
    }
    const content = objectsOf(message?.content);
    return [...first, ...content.flatMap((block, at) => [...this.#open(at, block), ...this.#close(at)])];
  }

  #open(index: number, content: JsonObject): JsonObject[] {
    if (this.#blocks.size >= BLOCKS_MAX) return [];
    const type = asString(content.type) ?? '';
    const at = type === 'tool_use' ? this.#calls++ : type.endsWith('thinking') ? this.#thoughts++ : 0;
    this.#blocks.set(index, { type, at, input: asObject(content.input) });
    if (type === 'text') return this.#text(asString(content.text));
    if (type === 'thinking')
      return this.#thinking(at, asString(content.thinking), asString(content.signature));
    if (type === 'redacted_thinking') {
      const entry = { type: 'reasoning.encrypted', data: asString(content.data) ?? '' };
      return [this.#make.delta({ reasoning_details: [{ ...entry, ...this.#mark(at) }] })];
    }
    if (type !== 'tool_use') return [];
    const called = { name: asString(content.name) ?? '', arguments: '' };
    const call = { index: at, id: asString(content.id) ?? '', type: 'function', function: called };
    return [this.#make.delta({ tool_calls: [call] })];
  }

  #grow(index: number, delta: JsonObject | null): JsonObject[] {
    const block = this.#blocks.get(index);
    if (!block || !delta) return [];
    if (delta.type === 'text_delta' && block.type === 'text') return this.#text(asString(delta.text));
    if (delta.type === 'thinking_delta') return this.#thinking(block.at, asString(delta.thinking), null);
    if (delta.type === 'signature_delta') return this.#thinking(block.at, null, asString(delta.signature));
    const part = asString(delta.partial_json);
    if (delta.type !== 'input_json_delta' || block.type !== 'tool_use' || !part) return [];
    block.input = null;
    return [this.#arguments(block.at, part)];
  }

  #close(index: number): JsonObject[] {
    const block = this.#blocks.get(index);
    this.#blocks.delete(index);
    if (block?.type !== 'tool_use' || !block.input) return [];
    return [this.#arguments(block.at, JSON.stringify(block.input))];
  }

  #text(value: string | null): JsonObject[] {
    this.#textChars += value?.length ?? 0;
    return value ? [this.#make.delta({ content: value })] : [];
  }

  #mark(at: number): JsonObject {
    const place = writePlace({ text: this.#textChars, calls: this.#calls });
    return { format: ANTHROPIC_FORMAT, index: at, ...place };
  }

  #thinking(at: number, value: string | null, signature: string | null): JsonObject[] {
    if (!value && !signature) return [];
    const fields = { ...(value ? { text: value } : {}), ...(signature ? { signature } : {}) };
    const entry = { type: 'reasoning.text', ...fields, ...this.#mark(at) };
    const shown = value ? { reasoning_content: value } : {};
    return [this.#make.delta({ ...shown, reasoning_details: [entry] })];
  }

  #arguments(at: number, part: string): JsonObject {
    return this.#make.delta({ tool_calls: [{ index: at, function: { arguments: part } }] });
  }

  #finish(): ChunkStep[] {
    const left = [...this.#blocks.keys()].flatMap((index) => this.#close(index));
    this.#head.model = readFallbackModel(this.#usage) ?? this.#head.model;
    const reason = chatFinishFromAnthropic(this.#stopReason);
    const finish = this.#make.finish({ reason, native: this.#stopReason });
    const known = Object.keys(this.#usage).length > 0;
    const usage = known ? [this.#make.usage(chatUsage(readMessagesUsage(this.#usage)))] : [];
    return [...asSteps([...left, finish, ...usage]), { kind: 'end' }];
  }
}
