// Tollgate's errors in Anthropic's shape: {type:"error", error:{type,message}, request_id}. Never shows internal text.
// Types by status: https://docs.anthropic.com/en/api/errors
import type { AppError } from '../../errors/app-error.ts';
import type { JsonObject } from '../../lib/json.ts';

export function encodeAnthropicError(error: AppError, requestId: string): { body: JsonObject } {
  const type = anthropicErrorType(error.status);
  // A provider's own code is its own business: another family's words would mislead these clients.
  const code = error.options.provider ? undefined : error.code;
  return { body: anthropicErrorBody({ type, message: error.message, requestId, code }) };
}

/** `code` is ours: Anthropic's clients ignore it, and a script can tell two refusals of one type apart by it. */
function anthropicErrorBody(of: {
  type: string;
  message: string;
  requestId: string;
  code: string | undefined;
}): JsonObject {
  const { type, message, requestId, code } = of;
  return {
    type: 'error',
    error: code === undefined ? { type, message } : { type, message, code },
    request_id: requestId,
  };
}

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function anthropicErrorType(status: number): string {
  return TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}
