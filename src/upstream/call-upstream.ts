// The one outbound call. Its result is a value: an answer whose body has not been read, or a named failure.
// Never throws, never retries, never follows a redirect, never lets Bun's own time limits decide.
import type { FailureKind } from '../core/usage-event.ts';
import type { Clock } from '../lib/clock.ts';
import { cancelTimer, startTimer } from '../lib/coarse-timer.ts';
import { redactText } from '../lib/redact-text.ts';
import type { PinnedAddress } from './address-guard.ts';
import { classifyAnswer, classifyThrown } from './classify-failure.ts';
import { ERROR_BODY_BYTES_MAX, type ProviderError, readProviderError } from './provider-error.ts';
import type { Credential, Operation, ProviderSpec } from './providers/provider-spec.ts';
import { readBounded } from './read-body.ts';
import { buildRequestHeaders, type HeaderSource } from './request-headers.ts';
import { readRetryAfter } from './retry-after.ts';
import { upstreamUrl } from './upstream-url.ts';

/** An error answer that drips in for longer than this is classified by what has arrived. */
const ERROR_BODY_MS_MAX = 5_000;

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
  readonly body: Uint8Array | string | null;
  /** Aborts the call and its body; the failure is then `client_gone`. */
  readonly signal: AbortSignal | null;
  /** Until the answer's headers are here. */
  readonly firstByteMs: number;
  readonly clock: Clock;
}

export interface UpstreamAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Headers;
  /** The unread body is in here. Whoever takes the answer reads it to the end or cancels it. */
  readonly response: Response;
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

export async function callUpstream(call: UpstreamCall): Promise<UpstreamOutcome> {
  const startedMs = call.clock.monotonicMs();
  const url = upstreamUrl(call.spec, call.operation, call.model, call.query ?? '');
  if (url === null) return notOffered(call);
  const controller = new AbortController();
  let timedOut = false;
  const timer = startTimer(call.firstByteMs, () => {
    timedOut = true;
    controller.abort();
  });
  const onGone = () => controller.abort();
  if (call.signal?.aborted) onGone();
  else call.signal?.addEventListener('abort', onGone, { once: true });
  try {
    const pinned = call.spec.guard ? await call.spec.guard.pin(url) : null;
    if (pinned?.kind === 'refused') return addressRefused(call, pinned.reason);
    const response = await fetch(pinned?.url ?? url, requestInit(call, controller.signal, pinned));
    if (response.ok && response.status !== 204 && response.status !== 205) {
      const headersMs = call.clock.monotonicMs() - startedMs;
      const { status, headers } = response;
      return { kind: 'answer', status, headers, response, headersMs, cancel: onGone };
    }
    cancelTimer(timer);
    return await readRefusal(call, response, startedMs, onGone);
  } catch (error) {
    const failure = timedOut
      ? 'timeout_first_byte'
      : call.signal?.aborted
        ? 'client_gone'
        : classifyThrown(error);
    return thrown(call, failure, error, startedMs);
  } finally {
    cancelTimer(timer);
  }
}

function requestInit(call: UpstreamCall, signal: AbortSignal, pinned: PinnedAddress | null): RequestInit {
  const headers = buildRequestHeaders({
    spec: call.spec,
    credential: call.credential,
    inbound: call.headers,
    ...(call.extraHeaders && { extra: call.extraHeaders }),
  });
  if (pinned) headers.host = pinned.host;
  return {
    method: call.method ?? 'POST',
    headers,
    body: call.body,
    signal,
    redirect: 'manual',
    decompress: false,
    // Bun's idle limit of five minutes would cut long thinking; our own timers decide (F24).
    timeout: false,
    // The address is dialled, but it is the name that the certificate must be for (security fact B5).
    ...(pinned?.serverName && { tls: { serverName: pinned.serverName } }),
  } as RequestInit;
}

async function readRefusal(
  call: UpstreamCall,
  response: Response,
  startedMs: number,
  cancel: () => void,
): Promise<UpstreamFailure> {
  const read = await readBounded({
    response,
    bytesMax: ERROR_BODY_BYTES_MAX,
    timeoutMs: ERROR_BODY_MS_MAX,
    cancel,
  });
  const text = new TextDecoder().decode(read.bytes);
  const { error, body } = readProviderError(text, [call.credential.secret]);
  const failure = classifyAnswer(response.status, error);
  return {
    kind: 'failure',
    failure,
    status: response.status,
    message: error.message === '' ? `The provider answered ${response.status}.` : error.message,
    retryAfterMs: readRetryAfter({ headers: response.headers, body, nowMs: call.clock.nowMs() }),
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
  const code = String((error as { code?: unknown }).code ?? '');
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
