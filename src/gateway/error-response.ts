// An AppError as a response in the shape of the API that was called, with the request id.
import type { ErrorShape } from '../core/wire.ts';
import type { AppError } from '../errors/app-error.ts';
import type { JsonObject } from '../lib/json.ts';
import { encodeAnthropicError } from '../protocol/anthropic-messages/errors.ts';
import { encodeGeminiError } from '../protocol/gemini/errors.ts';
import { encodeOpenAiError } from '../protocol/openai-chat/errors.ts';

/** SDKs sleep as long as they are told; beyond this they must ask a person instead (wire fact F21). */
const RETRY_WAIT_MS_MAX = 60_000;

const ENCODERS: Readonly<Record<ErrorShape, (error: AppError, requestId: string) => { body: JsonObject }>> = {
  openai: encodeOpenAiError,
  anthropic: encodeAnthropicError,
  gemini: encodeGeminiError,
};

export function errorResponse(error: AppError, shape: ErrorShape, requestId: string): Response {
  const { body } = ENCODERS[shape](error, requestId);
  const { retryAfterMs, headers } = error.options;
  return new Response(JSON.stringify(body), {
    status: error.status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...(shape === 'anthropic' && { 'request-id': requestId }),
      ...(retryAfterMs !== undefined && retryHeaders(retryAfterMs)),
      ...(error.status === 401 && { 'www-authenticate': 'Bearer' }),
      ...headers,
    },
  });
}

function retryHeaders(retryAfterMs: number): Record<string, string> {
  const retryAfter = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  return retryAfterMs > RETRY_WAIT_MS_MAX
    ? { 'retry-after': retryAfter, 'x-should-retry': 'false' }
    : { 'retry-after': retryAfter };
}

/** The JSON text of an error, for an error event inside a stream. */
export function errorText(error: AppError, shape: ErrorShape, requestId: string): string {
  return JSON.stringify(ENCODERS[shape](error, requestId).body);
}
