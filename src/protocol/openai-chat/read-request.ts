// What the gateway must know of a chat completion request. Everything else in the body stays as it came.
// https://platform.openai.com/docs/api-reference/chat/create
import type { RequestFeatures } from '../../core/wire.ts';
import { appError } from '../../errors/app-error.ts';
import { asArray, asObject, asString, type JsonObject } from '../../lib/json.ts';
import type { RequestFacts } from '../types.ts';

/** More answers than any provider gives; a larger `n` is the caller's mistake. */
const CHOICES_MAX = 128;

/** Throws AppError `invalid_request` naming the field at fault. */
export function readChatRequest(body: JsonObject): RequestFacts {
  if (!Array.isArray(body.messages)) throw invalid('messages', "'messages' must be a list");
  return {
    model: readModel(body),
    stream: readStream(body),
    maxOutputTokens: readMaxTokens(body),
    choices: readChoices(body),
    features: readFeatures(body),
    includeUsageAsked: asObject(body.stream_options)?.include_usage === true,
    clientSessionId: asString(body.prompt_cache_key) ?? asString(asObject(body.metadata)?.session_id),
  };
}

/** Shared by every OpenAI format. */
export function readModel(body: JsonObject): string {
  const { model } = body;
  if (typeof model === 'string' && model.trim() !== '') return model;
  throw invalid('model', "'model' must be a non-empty string");
}

export function invalid(param: string, detail: string) {
  return appError('invalid_request', { params: { detail }, param });
}

function readStream(body: JsonObject): boolean {
  const { stream } = body;
  if (stream === undefined || stream === null) return false;
  if (typeof stream !== 'boolean') throw invalid('stream', "'stream' must be true or false");
  return stream;
}

function readMaxTokens(body: JsonObject): number | null {
  const name = body.max_completion_tokens != null ? 'max_completion_tokens' : 'max_tokens';
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw invalid(name, `'${name}' must be a positive whole number`);
}

function readChoices(body: JsonObject): number {
  const { n } = body;
  if (n === undefined || n === null) return 1;
  if (typeof n === 'number' && Number.isInteger(n) && n >= 1 && n <= CHOICES_MAX) return n;
  throw invalid('n', `'n' must be a whole number from 1 to ${CHOICES_MAX}`);
}

function readFeatures(body: JsonObject): RequestFeatures {
  const parts = partTypes(body);
  return {
    signedThinking: false,
    tools: (asArray(body.tools)?.length ?? 0) > 0 || (asArray(body.functions)?.length ?? 0) > 0,
    images: parts.includes('image_url'),
    documents: parts.includes('file'),
    audio: parts.includes('input_audio') || asObject(body.audio) !== null,
    thinking: typeof body.reasoning_effort === 'string' || asObject(body.reasoning) !== null,
    structuredOutput: asObject(body.response_format)?.type === 'json_schema',
  };
}

/** The kinds of parts in all messages, each once. Most messages are plain text and have none. */
function partTypes(body: JsonObject): string[] {
  const found: string[] = [];
  for (const message of asArray(body.messages) ?? []) {
    const content = asObject(message)?.content;
    if (!Array.isArray(content)) continue;
    for (const part of content) {
      const type = asObject(part)?.type;
      if (typeof type === 'string' && !found.includes(type)) found.push(type);
    }
  }
  return found;
}
