// What a translation of an answer is told about the request it answers.
import { estimateInputTokens } from '../protocol/anthropic-messages/estimate-tokens.ts';
import type { AnswerContext } from '../protocol/translate/translator.ts';
import type { Answered } from './end-answer.ts';

export function answerContext({ exchange, attempt }: Answered): AnswerContext {
  const { endpoint, facts, body } = exchange;
  return {
    model: facts.model,
    provider: attempt.target.spec.name,
    requestId: exchange.id,
    nowMs: exchange.timeMs,
    includeUsage: facts.includeUsageAsked,
    // Only Anthropic's clients are told the input before the answer.
    promptTokensEstimate: endpoint.dialect === 'anthropic-messages' ? estimateInputTokens(body.json) : null,
  };
}
