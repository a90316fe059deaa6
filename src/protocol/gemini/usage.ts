// What a Gemini answer says about itself: token counts, model, finish reason. Reads only; never estimates.
// Every streamed chunk may carry usageMetadata and the last one wins; thoughts stand beside the candidates (wire fact F11).
import { NO_USAGE, readCount, type TokenUsage } from '../../core/token-usage.ts';
import { asArray, asObject, asString, type Json, type JsonObject, parseJson } from '../../lib/json.ts';
import type { SseEvent } from '../sse.ts';
import type { AnswerFacts, StreamError, StreamReader } from '../types.ts';

export function readGenerateAnswer(body: JsonObject): AnswerFacts {
  const usage = asObject(body.usageMetadata);
  return {
    usage: usage ? readGenerateUsage(usage) : null,
    modelServed: asString(body.modelVersion),
    finishReason: readFinishReason(body),
  };
}

export class GenerateStreamReader implements StreamReader {
  outputChars = 0;
  error: StreamError | null = null;
  #usage: JsonObject | null = null;
  #model: string | null = null;
  #finishReason: string | null = null;
  /** Candidates that have begun and not finished. */
  readonly #open = new Set<number>();

  get ended(): boolean {
    return this.#finishReason !== null && this.#open.size === 0;
  }

  push(event: SseEvent): void {
    const data = asObject(parseJson(event.data));
    if (data) this.#take(data);
  }

  facts(): AnswerFacts {
    return {
      usage: this.#usage ? readGenerateUsage(this.#usage) : null,
      modelServed: this.#model,
      finishReason: this.#finishReason,
    };
  }

  #take(data: JsonObject): void {
    const usage = asObject(data.usageMetadata);
    if (usage) this.#usage = { ...this.#usage, ...usage };
    this.#model = asString(data.modelVersion) ?? this.#model;
    this.#finishReason = readFinishReason(data) ?? this.#finishReason;
    for (const { index, done } of readCandidates(data))
      done ? this.#open.delete(index) : this.#open.add(index);
    if (asString(asObject(data.promptFeedback)?.blockReason)) this.#open.clear();
    if (data.error !== undefined) this.error = readGenerateError(data);
    this.outputChars += countChars(data);
  }
}

/** Null when the metadata holds no count at all, as in Vertex chunks that name only the traffic type. */
export function readGenerateUsage(usage: JsonObject): TokenUsage | null {
  const prompt = readCount(usage.promptTokenCount);
  const candidates = readCount(usage.candidatesTokenCount);
  const thoughts = readCount(usage.thoughtsTokenCount);
  const total = readCount(usage.totalTokenCount);
  if (prompt === null && candidates === null && thoughts === null && total === null) return null;
  const read = prompt === null ? null : prompt + (readCount(usage.toolUsePromptTokenCount) ?? 0);
  return {
    ...NO_USAGE,
    inputTokens: prompt,
    outputTokens: candidates,
    cachedTokens: readCount(usage.cachedContentTokenCount),
    reasoningTokens: thoughts,
    audioInputTokens: readAudio(usage.promptTokensDetails),
    audioOutputTokens: readAudio(usage.candidatesTokensDetails),
    promptTokens: read,
    completionTokens: readWritten({ candidates, thoughts, total, read }),
  };
}

/** Zero counts are left out of this format, so a total without candidates and thoughts still says what was written. */
function readWritten(of: {
  candidates: number | null;
  thoughts: number | null;
  total: number | null;
  read: number | null;
}): number | null {
  if (of.candidates !== null || of.thoughts !== null) return (of.candidates ?? 0) + (of.thoughts ?? 0);
  return of.total !== null && of.read !== null ? Math.max(0, of.total - of.read) : null;
}

function readAudio(details: Json | undefined): number | null {
  const audio = (asArray(details) ?? []).map(asObject).find((each) => each?.modality === 'AUDIO');
  return readCount(audio?.tokenCount);
}

/** More candidates than Gemini gives are not followed. */
const CANDIDATES_MAX = 128;

function readCandidates(body: JsonObject): { index: number; done: boolean }[] {
  const candidates = (asArray(body.candidates) ?? []).map(asObject).filter((each) => each !== null);
  return candidates.slice(0, CANDIDATES_MAX).map((candidate, position) => ({
    index: Math.min(CANDIDATES_MAX, readCount(candidate.index) ?? position),
    done: asString(candidate.finishReason) !== null,
  }));
}

/** A blocked prompt has no candidate; its reason then ends the answer. */
function readFinishReason(body: JsonObject): string | null {
  for (const candidate of asArray(body.candidates) ?? []) {
    const reason = asString(asObject(candidate)?.finishReason);
    if (reason) return reason;
  }
  return asString(asObject(body.promptFeedback)?.blockReason);
}

function countChars(body: JsonObject): number {
  let chars = 0;
  for (const candidate of asArray(body.candidates) ?? []) {
    for (const part of asArray(asObject(asObject(candidate)?.content)?.parts) ?? []) {
      const call = asObject(asObject(part)?.functionCall);
      chars += asString(asObject(part)?.text)?.length ?? 0;
      if (call) chars += JSON.stringify(call.args ?? call.partialArgs ?? {}).length;
    }
  }
  return chars;
}

/** `{error:{code,message,status}}`, the only error form inside a stream of this format. */
export function readGenerateError(body: JsonObject): StreamError {
  const error = asObject(body.error);
  return {
    type: asString(error?.status),
    message: asString(error?.message) ?? 'The provider reported an error.',
  };
}
