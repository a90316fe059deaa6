// Messages of Anthropic's format as chat messages: text, images, documents, tool calls and results, reasoning.
// Never sends reasoning to a provider that did not make it.
import { asArray, asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';
import { objectToArguments } from './arguments.ts';
import { nineCharCallId } from './call-ids.ts';
import { writeDataUrl } from './data-url.ts';
import { objectsOf, openSeal } from './reasoning.ts';
import { unsupported } from './refuse.ts';
import type { ChatTarget } from './targets.ts';
import { markAttachment, markToolError } from './tool-marks.ts';

export interface ContentContext {
  readonly provider: string;
  readonly target: ChatTarget;
  readonly leftOut: Set<string>;
}

export function messageToChat(message: JsonObject, context: ContentContext): JsonObject[] {
  if (message.role === 'assistant') return [assistantToChat(message, context)];
  if (message.role === 'system')
    return [{ role: 'system', content: contentToChat(message.content, context) }];
  return userToChat(message, context);
}

/** Text as a string where that says all, else a list of parts. */
export function contentToChat(content: Json | undefined, context: ContentContext): Json {
  return simplest(blocksOf(content).flatMap((block) => blockToParts(block, context)));
}

/** Tool results become messages of their own and must follow the call directly, so they go first. */
function userToChat(message: JsonObject, context: ContentContext): JsonObject[] {
  const results: JsonObject[] = [];
  const parts: JsonObject[] = [];
  for (const block of blocksOf(message.content)) {
    if (block.type === 'tool_result') {
      const { result, attachments } = toolResultToChat(block, context);
      results.push(result);
      parts.push(...attachments);
    } else parts.push(...blockToParts(block, context));
  }
  if (parts.length > 0 || results.length === 0) results.push({ role: 'user', content: simplest(parts) });
  return results;
}

function toolResultToChat(block: JsonObject, context: ContentContext) {
  const id = callId(block.tool_use_id, context.target);
  const parts = blocksOf(block.content).flatMap((each) => blockToParts(each, context));
  const text = parts.flatMap((part) => asString(part.text) ?? []).join('\n');
  const marked = block.is_error === true ? markToolError(text) : text;
  const attachments = parts
    .filter((part) => part.type !== 'text')
    .flatMap((part) => [{ type: 'text', text: markAttachment(id) }, part]);
  const content = simplest([{ type: 'text', text: marked, ...cacheMark(block, context) }]);
  return { result: { role: 'tool', tool_call_id: id, content }, attachments };
}

function assistantToChat(message: JsonObject, context: ContentContext): JsonObject {
  let text = '';
  let thinking = '';
  const details: JsonObject[] = [];
  const calls: JsonObject[] = [];
  for (const block of blocksOf(message.content)) {
    if (block.type === 'text') text += asString(block.text) ?? '';
    else if (block.type === 'tool_use') calls.push(toolCall(block, context.target));
    else if (block.type === 'thinking' || block.type === 'redacted_thinking') {
      const sealed = openSeal(asString(block.signature));
      if (sealed?.provider !== context.provider) continue;
      thinking += asString(block.thinking) ?? '';
      details.push(...sealed.details);
    } else throw unsupported(`a ${asString(block.type)} block`, context.provider, 'messages');
  }
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...reasoningFields(thinking, details, context.target),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

function reasoningFields(thinking: string, details: JsonObject[], target: ChatTarget): JsonObject {
  if (target.reasoningField === null) return {};
  return {
    ...(thinking === '' ? {} : { [target.reasoningField]: thinking }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
  };
}

function callId(id: Json | undefined, target: ChatTarget): string {
  const text = asString(id) ?? '';
  return target.toolCallIds === 'nine-chars' ? nineCharCallId(text) : text;
}

function toolCall(block: JsonObject, target: ChatTarget): JsonObject {
  return {
    id: callId(block.id, target),
    type: 'function',
    function: { name: asString(block.name) ?? '', arguments: objectToArguments(block.input) },
  };
}

function blockToParts(block: JsonObject, context: ContentContext): JsonObject[] {
  const mark = cacheMark(block, context);
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: asString(block.text) ?? '', ...mark }];
    case 'image':
      return [{ type: 'image_url', image_url: { url: imageUrl(block, context) }, ...mark }];
    case 'document':
      return documentToParts(block, context).map((part) => ({ ...part, ...mark }));
    case 'search_result':
      return [{ type: 'text', text: searchResultText(block), ...mark }];
    default:
      throw unsupported(`a ${asString(block.type)} block`, context.provider, 'messages');
  }
}

function imageUrl(block: JsonObject, context: ContentContext): string {
  const source = asObject(block.source) ?? {};
  const url = asString(source.url);
  if (source.type === 'url' && url !== null) return url;
  if (source.type === 'base64') return writeDataUrl(inlineOf(source));
  throw unsupported('an image by file id', context.provider, 'messages');
}

function documentToParts(block: JsonObject, context: ContentContext): JsonObject[] {
  const source = asObject(block.source) ?? {};
  const title = asString(block.title);
  if (asObject(block.citations)?.enabled === true)
    throw unsupported('citations of a document', context.provider, 'messages');
  if (source.type === 'text') return [textDocument(title, asString(source.data) ?? '')];
  if (source.type === 'content')
    return blocksOf(source.content).flatMap((each) => blockToParts(each, context));
  const file_data = source.type === 'base64' ? writeDataUrl(inlineOf(source)) : asString(source.url);
  if (file_data === null) throw unsupported('a document by file id', context.provider, 'messages');
  if (source.type === 'url' && !context.target.documentUrls)
    throw unsupported('a document by URL', context.provider, 'messages');
  return [{ type: 'file', file: { filename: title ?? 'document.pdf', file_data } }];
}

function textDocument(title: string | null, text: string): JsonObject {
  return { type: 'text', text: title === null ? text : `${title}\n\n${text}` };
}

function searchResultText(block: JsonObject): string {
  const text = blocksOf(block.content).flatMap((each) => asString(each.text) ?? []);
  return [asString(block.title), asString(block.source), ...text].filter((each) => each !== null).join('\n');
}

function inlineOf(source: JsonObject) {
  return {
    mediaType: asString(source.media_type) ?? 'application/octet-stream',
    base64: asString(source.data) ?? '',
  };
}

export function cacheMark(block: JsonObject, context: ContentContext): JsonObject {
  if (asObject(block.cache_control) === null) return {};
  if (context.target.cacheControl) return { cache_control: block.cache_control };
  context.leftOut.add('cache_control');
  return {};
}

function simplest(parts: JsonObject[]): Json {
  if (parts.length === 0) return '';
  const only = parts.length === 1 ? parts[0] : undefined;
  return only?.type === 'text' && only.cache_control === undefined ? (only.text ?? '') : parts;
}

/** A plain string is one text block. */
export function blocksOf(content: Json | undefined): JsonObject[] {
  const text = asString(content);
  if (text !== null) return text === '' ? [] : [{ type: 'text', text }];
  return asArray(content) ? objectsOf(content) : [];
}
