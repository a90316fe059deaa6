// Relays an answer that is not streamed: settled, then handed on byte for byte, or in translation.
import { appError } from '../errors/app-error.ts';
import type { JsonObject } from '../lib/json.ts';
import type { AnswerFacts } from '../protocol/types.ts';
import { answerContext } from './answer-context.ts';
import { answerHeaders } from './answer-headers.ts';
import type { GatewayDeps } from './deps.ts';
import { type Answered, endAnswer } from './end-answer.ts';
import { confirmSettled } from './settle.ts';

export interface AnsweredWhole extends Answered {
  readonly content: string | Uint8Array;
  readonly byteLength: number;
  /** The content read as a JSON object, or null when they are none. */
  readonly json: JsonObject | null;
}

const NO_FACTS: AnswerFacts = { usage: null, modelServed: null, finishReason: null };

/** Settles the request. The answer may go out once the promise is fulfilled, or at once where there is none. */
export function settleWhole(answered: AnsweredWhole, deps: GatewayDeps): Promise<void> | null {
  const { exchange, json } = answered;
  exchange.firstByteAtMs = deps.clock.monotonicMs();
  // Nobody is there any more: the answer was read to its end for its numbers.
  const gone = json !== null && exchange.hangUp.noticed();
  const failure = json ? (gone ? 'client_gone' : null) : 'bad_answer';
  endAnswer(
    answered,
    {
      outcome: gone ? 'aborted' : json ? 'final' : 'error',
      failure,
      facts: json ? answered.attempt.prepared.wire.readAnswer(json) : NO_FACTS,
      provenance: exchange.hangUp.draining() ? 'drained' : 'provider',
      // Vectors are no text: an embedding that reports nothing has written nothing.
      outputChars: exchange.endpoint.dialect === 'openai-embeddings' ? 0 : answered.byteLength,
      status: gone ? 499 : answered.answer.status,
      errorType: failure,
      errorMessage: json ? null : 'The provider answered with something that is not JSON.',
    },
    deps,
  );
  return confirmSettled(exchange, deps);
}

/** Throws AppError 502 when an answer that must be translated is no JSON; the request is settled by then. */
export function respondWhole(answered: AnsweredWhole): Response {
  const { exchange, answer, content, json } = answered;
  const { status } = answer;
  const { translator } = answered.attempt.prepared;
  if (!translator) return new Response(content, { status, headers: answerHeaders(answered) });
  if (!json)
    throw appError('upstream_error', {
      params: { model: exchange.facts.model, tried: exchange.attempts.length, reason: 'bad_answer' },
    });
  const translated = translator.response(json, answerContext(answered));
  return new Response(JSON.stringify(translated), { status, headers: answerHeaders(answered) });
}
