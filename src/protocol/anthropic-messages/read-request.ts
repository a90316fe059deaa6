// What the gateway must know of an Anthropic Messages request. Reads only; never changes or judges what it need not know.
// https://docs.anthropic.com/en/api/messages
import type { RequestFeatures } from '../../core/wire.ts';
import { appError } from '../../errors/app-error.ts';
import { asArray, asObject, asString, type Json, type JsonObject, parseJson } from '../../lib/json.ts';
import { openSeal } from '../translate/reasoning.ts';
import type { RequestFacts } from '../types.ts';

/** Throws AppError `invalid_request` when `model`, `messages`, `stream` or `max_tokens` is unusable. */
export function readMessagesRequest(body: JsonObject): RequestFacts {
  const model = asString(body.model);
  if (!model) throw invalid('model', 'model must be a non-empty string.');
  const messages = asArray(body.messages);
  if (!messages) throw invalid('messages', 'messages must be an array.');
  return {
    model,
    stream: readFlag(body.stream),
    maxOutputTokens: readMaxTokens(body.max_tokens),
    choices: 1,
    features: readFeatures(body, messages),
    includeUsageAsked: true,
    clientSessionId: readSessionId(asObject(body.metadata)?.user_id),
  };
}

function readFlag(value: Json | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw invalid('stream', 'stream must be true or false.');
  return value;
}

/** Absent is allowed: count_tokens has no `max_tokens`, and the provider judges a missing one itself. */
function readMaxTokens(value: Json | undefined): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw invalid('max_tokens', 'max_tokens must be a non-negative integer.');
  return value;
}

function readFeatures(body: JsonObject, messages: Json[]): RequestFeatures {
  const found = new Set<string>();
  for (const message of messages) collectTypes(asObject(message)?.content, found);
  const thinking = asString(asObject(body.thinking)?.type);
  return {
    tools: (asArray(body.tools)?.length ?? 0) > 0,
    images: found.has('image'),
    documents: found.has('document'),
    audio: false,
    thinking: thinking !== null && thinking !== 'disabled',
    signedThinking: found.has('signed') || found.has('redacted_thinking'),
    structuredOutput:
      asObject(asObject(body.output_config)?.format) !== null || asObject(body.output_format) !== null,
  };
}

/** Types of all content blocks, those inside tool results included; `signed` for a thinking block with a signature. */
function collectTypes(content: Json | undefined, found: Set<string>): void {
  for (const each of asArray(content) ?? []) {
    const block = asObject(each);
    const type = asString(block?.type);
    if (!block || !type) continue;
    found.add(type);
    // What Tollgate sealed itself can be left out again, so it binds to nobody.
    if (type === 'thinking' && asString(block.signature) && !openSeal(asString(block.signature)))
      found.add('signed');
    if (type === 'tool_result') for (const inner of asArray(block.content) ?? []) addType(inner, found);
  }
}

function addType(block: Json, found: Set<string>): void {
  const type = asString(asObject(block)?.type);
  if (type) found.add(type);
}

/** Claude Code packs a JSON string or `user_…_session_<uuid>` into `metadata.user_id` (wire fact F15). */
function readSessionId(userId: Json | undefined): string | null {
  const text = asString(userId);
  if (!text) return null;
  const packed = asObject(text.startsWith('{') ? parseJson(text) : null);
  const id = asString(packed?.session_id) ?? /_session_([\w-]+)$/.exec(text)?.[1] ?? null;
  return id !== null && /^[\w.:-]{1,128}$/.test(id) ? id : null;
}

function invalid(param: string, detail: string): Error {
  return appError('invalid_request', { params: { detail }, param });
}
