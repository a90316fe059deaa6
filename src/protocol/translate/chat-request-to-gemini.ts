// A chat completion request as a Gemini generateContent request. The model and the stream flag go into the path.
// Refuses by name what Gemini has no place for; names what only advises and is left out.
// https://ai.google.dev/api/generate-content
import { asArray, asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';
import { adviceInMessages } from './chat-advice.ts';
import { messagesToGemini } from './chat-content-to-gemini.ts';
import { objectsOf } from './reasoning.ts';
import { invalidField, unsupported } from './refuse.ts';
import { boundOutput } from './targets.ts';
import type { RequestContext, TranslatedRequest } from './translator.ts';

const STOP_SEQUENCES_MAX = 5;

/** Chat's field and Gemini's name for it, where the value is the same. */
const SAME: readonly (readonly [chat: string, gemini: string])[] = [
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  ['top_k', 'topK'],
  ['seed', 'seed'],
  ['presence_penalty', 'presencePenalty'],
  ['frequency_penalty', 'frequencyPenalty'],
  ['n', 'candidateCount'],
  ['top_logprobs', 'logprobs'],
  ['logprobs', 'responseLogprobs'],
];

const CARRIED = new Set([
  ...SAME.map(([chat]) => chat),
  'model',
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning_effort',
  'reasoning',
  'response_format',
  'modalities',
]);

const REFUSED: readonly (readonly [field: string, feature: string])[] = [
  ['audio', 'audio output'],
  ['functions', 'the old functions field'],
  ['function_call', 'the old function_call field'],
  ['logit_bias', 'logit_bias'],
  ['web_search_options', 'web_search_options'],
];

export function chatRequestToGemini(body: JsonObject, context: RequestContext): TranslatedRequest {
  refuseUncarried(body, context.provider);
  const leftOut = Object.keys(body).filter((name) => !CARRIED.has(name) && !isOff(body[name]));
  if (hasCacheMarks(body)) leftOut.push('cache_control');
  leftOut.push(...adviceInMessages(body));
  const { system, contents } = messagesToGemini(body.messages, {
    model: context.model,
    target: context.provider,
  });
  const generationConfig = {
    ...limitsToGemini(body, context),
    ...formatToGemini(body),
    ...thinkingToGemini(body, context.model),
  };
  const translated: JsonObject = {
    contents,
    ...(system.length > 0 ? { systemInstruction: { parts: system } } : {}),
    ...toolsToGemini(body, context.provider),
    ...(Object.keys(generationConfig).length > 0 ? { generationConfig } : {}),
  };
  return { body: translated, leftOut: leftOut.sort() };
}

/** Gemini caches prefixes unasked and has no marks for them. */
function hasCacheMarks(body: JsonObject): boolean {
  const parts = objectsOf(body.messages).flatMap((message) => objectsOf(message.content));
  return [...parts, ...objectsOf(body.tools)].some((each) => each.cache_control != null);
}

function isOff(value: Json | undefined): boolean {
  if (value == null || value === false || value === 0) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function refuseUncarried(body: JsonObject, target: string): void {
  for (const [field, feature] of REFUSED) if (!isOff(body[field])) throw unsupported(feature, target, field);
  if (asArray(body.modalities)?.some((each) => each !== 'text'))
    throw unsupported('output other than text', target, 'modalities');
  if (body.parallel_tool_calls === false && (asArray(body.tools)?.length ?? 0) > 0)
    throw unsupported('parallel_tool_calls: false', target, 'parallel_tool_calls');
}

function limitsToGemini(body: JsonObject, context: RequestContext): JsonObject {
  const fields: JsonObject = {};
  for (const [chat, gemini] of SAME) if (body[chat] != null) fields[gemini] = body[chat];
  const bound = body.max_completion_tokens ?? body.max_tokens;
  if (bound != null) fields.maxOutputTokens = boundOutput(bound, context.provider, context.model);
  const stops = typeof body.stop === 'string' ? [body.stop] : (asArray(body.stop) ?? []);
  if (stops.length > STOP_SEQUENCES_MAX)
    throw unsupported(`more than ${STOP_SEQUENCES_MAX} stop sequences`, context.provider, 'stop');
  if (stops.length > 0) fields.stopSequences = stops;
  return fields;
}

function formatToGemini(body: JsonObject): JsonObject {
  const format = asObject(body.response_format);
  if (format?.type === 'json_object') return { responseMimeType: 'application/json' };
  if (format?.type !== 'json_schema') return {};
  const schema = asObject(asObject(format.json_schema)?.schema);
  if (!schema) throw invalidField('response_format', 'response_format.json_schema.schema must be an object.');
  return { responseMimeType: 'application/json', responseJsonSchema: schema };
}

const BUDGETS: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 512,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 24_576,
};

/** Gemini 3 has levels, 2.5 has budgets; both are Google's own values for OpenAI's efforts. */
function thinkingToGemini(body: JsonObject, model: string): JsonObject {
  const reasoning = asObject(body.reasoning);
  const effort = asString(body.reasoning_effort) ?? asString(reasoning?.effort);
  const wished = typeof reasoning?.max_tokens === 'number' ? reasoning.max_tokens : null;
  if (effort === null && wished === null) return {};
  if (/gemini-([3-9]|\d\d)/.test(model)) {
    const level =
      effort === 'none' || effort === 'minimal' ? 'low' : effort === 'xhigh' ? 'high' : (effort ?? 'medium');
    return { thinkingConfig: { thinkingLevel: level, includeThoughts: true } };
  }
  if (!/gemini-2\.5/.test(model)) return {};
  const thinkingBudget = wished ?? BUDGETS[effort ?? 'medium'] ?? 8_192;
  return { thinkingConfig: { thinkingBudget, ...(thinkingBudget > 0 ? { includeThoughts: true } : {}) } };
}

function toolsToGemini(body: JsonObject, target: string): JsonObject {
  const declarations = objectsOf(body.tools).map((tool) => toolToGemini(tool, target));
  if (declarations.length === 0) return {};
  const config = toolConfig(body.tool_choice, target);
  return {
    tools: [{ functionDeclarations: declarations }],
    ...(config ? { toolConfig: { functionCallingConfig: config } } : {}),
  };
}

/** `parametersJsonSchema` takes JSON Schema as it is, where `parameters` takes only a subset of OpenAPI's. */
function toolToGemini(tool: JsonObject, target: string): JsonObject {
  const offered = asObject(tool.function);
  if (!offered) throw unsupported(`a ${asString(tool.type)} tool`, target, 'tools');
  const { $schema: _, ...schema } = asObject(offered.parameters) ?? {};
  return {
    name: offered.name,
    ...(offered.description == null ? {} : { description: offered.description }),
    ...(Object.keys(schema).length > 0 ? { parametersJsonSchema: schema } : {}),
  };
}

function toolConfig(choice: Json | undefined, target: string): JsonObject | null {
  if (choice == null) return null;
  if (choice === 'auto') return { mode: 'AUTO' };
  if (choice === 'none') return { mode: 'NONE' };
  if (choice === 'required') return { mode: 'ANY' };
  const name = asString(asObject(asObject(choice)?.function)?.name);
  if (name !== null) return { mode: 'ANY', allowedFunctionNames: [name] };
  const allowed = asObject(asObject(choice)?.allowed_tools);
  if (!allowed) throw unsupported('this tool_choice', target, 'tool_choice');
  const names = objectsOf(allowed.tools).flatMap((each) => asString(asObject(each.function)?.name) ?? []);
  return { mode: allowed.mode === 'required' ? 'ANY' : 'VALIDATED', allowedFunctionNames: names };
}
