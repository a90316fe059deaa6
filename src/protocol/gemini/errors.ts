// Tollgate's errors in Gemini's shape: {error:{code,message,status,details}}. Never shows internal text.
// Status names are those of google.rpc.Code; the request id travels in a google.rpc.RequestInfo detail.
import type { AppError } from '../../errors/app-error.ts';
import type { JsonObject } from '../../lib/json.ts';

export function encodeGeminiError(error: AppError, requestId: string): { body: JsonObject } {
  return {
    body: {
      error: {
        code: error.status,
        message: error.message,
        status: STATUSES[error.status] ?? (error.status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT'),
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: error.code.toUpperCase(),
            domain: 'tollgate',
          },
          { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId },
        ],
      },
    },
  };
}

const STATUSES: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};
