// What the gateway must know of an embeddings request.
// https://platform.openai.com/docs/api-reference/embeddings/create
import { NO_FEATURES } from '../../core/wire.ts';
import type { JsonObject } from '../../lib/json.ts';
import { invalid, readModel } from '../openai-chat/read-request.ts';
import type { RequestFacts } from '../types.ts';

/** Throws AppError `invalid_request` naming the field at fault. */
export function readEmbeddingsRequest(body: JsonObject): RequestFacts {
  if (typeof body.input !== 'string' && !Array.isArray(body.input)) {
    throw invalid('input', "'input' must be a string or a list");
  }
  return {
    model: readModel(body),
    stream: false,
    maxOutputTokens: 0,
    choices: 1,
    features: NO_FEATURES,
    includeUsageAsked: false,
    clientSessionId: null,
  };
}
