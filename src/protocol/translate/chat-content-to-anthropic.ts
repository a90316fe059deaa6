// Chat messages as Anthropic's: system apart, tool results as blocks of the next user turn, signed thinking in its place.
// Never sends reasoning that Anthropic did not sign.
import { asArray, asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';
import { argumentsToObject } from './arguments.ts';
import { anthropicCallId } from './call-ids.ts';
import { readDataUrl } from './data-url.ts';
import { ANTHROPIC_FORMAT, mergeDetails, objectsOf, readPlace } from './reasoning.ts';
import { invalidField, unsupported } from './refuse.ts';
import { readAttachment, readToolError } from './tool-marks.ts';

export interface AnthropicTurns {
  readonly system: JsonObject[];
  readonly messages: JsonObject[];
}

export function messagesToAnthropic(list: Json | undefined, target: string): AnthropicTurns {
  const system: JsonObject[] = [];
  const messages: JsonObject[] = [];
  for (const message of objectsOf(list)) {
    const role = asString(message.role);
    if (role === 'system' || role === 'developer') system.push(...partsToBlocks(message.content, target));
    else if (role === 'assistant') pushTurn(messages, 'assistant', assistantBlocks(message, target));
    else if (role === 'tool') pushTurn(messages, 'user', [toolResult(message, target)], true);
    else if (role === 'user') pushUser(messages, partsToBlocks(message.content, target));
    else throw invalidField('messages', `messages: the role '${role}' is not known.`);
  }
  trimPrefill(messages.at(-1));
  return { system, messages };
}

/** Results of one step, and what the user says after them, are one turn for Anthropic. */
function pushTurn(messages: JsonObject[], role: string, blocks: JsonObject[], joins = false): void {
  if (blocks.length === 0) return;
  const last = messages.at(-1);
  if (joins && last?.role === role && isResults(last)) asArray(last.content)?.push(...blocks);
  else messages.push({ role, content: blocks });
}

function pushUser(messages: JsonObject[], blocks: JsonObject[]): void {
  const last = messages.at(-1);
  pushTurn(messages, 'user', last && isResults(last) ? attachToResults(last, blocks) : blocks, true);
}

function isResults(message: JsonObject): boolean {
  return message.role === 'user' && objectsOf(message.content).some((block) => block.type === 'tool_result');
}

/** Puts what stands behind an attachment mark back into the result it came from; gives what is left. */
function attachToResults(turn: JsonObject, blocks: JsonObject[]): JsonObject[] {
  const results = new Map(objectsOf(turn.content).map((block) => [asString(block.tool_use_id), block]));
  const left: JsonObject[] = [];
  for (let at = 0; at < blocks.length; at++) {
    const block = blocks[at] ?? {};
    const id = block.type === 'text' ? readAttachment(asString(block.text) ?? '') : null;
    const result = id === null ? undefined : results.get(anthropicCallId(id));
    const attachment = blocks[at + 1];
    if (result && attachment) {
      result.content = [...objectsOf(result.content), attachment];
      at++;
    } else left.push(block);
  }
  return left;
}

function toolResult(message: JsonObject, target: string): JsonObject {
  const blocks = partsToBlocks(message.content, target);
  const { isError, text } = readToolError(blocks.map((block) => asString(block.text) ?? '').join('\n'));
  return {
    type: 'tool_result',
    tool_use_id: anthropicCallId(asString(message.tool_call_id) ?? ''),
    content: text === '' ? [] : [{ type: 'text', text }],
    ...(isError ? { is_error: true } : {}),
    ...cacheControl(blocks.at(-1) ?? {}),
  };
}

function assistantBlocks(message: JsonObject, target: string): JsonObject[] {
  if (message.function_call != null) throw unsupported('the old function_call', target, 'messages');
  if (message.audio != null) throw unsupported('audio of an earlier answer', target, 'messages');
  const details = mergeDetails(message.reasoning_details);
  const calls = objectsOf(message.tool_calls).map((call) => toolUse(call, target));
  const text = message.content == null ? '' : asString(message.content);
  if (text !== null) return interleave(details, text + (asString(message.refusal) ?? ''), calls);
  return [
    ...details.flatMap(signedThinking),
    ...partsToBlocks(message.content, target),
    ...partsToBlocks(message.refusal, target),
    ...calls,
  ];
}

/** Thinking goes back to where it stood (`after`), since Anthropic refuses a turn whose thinking was moved. */
function interleave(details: JsonObject[], text: string, calls: JsonObject[]): JsonObject[] {
  const blocks: JsonObject[] = [];
  let textDone = 0;
  let callsDone = 0;
  const upTo = (textEnd: number, callsEnd: number) => {
    const piece = text.slice(textDone, textEnd);
    if (piece !== '') blocks.push({ type: 'text', text: piece });
    blocks.push(...calls.slice(callsDone, callsEnd));
    textDone = Math.max(textDone, textEnd);
    callsDone = Math.max(callsDone, callsEnd);
  };
  for (const detail of details) {
    const thinking = signedThinking(detail);
    const place = readPlace(detail);
    if (thinking.length > 0) upTo(place.calls > 0 ? text.length : place.text, place.calls);
    blocks.push(...thinking);
  }
  upTo(text.length, calls.length);
  return blocks;
}

/** Entries of other families, and text without a signature, are left out: Anthropic would refuse them. */
function signedThinking(detail: JsonObject): JsonObject[] {
  if (detail.format !== undefined && detail.format !== ANTHROPIC_FORMAT) return [];
  const signature = asString(detail.signature);
  const data = asString(detail.data);
  if (detail.type === 'reasoning.text' && signature)
    return [{ type: 'thinking', thinking: asString(detail.text) ?? '', signature }];
  return detail.type === 'reasoning.encrypted' && data && detail.format === ANTHROPIC_FORMAT
    ? [{ type: 'redacted_thinking', data }]
    : [];
}

function toolUse(call: JsonObject, target: string): JsonObject {
  const called = asObject(call.function);
  if (!called) throw unsupported(`a ${asString(call.type)} tool call`, target, 'messages');
  return {
    type: 'tool_use',
    id: anthropicCallId(asString(call.id) ?? ''),
    name: asString(called.name) ?? '',
    input: argumentsToObject(called.arguments),
  };
}

/** Content of any message: a string, or parts. Empty texts are dropped, since Anthropic refuses them. */
export function partsToBlocks(content: Json | undefined, target: string): JsonObject[] {
  const text = asString(content);
  if (text !== null) return text === '' ? [] : [{ type: 'text', text }];
  return objectsOf(content).flatMap((part) => partToBlocks(part, target));
}

function partToBlocks(part: JsonObject, target: string): JsonObject[] {
  const mark = cacheControl(part);
  if (part.type === 'text' || part.type === 'refusal') {
    const text = asString(part.text) ?? asString(part.refusal) ?? '';
    return text === '' ? [] : [{ type: 'text', text, ...mark }];
  }
  if (part.type === 'image_url') return [{ type: 'image', source: imageSource(part), ...mark }];
  if (part.type === 'file') return [{ ...fileToDocument(asObject(part.file) ?? {}, target), ...mark }];
  // Mistral's own form of reasoning in a history: not signed, so not carried.
  if (part.type === 'thinking') return [];
  throw unsupported(`${asString(part.type) ?? 'unknown'} content`, target, 'messages');
}

function imageSource(part: JsonObject): JsonObject {
  const url = asString(asObject(part.image_url)?.url) ?? asString(part.image_url) ?? '';
  const inline = readDataUrl(url);
  if (inline) return { type: 'base64', media_type: inline.mediaType, data: inline.base64 };
  if (/^https?:/i.test(url)) return { type: 'url', url };
  throw invalidField('messages', 'messages: an image_url must be an http(s) URL or a base64 data URL.');
}

function fileToDocument(file: JsonObject, target: string): JsonObject {
  const data = asString(file.file_data);
  if (data === null) throw unsupported('a file by id', target, 'messages');
  const title = asString(file.filename);
  const named = title === null ? {} : { title };
  if (/^https?:/i.test(data)) return { type: 'document', source: { type: 'url', url: data }, ...named };
  const inline = readDataUrl(data);
  if (!inline) throw invalidField('messages', 'messages: file_data must be a base64 data URL.');
  if (inline.mediaType === 'application/pdf')
    return { type: 'document', source: pdfSource(inline.base64), ...named };
  if (!inline.mediaType.startsWith('text/'))
    throw unsupported(`a file of type ${inline.mediaType}`, target, 'messages');
  const text = Buffer.from(inline.base64, 'base64').toString('utf8');
  return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text }, ...named };
}

function pdfSource(data: string): JsonObject {
  return { type: 'base64', media_type: 'application/pdf', data };
}

function cacheControl(part: JsonObject): JsonObject {
  return asObject(part.cache_control) === null ? {} : { cache_control: part.cache_control };
}

/** Anthropic refuses a last assistant turn that ends in white space. */
function trimPrefill(last: JsonObject | undefined): void {
  const block = last?.role === 'assistant' ? objectsOf(last.content).at(-1) : undefined;
  if (block?.type === 'text') block.text = asString(block.text)?.trimEnd() ?? '';
}
