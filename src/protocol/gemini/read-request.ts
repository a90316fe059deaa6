// What the gateway must know of a Gemini generateContent request. Reads only; never changes or judges what it need not know.
// The model and the stream flag stand in the path, not in the body: whoever holds the path overlays them.
// https://ai.google.dev/api/generate-content
import type { RequestFeatures } from '../../core/wire.ts';
import { appError } from '../../errors/app-error.ts';
import { asArray, asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';
import type { RequestFacts } from '../types.ts';

/** Throws AppError `invalid_request` when `contents` or `generationConfig.maxOutputTokens` is unusable. */
export function readGenerateRequest(body: JsonObject): RequestFacts {
  const contents = asArray(body.contents);
  if (!contents) throw invalid('contents', 'contents must be an array.');
  const config = asObject(body.generationConfig) ?? {};
  return {
    model: asString(body.model)?.replace(/^models\//, '') ?? '',
    stream: false,
    maxOutputTokens: readPositive(config.maxOutputTokens, 'generationConfig.maxOutputTokens'),
    choices: readPositive(config.candidateCount, 'generationConfig.candidateCount') ?? 1,
    features: readFeatures(body, config, contents),
    includeUsageAsked: true,
    clientSessionId: null,
  };
}

function readPositive(value: Json | undefined, param: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1)
    throw invalid(param, `${param} must be a positive integer.`);
  return value;
}

function readFeatures(body: JsonObject, config: JsonObject, contents: Json[]): RequestFeatures {
  const parts = contents
    .flatMap((each) => asArray(asObject(each)?.parts) ?? [])
    .map((each) => asObject(each) ?? {});
  const types = parts.map(mimeTypeOf);
  const thinking = asObject(config.thinkingConfig);
  return {
    tools: (asArray(body.tools)?.length ?? 0) > 0,
    images: types.some((type) => type.startsWith('image/')),
    documents: types.some((type) => type.startsWith('application/') || type.startsWith('text/')),
    audio: types.some((type) => type.startsWith('audio/')),
    thinking: thinking !== null && thinking.thinkingBudget !== 0,
    signedThinking: parts.some((part) => asString(part.thoughtSignature) !== null),
    structuredOutput: config.responseSchema !== undefined || config.responseJsonSchema !== undefined,
  };
}

function mimeTypeOf(part: JsonObject): string {
  const source = asObject(part.inlineData) ?? asObject(part.fileData);
  return asString(source?.mimeType) ?? '';
}

function invalid(param: string, detail: string): Error {
  return appError('invalid_request', { params: { detail }, param });
}
