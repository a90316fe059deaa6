// The one outbound call. Its result is a value: an answer whose body has not been read, or a named failure.
// Never throws, never retries, never follows a redirect, never lets Bun's own time limits decide.
import type { FailureKind } from '../core/usage-event.ts';
import type { Clock } from '../lib/clock.ts';
import { type CoarseTimer, cancelTimer, startTimer, type TimeLimited } from '../lib/coarse-timer.ts';
import { errorCode } from '../lib/error-code.ts';
import { redactText } from '../lib/redact-text.ts';
import type { PinnedAddress } from './address-guard.ts';
import type { AnswerBody } from './answer-body.ts';
import { classifyAnswer, classifyThrown } from './classify-failure.ts';
import { ERROR_BODY_BYTES_MAX, type ProviderError, readProviderError } from './provider-error.ts';
import type { Credential, Operation, ProviderSpec } from './providers/provider-spec.ts';
import { readBounded } from './read-body.ts';
import { CallHeaders, type HeaderSource } from './request-headers.ts';
import { readRetryAfter } from './retry-after.ts';
import {
  type AnswerHeaders,
  type AnswerListener,
  type Cancellable,
  type OutboundBody,
  type OutboundRequest,
  type RawAnswer,
  sendByFetch,
} from './send-by-fetch.ts';
import { upstreamUrl } from './upstream-url.ts';
import { NeverConnected } from './wire/exchange.ts';
import { sendByConnection } from './wire/send-by-connection.ts';

/** An error answer that drips in for longer than this is classified by what has arrived. */
const ERROR_BODY_MS_MAX = 5_000;

/** What of an AbortSignal a call needs. */
export interface CallSignal {
  readonly aborted: boolean;
  readonly addEventListener: (type: 'abort', listener: () => void, options: { readonly once: true }) => void;
}

export interface UpstreamCall {
  readonly spec: ProviderSpec;
  readonly credential: Credential;
  readonly operation: Operation;
  /** The provider's own model name; only used where the path holds it. */
  readonly model: string;
  readonly method?: 'GET' | 'POST';
  /** The caller's query string, as it came. */
  readonly query?: string;
  /** The caller's headers, unfiltered; null for calls that Tollgate makes itself. */
  readonly headers: HeaderSource | null;
  /** Headers that override the caller's, for example `content-type` after a translation. */
  readonly extraHeaders?: Readonly<Record<string, string>>;
  /** Aborts the call and its body; the failure is then `client_gone`. */
  readonly signal: CallSignal | null;
  /** Until the answer's headers are here. */
  readonly firstByteMs: number;
  readonly clock: Clock;
}

export interface UpstreamAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Unread. Whoever takes the answer reads it to the end or cancels it. */
  readonly body: AnswerBody;
  /** From the call to the headers. */
  readonly headersMs: number;
  /** Ends the exchange at once and frees the socket. Safe to call at any time, any number of times. */
  readonly cancel: () => void;
}

export interface UpstreamFailure {
  readonly kind: 'failure';
  readonly failure: FailureKind;
  /** Status of the provider's answer, or null when none came. */
  readonly status: number | null;
  /** Redacted and bounded; fit for the ledger and for callers. */
  readonly message: string;
  readonly retryAfterMs: number | null;
  /** The provider's own error, redacted, when it sent one. */
  readonly providerError: ProviderError | null;
  /** False when nothing can have reached the provider, so that nothing can have been billed. */
  readonly sent: boolean;
  readonly durationMs: number;
}

export type UpstreamOutcome = UpstreamAnswer | UpstreamFailure;

/** `body` is no part of the call: an answer keeps its call for as long as it goes on. */
export function callUpstream(call: UpstreamCall, body: OutboundBody | null = null): Promise<UpstreamOutcome> {
  const startedMs = call.clock.monotonicMs();
  const url = upstreamUrl(call.spec, call.operation, call.model, call.query ?? '');
  if (url === null) return Promise.resolve(notOffered(call));
  if (call.spec.guard) return callGuarded(call, body, { url, startedMs });
  return new CallUnderWay(call, startedMs).start(requestOf(call, body, { url }));
}

async function callGuarded(
  call: UpstreamCall,
  body: OutboundBody | null,
  to: { readonly url: string; readonly startedMs: number },
): Promise<UpstreamOutcome> {
  const pinned = await call.spec.guard?.pin(to.url);
  if (!pinned || pinned.kind === 'refused') return addressRefused(call, pinned?.reason ?? 'is not known');
  return new CallUnderWay(call, to.startedMs).start(requestOf(call, body, pinned));
}

/** From the request until its answer has begun, or until it is clear that none will. */
class CallUnderWay implements AnswerListener, TimeLimited {
  readonly #call: UpstreamCall;
  readonly #startedMs: number;
  readonly #outcome = Promise.withResolvers<UpstreamOutcome>();
  readonly #cancel = () => this.#exchange?.abort();
  #exchange: Cancellable | null = null;
  #timer: CoarseTimer | null = null;
  #timedOut = false;

  constructor(call: UpstreamCall, startedMs: number) {
    this.#call = call;
    this.#startedMs = startedMs;
  }

  start(request: OutboundRequest): Promise<UpstreamOutcome> {
    const call = this.#call;
    this.#timer = startTimer(call.firstByteMs, this);
    // A connection of our own, but where only the runtime's fetch knows the way.
    this.#exchange =
      (call.spec.viaFetch ? null : sendByConnection(request, this)) ?? sendByFetch(request, this);
    if (call.signal?.aborted) this.#cancel();
    else call.signal?.addEventListener('abort', this.#cancel, { once: true });
    return this.#outcome.promise;
  }

  answered(answer: RawAnswer): void {
    this.#stopTimer();
    const { status, headers, body } = answer;
    const call = this.#call;
    if (status >= 200 && status < 300 && status !== 204 && status !== 205) {
      const headersMs = call.clock.monotonicMs() - this.#startedMs;
      this.#outcome.resolve({ kind: 'answer', status, headers, body, headersMs, cancel: this.#cancel });
      return;
    }
    readRefusal(call, answer, this.#startedMs).then(this.#outcome.resolve, (error: unknown) =>
      this.failed(error),
    );
  }

  failed(error: unknown): void {
    this.#stopTimer();
    const call = this.#call;
    const failure = this.#timedOut
      ? 'timeout_first_byte'
      : call.signal?.aborted
        ? 'client_gone'
        : classifyThrown(error);
    this.#outcome.resolve(thrown(call, failure, error, this.#startedMs));
  }

  expire(): void {
    this.#timedOut = true;
    this.#cancel();
  }

  #stopTimer(): void {
    if (this.#timer) cancelTimer(this.#timer);
    this.#timer = null;
  }
}

function requestOf(
  call: UpstreamCall,
  body: OutboundBody | null,
  to: Pick<PinnedAddress, 'url'> & Partial<PinnedAddress>,
): OutboundRequest {
  return {
    url: to.url,
    method: call.method ?? 'POST',
    headers: new CallHeaders(call),
    body,
    host: to.host ?? null,
    serverName: to.serverName ?? null,
  };
}

async function readRefusal(
  call: UpstreamCall,
  answer: RawAnswer,
  startedMs: number,
): Promise<UpstreamFailure> {
  const read = await readBounded({
    body: answer.body,
    bytesMax: ERROR_BODY_BYTES_MAX,
    timeoutMs: ERROR_BODY_MS_MAX,
  });
  const text = new TextDecoder().decode(read.bytes);
  const { error, body } = readProviderError(text, [call.credential.secret]);
  const failure = classifyAnswer(answer.status, error);
  return {
    kind: 'failure',
    failure,
    status: answer.status,
    message: error.message === '' ? `The provider answered ${answer.status}.` : error.message,
    retryAfterMs: readRetryAfter({ headers: answer.headers, body, nowMs: call.clock.nowMs() }),
    providerError: error,
    sent: true,
    durationMs: call.clock.monotonicMs() - startedMs,
  };
}

function thrown(
  call: UpstreamCall,
  failure: FailureKind,
  error: unknown,
  startedMs: number,
): UpstreamFailure {
  const text = error instanceof Error ? error.message : String(error);
  const message = failure === 'timeout_first_byte' ? `No answer within ${call.firstByteMs} ms.` : text;
  return {
    kind: 'failure',
    failure,
    status: null,
    message: redactText(message, [call.credential.secret]),
    retryAfterMs: null,
    providerError: null,
    sent: failure !== 'tls' && !neverConnected(error),
    durationMs: call.clock.monotonicMs() - startedMs,
  };
}

/** Bun's codes for a connection that was never made: refused, unreachable, no such host. */
function neverConnected(error: unknown): boolean {
  if (error instanceof NeverConnected) return true;
  const code = errorCode(error) ?? '';
  return /ConnectionRefused|ECONNREFUSED|FailedToOpenSocket|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|DNS/i.test(
    code,
  );
}

function notOffered(call: UpstreamCall): UpstreamFailure {
  return neverSent('not_found', `The provider '${call.spec.name}' does not offer this endpoint.`);
}

function addressRefused(call: UpstreamCall, reason: string): UpstreamFailure {
  return neverSent('connection', `The address of the provider '${call.spec.name}' ${reason}.`);
}

function neverSent(failure: FailureKind, message: string): UpstreamFailure {
  return {
    kind: 'failure',
    failure,
    status: null,
    message,
    retryAfterMs: null,
    providerError: null,
    sent: false,
    durationMs: 0,
  };
}
