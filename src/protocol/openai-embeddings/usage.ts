// Facts of an embeddings answer. Embeddings write no tokens: completion is zero, not unknown.
import { asString, type JsonObject } from '../../lib/json.ts';
import { readOpenAiUsage } from '../openai-chat/usage.ts';
import type { AnswerFacts } from '../types.ts';

export function readEmbeddingsAnswer(body: JsonObject): AnswerFacts {
  const usage = readOpenAiUsage(body.usage);
  return {
    usage: usage && { ...usage, completionTokens: usage.completionTokens ?? 0 },
    modelServed: asString(body.model),
    finishReason: null,
  };
}
