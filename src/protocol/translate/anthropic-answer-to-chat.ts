// A whole Anthropic message as a chat completion. Never throws; a strange answer becomes an empty one.
import { asObject, asString, type JsonObject } from '../../lib/json.ts';
import { readMessagesAnswer } from '../anthropic-messages/usage.ts';
import { objectToArguments } from './arguments.ts';
import { ANTHROPIC_FORMAT, objectsOf, type Place, writePlace } from './reasoning.ts';
import { chatFinishFromAnthropic } from './stop-reasons.ts';
import type { AnswerContext } from './translator.ts';
import { chatUsage } from './usage-shapes.ts';

export function anthropicAnswerToChat(body: JsonObject, context: AnswerContext): JsonObject {
  const facts = readMessagesAnswer(body);
  const finish = chatFinishFromAnthropic(facts.finishReason);
  return {
    id: asString(body.id) ?? context.requestId,
    object: 'chat.completion',
    created: Math.floor(context.nowMs / 1000),
    model: facts.modelServed ?? context.model,
    choices: [
      {
        index: 0,
        message: blocksToMessage(objectsOf(body.content)),
        logprobs: null,
        finish_reason: finish,
        ...(facts.finishReason === null ? {} : { native_finish_reason: facts.finishReason }),
      },
    ],
    ...(facts.usage ? { usage: chatUsage(facts.usage) } : {}),
  };
}

/** Blocks of tools that ran at the provider are its own business: they are neither text nor calls for the client. */
function blocksToMessage(blocks: JsonObject[]): JsonObject {
  const text = blocks.filter((block) => block.type === 'text').map((block) => asString(block.text) ?? '');
  const calls = blocks.filter((block) => block.type === 'tool_use').map(toolCall);
  const details = blocks.flatMap((block, at) => thinkingDetails(block, placeOf(blocks.slice(0, at))));
  const thinking = details.map((detail) => asString(detail.text) ?? '').join('');
  return {
    role: 'assistant',
    content: text.length === 0 && calls.length > 0 ? null : text.join(''),
    refusal: null,
    ...(thinking === '' ? {} : { reasoning_content: thinking }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function toolCall(block: JsonObject): JsonObject {
  return {
    id: asString(block.id) ?? '',
    type: 'function',
    function: { name: asString(block.name) ?? '', arguments: objectToArguments(asObject(block.input) ?? {}) },
  };
}

/** Empty for every block that is not thinking. */
function thinkingDetails(block: JsonObject, place: Place): JsonObject[] {
  const common = { format: ANTHROPIC_FORMAT, ...writePlace(place) };
  if (block.type === 'redacted_thinking')
    return [{ type: 'reasoning.encrypted', data: asString(block.data) ?? '', ...common }];
  if (block.type !== 'thinking') return [];
  const text = asString(block.thinking) ?? '';
  const signature = asString(block.signature) ?? '';
  return [{ type: 'reasoning.text', text, signature, ...common }];
}

function placeOf(before: JsonObject[]): Place {
  const text = before.map((block) => (block.type === 'text' ? (asString(block.text)?.length ?? 0) : 0));
  return {
    text: text.reduce((sum, length) => sum + length, 0),
    calls: before.filter((block) => block.type === 'tool_use').length,
  };
}
