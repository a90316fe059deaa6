// Tollgate's errors in OpenAI's shape: {error:{message,type,param,code}, request_id}. Never shows internal text.
import type { AppError } from '../../errors/app-error.ts';
import type { JsonObject } from '../../lib/json.ts';

export function encodeOpenAiError(error: AppError, requestId: string): { body: JsonObject } {
  return {
    body: {
      error: {
        message: error.message,
        type: error.options.provider?.type ?? error.type,
        param: error.options.param ?? null,
        code: error.options.provider ? error.options.provider.code : error.code,
        request_id: requestId,
      },
    },
  };
}
