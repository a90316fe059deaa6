// Takes a provider's answer in far enough to know that it is one: a stream up to its first real event, any other whole.
// Until then nothing has gone to the caller, so that a failure here can still be tried elsewhere.
import type { FailureKind } from '../core/usage-event.ts';
import { asArray, asObject, asString, type JsonObject, parseJson } from '../lib/json.ts';
import { REPLACED, utf8Slice } from '../lib/raw-text.ts';
import { redactText } from '../lib/redact-text.ts';
import type { AnswerBody } from '../upstream/answer-body.ts';
import type { UpstreamAnswer, UpstreamFailure } from '../upstream/call-upstream.ts';
import { classifyAnswer } from '../upstream/classify-failure.ts';
import { type Held, HOLD_MS_MAX, holdStream } from '../upstream/hold-stream.ts';
import { readProviderError } from '../upstream/provider-error.ts';
import { type BodyRead, readBounded } from '../upstream/read-body.ts';

/** Larger answers are no chat; the largest real ones carry images in base64. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

export type TakenBody =
  | { readonly kind: 'stream'; readonly source: AnswerBody }
  | {
      readonly kind: 'whole';
      /** The text where it stands for the very same bytes, which costs less to send; else the bytes. */
      readonly content: string | Uint8Array;
      readonly byteLength: number;
      readonly json: JsonObject | null;
    };

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

const BYTE_ORDER_MARK = '\uFEFF';

type Taken = TakenAnswer | UpstreamFailure;

/** At once when what decides has come with the headers, as it mostly has. */
export function takeAnswer(options: TakeOptions): Taken | Promise<Taken> {
  const { answer } = options;
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
  return isStream ? takeStream(options) : takeWhole(options);
}

function takeStream({ answer, firstEventMs, secret }: TakeOptions): Taken | Promise<Taken> {
  const holdMs = Math.max(1, Math.min(HOLD_MS_MAX, firstEventMs));
  const holding = holdStream({ body: answer.body, holdMs, secrets: [secret] });
  return holding instanceof Promise ? onceHeld(answer, holding) : ofHeld(answer, holding);
}

async function onceHeld(answer: UpstreamAnswer, holding: Promise<Held>): Promise<Taken> {
  return ofHeld(answer, await holding);
}

function ofHeld(answer: UpstreamAnswer, held: Held): Taken {
  if (held.kind === 'real') return { kind: 'answer', answer, body: { kind: 'stream', source: held.source } };
  answer.cancel();
  return failed(answer, held.failure, held.message);
}

function takeWhole({ answer, wholeAnswerMs, secret }: TakeOptions): Taken | Promise<Taken> {
  const { body } = answer;
  const reading = readBounded({ body, bytesMax: ANSWER_BYTES_MAX, timeoutMs: wholeAnswerMs });
  return reading instanceof Promise ? onceRead(answer, reading, secret) : ofRead(answer, reading, secret);
}

async function onceRead(answer: UpstreamAnswer, reading: Promise<BodyRead>, secret: string): Promise<Taken> {
  return ofRead(answer, await reading, secret);
}

function ofRead(answer: UpstreamAnswer, read: BodyRead, secret: string): Taken {
  if (read.kind === 'timeout') return failed(answer, 'timeout_idle', 'The answer did not arrive in time.');
  if (read.kind === 'too_large') return failed(answer, 'bad_answer', 'The answer was too large.');
  if (read.kind === 'interrupted') return failed(answer, 'interrupted', 'The answer broke off.');
  const { bytes } = read;
  const text = utf8Slice(bytes, 0, bytes.length);
  const json = readWhole(parseJson(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text));
  const disguised = json === null || json.error === undefined ? null : disguisedError(json, secret);
  if (disguised) return failed(answer, disguised.failure, disguised.message);
  // What is no UTF-8 decodes to something else than it was.
  const isSame = Buffer.byteLength(text) === bytes.byteLength && !text.includes(REPLACED);
  const content = isSame ? text : bytes;
  return { kind: 'answer', answer, body: { kind: 'whole', content, byteLength: bytes.byteLength, json } };
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
