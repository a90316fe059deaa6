// A whole chat completion as an Anthropic message. Reads every dialect of the format: reasoning under its several names,
// content as a list of parts, calls without ids. Never throws; a strange answer becomes an empty one.
import { asArray, asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';
import { readChatAnswer } from '../openai-chat/usage.ts';
import { argumentsToObject } from './arguments.ts';
import { makeCallId } from './call-ids.ts';
import { GEMINI_FORMAT, objectsOf, reasoningText, sealReasoning } from './reasoning.ts';
import { anthropicStop } from './stop-reasons.ts';
import type { AnswerContext } from './translator.ts';
import { anthropicUsage, estimatedAnthropicUsage } from './usage-shapes.ts';

export function chatAnswerToAnthropic(body: JsonObject, context: AnswerContext): JsonObject {
  const facts = readChatAnswer(body);
  const choice = asObject(asArray(body.choices)?.[0]) ?? {};
  const message = asObject(choice.message) ?? {};
  const calls = objectsOf(message.tool_calls).map((call, at) =>
    toolUse(call, makeCallId('toolu', context.requestId, at)),
  );
  const { text, thinking } = splitContent(message.content);
  const shown = text + (asString(message.refusal) ?? '');
  const native = asString(choice.native_finish_reason);
  const refused = asString(message.refusal) && calls.length === 0 ? 'content_filter' : facts.finishReason;
  return {
    id: asString(body.id) ?? context.requestId,
    type: 'message',
    role: 'assistant',
    model: facts.modelServed ?? context.model,
    content: [
      ...thinkingBlocks(message, thinking + reasoningText(message), context.provider),
      ...(shown === '' ? [] : [{ type: 'text', text: shown }]),
      ...calls,
    ],
    stop_reason: anthropicStop(refused, native, calls.length > 0),
    stop_sequence: null,
    usage: facts.usage
      ? anthropicUsage(facts.usage)
      : estimatedAnthropicUsage(context.promptTokensEstimate, JSON.stringify(message).length),
  };
}

/** Reasoning is sealed with the name of its provider, so that it finds its way back there and nowhere else. */
function thinkingBlocks(message: JsonObject, text: string, provider: string): JsonObject[] {
  const own = objectsOf(message.reasoning_details);
  const details = [...own, ...objectsOf(message.tool_calls).flatMap(callSignature)];
  const shown = text !== '' ? text : own.map((detail) => asString(detail.text) ?? '').join('');
  if (shown === '' && details.length === 0) return [];
  return [{ type: 'thinking', thinking: shown, signature: sealReasoning({ provider, details }) }];
}

/** Gemini's signature of a call, as the detail that finds the call again by its id. */
export function callSignature(call: JsonObject): JsonObject[] {
  const data = asString(asObject(asObject(call.extra_content)?.google)?.thought_signature);
  return data === null
    ? []
    : [{ type: 'reasoning.encrypted', id: asString(call.id), data, format: GEMINI_FORMAT }];
}

function toolUse(call: JsonObject, fallbackId: string): JsonObject {
  const called = asObject(call.function) ?? asObject(call.custom) ?? {};
  return {
    type: 'tool_use',
    id: asString(call.id) || fallbackId,
    name: asString(called.name) ?? '',
    input: argumentsToObject(called.arguments ?? called.input),
  };
}

/** Mistral sends a list: thinking parts that hold lists themselves, and text parts. */
export function splitContent(content: Json | undefined): { text: string; thinking: string } {
  const plain = asString(content);
  if (plain !== null) return { text: plain, thinking: '' };
  let text = '';
  let thinking = '';
  for (const part of objectsOf(content)) {
    if (part.type === 'text') text += asString(part.text) ?? '';
    else if (part.type === 'thinking')
      thinking +=
        asString(part.thinking) ??
        objectsOf(part.thinking)
          .map((each) => asString(each.text) ?? '')
          .join('');
  }
  return { text, thinking };
}
