// Relays an answer that is not streamed: read whole within a bound, settled, then handed on byte for byte.
import { appError } from '../errors/app-error.ts';
import { asObject, parseJson } from '../lib/json.ts';
import type { AnswerFacts } from '../protocol/types.ts';
import { readBounded } from '../upstream/read-body.ts';
import { answerContext } from './answer-context.ts';
import { answerHeaders } from './answer-headers.ts';
import type { GatewayDeps } from './deps.ts';
import { type Answered, endAnswer } from './end-answer.ts';

/** Larger answers are no chat; the largest real ones carry images in base64. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

const NO_FACTS: AnswerFacts = { usage: null, modelServed: null, finishReason: null };
const decoder = new TextDecoder();

/** Throws AppError 502 when the provider's answer broke off; the request is settled by then. */
export async function relayWhole(answered: Answered, deps: GatewayDeps): Promise<Response> {
  const { exchange, answer } = answered;
  const { response, cancel, status } = answer;
  const read = await readBounded({
    response,
    bytesMax: ANSWER_BYTES_MAX,
    timeoutMs: deps.timings.wholeAnswerMs,
    cancel,
  });
  exchange.firstByteAtMs = deps.clock.monotonicMs();
  if (read.kind !== 'whole') throw broken(answered, read.kind, deps);
  const { wire, translator } = answered.attempt.prepared;
  const body = asObject(parseJson(decoder.decode(read.bytes)));
  const facts = body ? wire.readAnswer(body) : NO_FACTS;
  endAnswer(
    answered,
    {
      outcome: body ? 'final' : 'error',
      failure: body ? null : 'bad_answer',
      facts,
      provenance: 'provider',
      outputChars: read.bytes.byteLength,
      status,
      errorType: body ? null : 'bad_answer',
      errorMessage: body ? null : 'The provider answered with something that is not JSON.',
    },
    deps,
  );
  await deps.ledger.confirmed();
  if (!translator) return new Response(read.bytes, { status, headers: answerHeaders(answered) });
  if (!body)
    throw appError('upstream_error', {
      params: { model: exchange.facts.model, tried: exchange.attempts.length, reason: 'bad_answer' },
    });
  const translated = translator.response(body, answerContext(answered));
  return new Response(JSON.stringify(translated), { status, headers: answerHeaders(answered) });
}

function broken(answered: Answered, kind: 'too_large' | 'timeout' | 'interrupted', deps: GatewayDeps) {
  const { exchange } = answered;
  const gone = exchange.request.signal.aborted;
  const error = appError(kind === 'timeout' ? 'upstream_timeout' : 'upstream_interrupted', {
    params: { model: exchange.facts.model, tried: exchange.attempts.length + 1 },
  });
  endAnswer(
    answered,
    {
      outcome: gone ? 'aborted' : 'error',
      failure: gone ? 'client_gone' : kind === 'timeout' ? 'timeout_idle' : 'interrupted',
      facts: NO_FACTS,
      provenance: 'provider',
      outputChars: 0,
      status: gone ? 499 : error.status,
      errorType: gone ? 'client_gone' : error.code,
      errorMessage: gone ? null : error.message,
    },
    deps,
  );
  return error;
}
