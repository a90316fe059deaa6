// Chat messages as Gemini's contents: system apart, calls and results as parts, thought signatures where they belong.
// https://ai.google.dev/gemini-api/docs/function-calling and …/thought-signatures
import { asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';
import { argumentsToObject } from './arguments.ts';
import { readDataUrl } from './data-url.ts';
import { GEMINI_FORMAT, objectsOf } from './reasoning.ts';
import { invalidField, unsupported } from './refuse.ts';
import { readToolError } from './tool-marks.ts';

/** Gemini 3 refuses a call of the current turn without its signature; this documented value lifts the check. */
const NO_SIGNATURE = 'skip_thought_signature_validator';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  pdf: 'application/pdf',
};

export interface GeminiTurns {
  readonly system: JsonObject[];
  readonly contents: JsonObject[];
}

export function messagesToGemini(list: Json | undefined, of: { model: string; target: string }): GeminiTurns {
  const system: JsonObject[] = [];
  const contents: JsonObject[] = [];
  const names = new Map<string, string>();
  for (const message of objectsOf(list)) {
    const role = asString(message.role);
    if (role === 'system' || role === 'developer') system.push(...partsToGemini(message.content, of.target));
    else if (role === 'assistant') {
      for (const call of objectsOf(message.tool_calls))
        names.set(asString(call.id) ?? '', asString(asObject(call.function)?.name) ?? '');
      pushParts(contents, 'model', assistantParts(message, of));
    } else if (role === 'tool') pushParts(contents, 'user', [functionResponse(message, names, of.target)]);
    else if (role === 'user') pushParts(contents, 'user', partsToGemini(message.content, of.target));
    else throw invalidField('messages', `messages: the role '${role}' is not known.`);
  }
  return { system, contents };
}

/** Turns alternate: neighbours of one role are one turn, as are the results of parallel calls. */
function pushParts(contents: JsonObject[], role: string, parts: JsonObject[]): void {
  if (parts.length === 0) return;
  const last = contents.at(-1);
  if (last?.role === role) last.parts = [...objectsOf(last.parts), ...parts];
  else contents.push({ role, parts });
}

function assistantParts(message: JsonObject, of: { model: string; target: string }): JsonObject[] {
  if (message.function_call != null) throw unsupported('the old function_call', of.target, 'messages');
  const details = objectsOf(message.reasoning_details).filter((each) => each.format === GEMINI_FORMAT);
  const ofText = details.find((each) => asString(each.id) === null && asString(each.data) !== null);
  const text = partsToGemini(message.content, of.target);
  const last = text.at(-1);
  if (last && ofText) last.thoughtSignature = ofText.data;
  const calls = objectsOf(message.tool_calls).map((call) => functionCall(call, details, of.target));
  const first = calls[0];
  if (first && first.thoughtSignature === undefined && wantsSignature(of.model))
    first.thoughtSignature = NO_SIGNATURE;
  return [...text, ...calls];
}

/** Only the first call of a step carries a signature. */
function wantsSignature(model: string): boolean {
  return /gemini-([3-9]|\d\d)/.test(model);
}

function functionCall(call: JsonObject, details: JsonObject[], target: string): JsonObject {
  const called = asObject(call.function);
  if (!called) throw unsupported(`a ${asString(call.type)} tool call`, target, 'messages');
  const google = asObject(asObject(call.extra_content)?.google);
  const kept = details.find((each) => asString(each.id) !== null && each.id === call.id);
  const signature = asString(google?.thought_signature) ?? asString(kept?.data);
  return {
    functionCall: { name: asString(called.name) ?? '', args: argumentsToObject(called.arguments) },
    ...(signature === null ? {} : { thoughtSignature: signature }),
  };
}

/** Gemini's own keys for the two kinds of result are `output` and `error`. */
function functionResponse(message: JsonObject, names: Map<string, string>, target: string): JsonObject {
  const parts = partsToGemini(message.content, target);
  const joined = parts.map((part) => asString(part.text) ?? '').join('\n');
  const { isError, text } = readToolError(joined);
  const name = names.get(asString(message.tool_call_id) ?? '') ?? asString(message.name) ?? '';
  return { functionResponse: { name, response: isError ? { error: text } : { output: text } } };
}

function partsToGemini(content: Json | undefined, target: string): JsonObject[] {
  const text = asString(content);
  if (text !== null) return text === '' ? [] : [{ text }];
  return objectsOf(content).flatMap((part) => partToGemini(part, target));
}

function partToGemini(part: JsonObject, target: string): JsonObject[] {
  const text = asString(part.text) ?? asString(part.refusal);
  if ((part.type === 'text' || part.type === 'refusal') && text !== null)
    return text === '' ? [] : [{ text }];
  if (part.type === 'image_url') {
    const url = asString(asObject(part.image_url)?.url) ?? asString(part.image_url) ?? '';
    return [mediaPart(url, 'image/jpeg')];
  }
  if (part.type === 'input_audio') {
    const audio = asObject(part.input_audio);
    return [
      { inlineData: { mimeType: `audio/${asString(audio?.format) ?? 'wav'}`, data: audio?.data ?? '' } },
    ];
  }
  if (part.type === 'file') {
    const data = asString(asObject(part.file)?.file_data);
    if (data === null) throw unsupported('a file by id', target, 'messages');
    return [mediaPart(data, 'application/pdf')];
  }
  if (part.type === 'thinking') return [];
  throw unsupported(`${asString(part.type) ?? 'unknown'} content`, target, 'messages');
}

/** Public URLs are fetched by Gemini itself; the type is told by the name's ending. */
function mediaPart(url: string, fallbackType: string): JsonObject {
  const inline = readDataUrl(url);
  if (inline) return { inlineData: { mimeType: inline.mediaType, data: inline.base64 } };
  if (!/^(https?|gs):/i.test(url))
    throw invalidField('messages', 'messages: media must be an http(s) URL or a base64 data URL.');
  const ending = /\.(\w+)(?:[?#]|$)/.exec(url)?.[1]?.toLowerCase() ?? '';
  return { fileData: { mimeType: MEDIA_TYPES[ending] ?? fallbackType, fileUri: url } };
}
