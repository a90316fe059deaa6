// One exchange by the runtime's fetch: https, and everything that goes through a proxy of the environment.
// Never follows a redirect, never unpacks, never lets the runtime's own time limits decide.
import type { AnswerBody } from './answer-body.ts';
import { FetchBody } from './fetch-body.ts';
import type { VisitHeader } from './request-headers.ts';

/** A text, or a long one in UTF-8 and in parts, so that it need not be copied to be changed in places. */
export type OutboundBody = string | readonly Uint8Array[];

/** A request as it goes out, whoever carries it. */
export interface OutboundRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** Names in lower case, each once. */
  readonly headers: { readonly forEach: (visit: VisitHeader) => void };
  readonly body: OutboundBody | null;
  /** For the `host` header; null where it is the address's own. */
  readonly host: string | null;
  /** The name the certificate must be for, where the address is dialled instead of the name (security fact B5). */
  readonly serverName: string | null;
}

export interface AnswerHeaders {
  /** `name` in lower case. Null when there is none; several of one name are joined by `, `. */
  readonly get: (name: string) => string | null;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: AnswerBody;
}

/** Hears once what became of a request. */
export interface AnswerListener {
  /** The head of an answer is here; its body may follow. */
  readonly answered: (answer: RawAnswer) => void;
  /** No answer came. `error` is the system's, or says what was wrong with what came. */
  readonly failed: (error: unknown) => void;
}

export interface Cancellable {
  /** Ends the exchange at once, in whatever state it is: whoever reads its body hears `fail`. Safe to call any number of times. */
  readonly abort: () => void;
}

export function sendByFetch(request: OutboundRequest, listener: AnswerListener): Cancellable {
  const controller = new AbortController();
  const cancel = () => controller.abort();
  fetch(request.url, {
    method: request.method,
    headers: pairsOf(request),
    body: wholeOf(request.body),
    signal: controller.signal,
    redirect: 'manual',
    decompress: false,
    // Bun's idle limit of five minutes would cut long thinking; our own timers decide (F24).
    timeout: false,
    ...(request.serverName && { tls: { serverName: request.serverName } }),
  } as RequestInit).then(
    (response) =>
      listener.answered({
        status: response.status,
        headers: response.headers,
        body: new FetchBody(response, cancel),
      }),
    (error: unknown) => listener.failed(error),
  );
  return { abort: cancel };
}

function wholeOf(body: OutboundBody | null): string | Uint8Array | null {
  return body === null || typeof body === 'string' ? body : Buffer.concat(body);
}

function pairsOf({ headers, host }: OutboundRequest): [string, string][] {
  const pairs: [string, string][] = host === null ? [] : [['host', host]];
  headers.forEach((value, name) => {
    if (host === null || name !== 'host') pairs.push([name, value]);
  });
  return pairs;
}
