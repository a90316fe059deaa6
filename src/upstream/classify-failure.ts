// The one place that says what a provider's refusal means. Pure; the consequences stand in failure-rules.ts.
import type { FailureKind } from '../core/usage-event.ts';
import { errorCode } from '../lib/error-code.ts';
import type { ProviderError } from './provider-error.ts';
import { BadAnswer } from './wire/response-head.ts';

const CONTEXT =
  /context[_ ](length|window)|maximum context|too many tokens|prompt is too long|input is too long|exceeds? the (maximum|context)|token (count|limit).*exceed/i;
const QUOTA =
  /insufficient[_ ]quota|exceeded your current quota|billing|credit balance|resource[_ ]exhausted|quota/i;
/** Gemini and xAI refuse a wrong key with 400; only their own opening words count, since the rest may quote the caller. */
const WRONG_KEY = /^(api key not valid|incorrect api key|invalid api key|api key expired)/i;

/** The kind of a non-2xx answer. */
export function classifyAnswer(status: number, error: ProviderError): FailureKind {
  if (status >= 300 && status < 400) return 'bad_answer';
  if (status === 401) return 'authentication';
  if (status === 403) return /moderation|flagged/i.test(error.message) ? 'invalid_request' : 'forbidden';
  if (status === 402) return 'quota_exceeded';
  if (status === 404) return 'not_found';
  if (status === 429) return classifyLimit(error);
  if (status === 503 || status === 529) return 'overloaded';
  if (status === 408 || status >= 500) return 'server_error';
  if (status >= 400) return classifyRequest(error);
  return 'bad_answer';
}

/** The kind of an error event inside a stream whose status was 200 (faults.md U8). */
export function classifyStreamError(type: string | null, message: string): FailureKind {
  const word = `${type ?? ''} ${message}`;
  if (/overloaded/i.test(word)) return 'overloaded';
  if (/rate[_ ]limit|too many requests/i.test(word)) return 'rate_limit';
  if (/insufficient_quota|resource_exhausted/i.test(word)) return 'quota_exceeded';
  if (/^(authentication_error|permission_error)/i.test(word)) return 'authentication';
  if (CONTEXT.test(word)) return 'context_window_exceeded';
  if (/invalid_request/i.test(type ?? '')) return 'invalid_request';
  return 'server_error';
}

/** The kind of an error that came in place of an answer. Bun's codes are OpenSSL's and libuv's names, or its own. */
export function classifyThrown(error: unknown): 'tls' | 'connection' | 'bad_answer' {
  if (error instanceof BadAnswer) return 'bad_answer';
  const { message } = error as { message?: unknown };
  const word = `${errorCode(error) ?? ''} ${typeof message === 'string' ? message : ''}`;
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|ALTNAME|HANDSHAKE/i.test(word) ? 'tls' : 'connection';
}

function classifyLimit(error: ProviderError): FailureKind {
  const word = `${error.type ?? ''} ${error.code ?? ''} ${error.message}`;
  return QUOTA.test(word) ? 'quota_exceeded' : 'rate_limit';
}

function classifyRequest(error: ProviderError): FailureKind {
  if (error.reason === 'API_KEY_INVALID' || WRONG_KEY.test(error.message)) return 'authentication';
  if (CONTEXT.test(`${error.code ?? ''} ${error.message}`)) return 'context_window_exceeded';
  return 'invalid_request';
}
