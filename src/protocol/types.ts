// What every wire format offers to the gateway, so that the gateway need not know which one it holds.
// Each format's folder has the same file names: read-request.ts, usage.ts, errors.ts.
import type { TokenUsage } from '../core/token-usage.ts';
import type { RequestFeatures } from '../core/wire.ts';
import type { JsonObject } from '../lib/json.ts';
import type { SseEvent } from './sse.ts';

/** What the gateway must know of a request; everything else in the body stays untouched. */
export interface RequestFacts {
  readonly model: string;
  readonly stream: boolean;
  /** The most tokens the answer may have, as asked; null when the caller set no bound. */
  readonly maxOutputTokens: number | null;
  /** How many answers were asked for (`n`); at least 1. */
  readonly choices: number;
  readonly features: RequestFeatures;
  /** True when the caller asked for the usage chunk itself (`stream_options.include_usage`). */
  readonly includeUsageAsked: boolean;
  /** The client program's own grouping of requests, if the body names one. */
  readonly clientSessionId: string | null;
}

/** Throws AppError `invalid_request` with the field at fault when a field that we must read is unusable. */
export type ReadRequest = (body: JsonObject) => RequestFacts;

/** What a finished answer said about itself. */
export interface AnswerFacts {
  readonly usage: TokenUsage | null;
  readonly modelServed: string | null;
  readonly finishReason: string | null;
}

/** Facts of a whole, non-streamed answer. Never throws: a strange answer has no facts. */
export type ReadAnswer = (body: JsonObject) => AnswerFacts;

/**
 * Follows a stream as it passes. Bounded memory; never throws. What is asked for every chunk is a field, and the readers are
 * classes: a stream's objects are cold when its next chunk comes, and each further one is a wait for memory.
 */
export interface StreamReader {
  /** True once the event that ends this format's streams was seen ([DONE], message_stop, a finishReason). */
  readonly ended: boolean;
  /** The text of an error event inside the stream, or null. */
  readonly error: StreamError | null;
  /** Rough number of characters of output so far (text, arguments, thinking), for estimates. */
  readonly outputChars: number;
  /**
   * A cheaper look at bytes that begin where an event begins: true when they were whole events without facts and are
   * done with; false when they must be pushed as events. Absent where the format has no such short cut.
   */
  readonly skim?: (bytes: Uint8Array) => boolean;
  readonly push: (event: SseEvent) => void;
  /** The latest value of every fact; usage is cumulative, the last one wins. */
  readonly facts: () => AnswerFacts;
}

export interface StreamError {
  readonly type: string | null;
  readonly message: string;
}

export type CreateStreamReader = () => StreamReader;
