// Gemini's stream as chat completion chunks. A call whose arguments come in pieces is told once it is whole.
// This format has no closing event: the stream is over when it ends after a finishReason.
import { asObject, asString, type JsonObject, parseJson } from '../../lib/json.ts';
import { readGenerateError, readGenerateUsage } from '../gemini/usage.ts';
import type { SseEvent } from '../sse.ts';
import { makeCallId } from './call-ids.ts';
import { type ChunkHead, type ChunkMaker, createChunkMaker } from './chunk.ts';
import { callOf, textSignature } from './gemini-answer-to-chat.ts';
import { PartialArguments } from './partial-arguments.ts';
import { objectsOf } from './reasoning.ts';
import { chatFinishFromGemini } from './stop-reasons.ts';
import { type AnswerContext, asSteps, type ChunkSource, type ChunkStep, INTERRUPTED } from './translator.ts';
import { chatUsage } from './usage-shapes.ts';

interface Candidate {
  readonly index: number;
  calls: number;
  finishReason: string | null;
  /** The call that is still growing: its first part, and its arguments so far. */
  open: { readonly part: JsonObject; readonly args: PartialArguments } | null;
}

/** Gemini gives 8 at most. */
const CANDIDATES_MAX = 128;

export class GeminiSource implements ChunkSource {
  readonly #context: AnswerContext;
  readonly #head: { -readonly [K in keyof ChunkHead]: ChunkHead[K] };
  readonly #make: ChunkMaker;
  readonly #candidates = new Map<number, Candidate>();
  #started = false;
  #usage: JsonObject = {};

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#head = { id: context.requestId, model: context.model };
    this.#make = createChunkMaker(() => this.#head, context);
  }

  push(event: SseEvent): ChunkStep[] {
    const data = asObject(parseJson(event.data));
    if (!data) return [];
    if (data.error !== undefined) return [{ kind: 'error', error: readGenerateError(data) }];
    return asSteps(this.#take(data));
  }

  end(): ChunkStep[] {
    const finished = [...this.#candidates.values()].some((each) => each.finishReason !== null);
    return finished ? this.#finish() : [{ kind: 'error', error: INTERRUPTED }];
  }

  #take(data: JsonObject): JsonObject[] {
    this.#usage = { ...this.#usage, ...asObject(data.usageMetadata) };
    this.#head.model = asString(data.modelVersion) ?? this.#head.model;
    if (!this.#started) this.#head.id = asString(data.responseId) ?? this.#head.id;
    const chunks = this.#started ? [] : this.#begin();
    for (const [position, candidate] of objectsOf(data.candidates).entries())
      chunks.push(...this.#takeCandidate(candidate, position));
    const blocked = asString(asObject(data.promptFeedback)?.blockReason);
    if (blocked) this.#stateOf(0).finishReason ??= blocked;
    return chunks;
  }

  /** The first chunk tells the input, where it is known: Anthropic's clients want it at the start. */
  #begin(): JsonObject[] {
    this.#started = true;
    const counts = readGenerateUsage(this.#usage);
    const first = this.#make.delta({ role: 'assistant', content: '' });
    return [counts ? { ...first, usage: chatUsage(counts) } : first];
  }

  #stateOf(index: number): Candidate {
    const known = this.#candidates.get(index) ?? { index, calls: 0, finishReason: null, open: null };
    if (this.#candidates.size < CANDIDATES_MAX) this.#candidates.set(index, known);
    return known;
  }

  #takeCandidate(candidate: JsonObject, position: number): JsonObject[] {
    const state = this.#stateOf(typeof candidate.index === 'number' ? candidate.index : position);
    const parts = objectsOf(asObject(candidate.content)?.parts);
    const chunks = parts.flatMap((part) => this.#takePart(part, state));
    state.finishReason = asString(candidate.finishReason) ?? state.finishReason;
    return chunks;
  }

  #takePart(part: JsonObject, state: Candidate): JsonObject[] {
    const call = asObject(part.functionCall);
    if (call) return this.#takeCall(part, call, state);
    const chunks = this.#closeCall(state);
    const text = asString(part.text);
    const field = part.thought === true ? 'reasoning_content' : 'content';
    if (text) chunks.push(this.#make.delta({ [field]: text }, state.index));
    const details = textSignature(part);
    if (details.length > 0) chunks.push(this.#make.delta({ reasoning_details: details }, state.index));
    return chunks;
  }

  #takeCall(part: JsonObject, call: JsonObject, state: Candidate): JsonObject[] {
    const chunks: JsonObject[] = [];
    if (asString(call.name)) {
      chunks.push(...this.#closeCall(state));
      state.open = { part, args: new PartialArguments() };
    }
    state.open?.args.add(call.partialArgs);
    if (call.willContinue !== true) chunks.push(...this.#closeCall(state));
    return chunks;
  }

  #closeCall(state: Candidate): JsonObject[] {
    if (!state.open) return [];
    const { part, args } = state.open;
    state.open = null;
    const at = state.calls++;
    const call = callOf(part, makeCallId('call', this.#context.requestId, `${state.index}_${at}`));
    const called = asObject(call.function) ?? {};
    const whole = asObject(asObject(part.functionCall)?.args) ? called.arguments : args.text();
    const told = { ...call, index: at, function: { ...called, arguments: whole } };
    return [this.#make.delta({ tool_calls: [told] }, state.index)];
  }

  #finish(): ChunkStep[] {
    const chunks: JsonObject[] = [];
    for (const state of this.#candidates.values()) {
      chunks.push(...this.#closeCall(state));
      const native = state.finishReason ?? 'STOP';
      const reason = chatFinishFromGemini(native, state.calls > 0);
      chunks.push(this.#make.finish({ reason, native, index: state.index }));
    }
    const counts = readGenerateUsage(this.#usage);
    if (counts) chunks.push(this.#make.usage(chatUsage(counts)));
    return [...asSteps(chunks), { kind: 'end' }];
  }
}
