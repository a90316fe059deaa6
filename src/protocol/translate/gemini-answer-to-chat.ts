// A whole Gemini answer as a chat completion. Never throws; a blocked prompt is an empty answer that says why it stopped.
import { asObject, asString, type JsonObject } from '../../lib/json.ts';
import { readGenerateAnswer } from '../gemini/usage.ts';
import { makeCallId } from './call-ids.ts';
import { GEMINI_FORMAT, objectsOf } from './reasoning.ts';
import { chatFinishFromGemini } from './stop-reasons.ts';
import type { AnswerContext } from './translator.ts';
import { chatUsage } from './usage-shapes.ts';

export function geminiAnswerToChat(body: JsonObject, context: AnswerContext): JsonObject {
  const facts = readGenerateAnswer(body);
  const candidates = objectsOf(body.candidates);
  const reasonOf = (candidate: JsonObject) =>
    asString(candidate.finishReason) ?? facts.finishReason ?? 'STOP';
  return {
    id: asString(body.responseId) ?? context.requestId,
    object: 'chat.completion',
    created: Math.floor(context.nowMs / 1000),
    model: facts.modelServed ?? context.model,
    choices: (candidates.length > 0 ? candidates : [{}]).map((candidate, index) =>
      toChoice({ candidate, index, reason: reasonOf(candidate), context }),
    ),
    ...(facts.usage ? { usage: chatUsage(facts.usage) } : {}),
  };
}

function toChoice(of: {
  candidate: JsonObject;
  index: number;
  reason: string;
  context: AnswerContext;
}): JsonObject {
  const parts = objectsOf(asObject(of.candidate.content)?.parts);
  const calls = parts
    .filter((part) => asObject(part.functionCall))
    .map((part, at) => callOf(part, makeCallId('call', of.context.requestId, `${of.index}_${at}`)));
  return {
    index: of.index,
    message: partsToMessage(parts, calls),
    logprobs: null,
    finish_reason: chatFinishFromGemini(of.reason, calls.length > 0),
    native_finish_reason: of.reason,
  };
}

function partsToMessage(parts: JsonObject[], calls: JsonObject[]): JsonObject {
  const texts = parts.filter((part) => asString(part.text) !== null);
  const join = (list: JsonObject[]) => list.map((part) => asString(part.text) ?? '').join('');
  const text = join(texts.filter((part) => part.thought !== true));
  const thoughts = join(texts.filter((part) => part.thought === true));
  const details = texts.flatMap(textSignature);
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    ...(thoughts === '' ? {} : { reasoning_content: thoughts }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** The signature of a part that is no call, to be given back on the text. */
export function textSignature(part: JsonObject): JsonObject[] {
  const data = asString(part.thoughtSignature);
  return data === null ? [] : [{ type: 'reasoning.encrypted', data, format: GEMINI_FORMAT }];
}

/** `extra_content.google.thought_signature` is where Google's own OpenAI-shaped endpoint puts a call's signature. */
export function callOf(part: JsonObject, fallbackId: string): JsonObject {
  const called = asObject(part.functionCall) ?? {};
  const signature = asString(part.thoughtSignature);
  return {
    id: asString(called.id) || fallbackId,
    type: 'function',
    function: {
      name: asString(called.name) ?? '',
      arguments: JSON.stringify(asObject(called.args) ?? {}),
    },
    ...(signature === null ? {} : { extra_content: { google: { thought_signature: signature } } }),
  };
}
