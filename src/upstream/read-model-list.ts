// Reads a provider's list of models, whatever its shape. Pure; a strange entry is left out, never an error.
import { asArray, asObject, asString, type Json, type JsonObject } from '../lib/json.ts';

export interface FoundModel {
  readonly model: string;
  /** Seconds since the epoch; 0 when the provider does not say. */
  readonly createdS: number;
}

export interface ModelPage {
  readonly models: readonly FoundModel[];
  /** Query of the next page, without its question mark, or null. */
  readonly next: string | null;
}

const NAME_CHARS_MAX = 256;

/** OpenAI `{data}`, Anthropic `{data, has_more, last_id}`, Gemini `{models, nextPageToken}`, or a bare list. */
export function readModelList(body: Json): ModelPage {
  const root = asObject(body);
  const entries = asArray(body) ?? asArray(root?.data) ?? asArray(root?.models) ?? [];
  const models = entries.flatMap((entry) => {
    const found = readEntry(asObject(entry));
    return found ? [found] : [];
  });
  return { models, next: root ? nextPage(root) : null };
}

function readEntry(entry: JsonObject | null): FoundModel | null {
  if (!entry) return null;
  const model = (asString(entry.id) ?? asString(entry.name) ?? '').replace(/^models\//, '');
  if (model === '' || model.length > NAME_CHARS_MAX || /[\s\p{Cc}]/u.test(model)) return null;
  const methods = asArray(entry.supportedGenerationMethods);
  // Gemini lists tuning and answering machinery as well.
  if (methods && !methods.includes('generateContent') && !methods.includes('embedContent')) return null;
  return { model, createdS: createdS(entry) };
}

function createdS(entry: JsonObject): number {
  if (typeof entry.created === 'number' && entry.created > 0) return Math.floor(entry.created);
  const at = Date.parse(asString(entry.created_at) ?? '');
  return Number.isNaN(at) ? 0 : Math.floor(at / 1000);
}

function nextPage(root: JsonObject): string | null {
  const token = asString(root.nextPageToken);
  if (token) return `pageToken=${encodeURIComponent(token)}`;
  const last = root.has_more === true ? asString(root.last_id) : null;
  return last ? `after_id=${encodeURIComponent(last)}` : null;
}
