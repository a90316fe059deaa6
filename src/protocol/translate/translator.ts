// The contract of every translation between a client's wire format and a provider's. Pure: no I/O, no clock, no randomness.
// All translations meet in the middle: streams as chat completion chunks, so that two halves make any pair.
import type { Dialect } from '../../core/wire.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { SseEvent } from '../sse.ts';
import type { StreamError } from '../types.ts';

export interface RequestContext {
  /** The provider's own name of the model. */
  readonly model: string;
  /** Name of the provider the request goes to; decides which optional fields it is given. */
  readonly provider: string;
  /** Whether `stream_options.include_usage` may be sent to an OpenAI-shaped provider (wire fact F8). */
  readonly includeUsage: boolean;
}

export interface AnswerContext {
  /** Shown as the model when the provider's answer names none. */
  readonly model: string;
  /** Name of the provider that answers; signed reasoning is marked with it, and only it gets the reasoning back. */
  readonly provider: string;
  /** Makes ids where the provider gave none, so it must be unique per request. */
  readonly requestId: string;
  readonly nowMs: number;
  /** Whether an OpenAI client asked for the usage chunk. */
  readonly includeUsage: boolean;
  /** Shown in message_start where the provider tells input only at the end; null when nobody estimated. */
  readonly promptTokensEstimate: number | null;
}

export interface StreamTranslator {
  /** SSE text for the client; empty when the event means nothing to it. Never throws. */
  readonly push: (event: SseEvent) => string;
  /** The upstream is at its end: what is still owed, or an error event when the answer had not ended. */
  readonly end: () => string;
  /** Ends the client's stream with an error event; empty when it is ended already. */
  readonly fail: (error: StreamError) => string;
}

export interface TranslatedRequest {
  readonly body: JsonObject;
  /** Names of fields that only advise and that the target does not know: told to the caller, never dropped in silence. */
  readonly leftOut: readonly string[];
}

export interface Translator {
  readonly client: Dialect;
  readonly provider: Dialect;
  /** Throws AppError `unsupported_feature` or `invalid_request`, naming what cannot be carried. */
  readonly request: (body: JsonObject, context: RequestContext) => TranslatedRequest;
  /** A whole answer in the client's shape. Never throws. */
  readonly response: (body: JsonObject, context: AnswerContext) => JsonObject;
  readonly createStream: (context: AnswerContext) => StreamTranslator;
}

/** What a provider's stream becomes: chunks in OpenAI's shape, then exactly one end or error. */
export type ChunkStep =
  | { readonly kind: 'chunk'; readonly chunk: JsonObject }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly error: StreamError };

/** First half: reads a provider's events. Never throws. */
export interface ChunkSource {
  readonly push: (event: SseEvent) => ChunkStep[];
  readonly end: () => ChunkStep[];
}

/** Second half: writes the client's events. Never throws; after `end` or `fail` it is silent. */
export interface ChunkSink {
  readonly chunk: (chunk: JsonObject) => string;
  readonly end: () => string;
  readonly fail: (error: StreamError) => string;
}

/** Joins the halves; whatever comes after the first end or error is dropped. */
export function joinStream(source: ChunkSource, sink: ChunkSink): StreamTranslator {
  let over = false;

  function write(steps: ChunkStep[]): string {
    let text = '';
    for (const step of steps) {
      if (over) break;
      if (step.kind === 'chunk') text += sink.chunk(step.chunk);
      else {
        over = true;
        text += step.kind === 'end' ? sink.end() : sink.fail(step.error);
      }
    }
    return text;
  }

  return {
    push: (event) => (over ? '' : write(source.push(event))),
    end: () => (over ? '' : write(source.end())),
    fail: (error) => (over ? '' : write([{ kind: 'error', error }])),
  };
}

/** What an answer that stopped before its end is told as. */
export const INTERRUPTED: StreamError = {
  type: 'api_error',
  message: 'The provider ended its answer too early.',
};

export function asSteps(chunks: JsonObject[]): ChunkStep[] {
  return chunks.map((chunk) => ({ kind: 'chunk', chunk }));
}
