// Takes a provider's answer in far enough to know that it is one: a stream up to its first real event, any other whole.
// Until then nothing has gone to the caller, so that a failure here can still be tried elsewhere.
import type { FailureKind } from '../core/usage-event.ts';
import { asArray, asObject, asString, type JsonObject, parseJson } from '../lib/json.ts';
import { redactText } from '../lib/redact-text.ts';
import type { BodySource } from '../upstream/body-source.ts';
import type { UpstreamAnswer, UpstreamFailure } from '../upstream/call-upstream.ts';
import { classifyAnswer } from '../upstream/classify-failure.ts';
import { HOLD_MS_MAX, holdStream } from '../upstream/hold-stream.ts';
import { readProviderError } from '../upstream/provider-error.ts';
import { readBounded } from '../upstream/read-body.ts';

/** Larger answers are no chat; the largest real ones carry images in base64. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

export type TakenBody =
  | { readonly kind: 'stream'; readonly source: BodySource }
  | { readonly kind: 'whole'; readonly bytes: Uint8Array; readonly json: JsonObject | null };

export interface TakenAnswer {
  readonly kind: 'answer';
  readonly answer: UpstreamAnswer;
  readonly body: TakenBody;
}

export interface TakeOptions {
  readonly answer: UpstreamAnswer;
  /** Milliseconds left for a stream's first event. */
  readonly firstEventMs: number;
  readonly wholeAnswerMs: number;
  readonly secret: string;
}

const decoder = new TextDecoder();

export async function takeAnswer(options: TakeOptions): Promise<TakenAnswer | UpstreamFailure> {
  const { answer } = options;
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
  return isStream ? takeStream(options) : takeWhole(options);
}

async function takeStream({
  answer,
  firstEventMs,
  secret,
}: TakeOptions): Promise<TakenAnswer | UpstreamFailure> {
  const holdMs = Math.max(1, Math.min(HOLD_MS_MAX, firstEventMs));
  const held = await holdStream({ response: answer.response, holdMs, secrets: [secret] });
  if (held.kind === 'real') return { kind: 'answer', answer, body: { kind: 'stream', source: held.source } };
  answer.cancel();
  return failed(answer, held.failure, held.message);
}

async function takeWhole({
  answer,
  wholeAnswerMs,
  secret,
}: TakeOptions): Promise<TakenAnswer | UpstreamFailure> {
  const { response, cancel } = answer;
  const read = await readBounded({ response, bytesMax: ANSWER_BYTES_MAX, timeoutMs: wholeAnswerMs, cancel });
  if (read.kind === 'timeout') return failed(answer, 'timeout_idle', 'The answer did not arrive in time.');
  if (read.kind === 'too_large') return failed(answer, 'bad_answer', 'The answer was too large.');
  if (read.kind === 'interrupted') return failed(answer, 'interrupted', 'The answer broke off.');
  const json = readWhole(parseJson(decoder.decode(read.bytes)));
  const disguised = json && disguisedError(json, secret);
  if (disguised) return failed(answer, disguised.failure, disguised.message);
  return { kind: 'answer', answer, body: { kind: 'whole', bytes: read.bytes, json } };
}

/** Gemini streams a list when it was not asked for events: what counts stands in its last entry. */
function readWhole(parsed: unknown): JsonObject | null {
  return asObject(parsed) ?? asObject(asArray(parsed)?.at(-1));
}

/** Some gateways answer 200 with nothing but an error in it; it is no answer. */
function disguisedError(json: JsonObject, secret: string): { failure: FailureKind; message: string } | null {
  const error = asObject(json.error);
  const hasContent = ['choices', 'content', 'candidates', 'data', 'output'].some(
    (name) => json[name] !== undefined,
  );
  if (!error || hasContent) return null;
  const said = readProviderError(JSON.stringify(json), [secret]).error;
  const code = Number(said.code);
  const failure = classifyAnswer(code >= 400 && code < 600 ? code : 502, said);
  return { failure, message: redactText(asString(error.message) ?? 'The answer was an error.', [secret]) };
}

function failed(answer: UpstreamAnswer, failure: FailureKind, message: string): UpstreamFailure {
  return {
    kind: 'failure',
    failure,
    status: answer.status,
    message,
    retryAfterMs: null,
    providerError: null,
    sent: true,
    durationMs: answer.headersMs,
  };
}
