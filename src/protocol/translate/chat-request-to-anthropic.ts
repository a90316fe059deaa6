// A chat completion request as an Anthropic Messages request. Refuses by name what Anthropic has no place for;
// names what only advises and is left out. Meant for `anthropic-version: 2023-06-01` (wire fact F4).
import { asArray, asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';
import { adviceInMessages } from './chat-advice.ts';
import { messagesToAnthropic } from './chat-content-to-anthropic.ts';
import { thinkingToAnthropic } from './claude-thinking.ts';
import { objectsOf } from './reasoning.ts';
import { invalidField, unsupported } from './refuse.ts';
import { claudeTraits } from './targets.ts';
import type { RequestContext, TranslatedRequest } from './translator.ts';

/** Anthropic demands a bound where OpenAI has none. Room for a long answer that every current Claude model allows. */
const MAX_TOKENS_DEFAULT = 8_192;
/** Claude 3 allows no more. */
const MAX_TOKENS_CLAUDE_3 = 4_096;
const CARRIED = new Set([
  'model',
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'top_k',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning_effort',
  'reasoning',
  'thinking',
  'response_format',
  'user',
  'safety_identifier',
  'service_tier',
  'n',
  'modalities',
]);

/** Fields whose loss would change what the caller gets; a value that means "off" is no use of them. */
const REFUSED: readonly (readonly [field: string, feature: string])[] = [
  ['audio', 'audio output'],
  ['functions', 'the old functions field'],
  ['function_call', 'the old function_call field'],
  ['frequency_penalty', 'frequency_penalty'],
  ['presence_penalty', 'presence_penalty'],
  ['logit_bias', 'logit_bias'],
  ['logprobs', 'logprobs'],
  ['top_logprobs', 'top_logprobs'],
  ['web_search_options', 'web_search_options'],
];

export function chatRequestToAnthropic(body: JsonObject, context: RequestContext): TranslatedRequest {
  refuseUncarried(body, context.provider);
  const traits = claudeTraits(context.model);
  const unknown = Object.keys(body).filter((name) => !CARRIED.has(name) && !isOff(body[name]));
  const leftOut = new Set([...unknown, ...adviceInMessages(body)]);
  const { system, messages } = messagesToAnthropic(body.messages, context.provider);
  const format = formatToAnthropic(body);
  if (format.instruction !== null) system.push({ type: 'text', text: format.instruction });
  const thinking = thinkingToAnthropic({ body, traits, messages, leftOut });
  const outputConfig = { ...thinking.outputConfig, ...format.outputConfig };
  const translated: JsonObject = {
    model: context.model,
    max_tokens: maxTokens(body, context.model, thinking.budget),
    ...(system.length > 0 ? { system } : {}),
    messages,
    // Thinking and sampling exclude each other too.
    ...samplingToAnthropic({
      body,
      sampling: traits.sampling && thinking.thinking === null,
      leftOut,
      provider: context.provider,
    }),
    ...toolsToAnthropic(body, context.provider),
    ...(thinking.thinking ? { thinking: thinking.thinking } : {}),
    ...(Object.keys(outputConfig).length > 0 ? { output_config: outputConfig } : {}),
    ...callerToAnthropic(body),
    ...(body.stream === true ? { stream: true } : {}),
  };
  return { body: translated, leftOut: [...leftOut].sort() };
}

function isOff(value: Json | undefined): boolean {
  if (value == null || value === false || value === 0) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function refuseUncarried(body: JsonObject, target: string): void {
  for (const [field, feature] of REFUSED) if (!isOff(body[field])) throw unsupported(feature, target, field);
  if (typeof body.n === 'number' && body.n > 1) throw unsupported('more than one choice (n)', target, 'n');
  if (asArray(body.modalities)?.some((each) => each !== 'text'))
    throw unsupported('output other than text', target, 'modalities');
}

function maxTokens(body: JsonObject, model: string, budget: number): number {
  const asked = body.max_completion_tokens ?? body.max_tokens;
  if (typeof asked === 'number') return asked;
  const room = /claude-3-(opus|sonnet|haiku)/.test(model) ? MAX_TOKENS_CLAUDE_3 : MAX_TOKENS_DEFAULT;
  return room + budget;
}

function samplingToAnthropic(of: {
  body: JsonObject;
  sampling: boolean;
  leftOut: Set<string>;
  provider: string;
}): JsonObject {
  const { body, sampling, leftOut } = of;
  const fields: JsonObject = {};
  if (typeof body.temperature === 'number' && body.temperature > 1)
    throw unsupported('a temperature above 1', of.provider, 'temperature');
  for (const name of ['temperature', 'top_p', 'top_k'] as const) {
    if (body[name] == null) continue;
    if (sampling) fields[name] = body[name];
    else leftOut.add(name);
  }
  const stops = typeof body.stop === 'string' ? [body.stop] : asArray(body.stop);
  if (stops && stops.length > 0) fields.stop_sequences = stops;
  return fields;
}

function toolsToAnthropic(body: JsonObject, target: string): JsonObject {
  const choice = body.tool_choice;
  const allowed = asObject(asObject(choice)?.allowed_tools);
  const names = allowed ? objectsOf(allowed.tools).map((each) => asObject(each.function)?.name) : null;
  const tools = objectsOf(body.tools)
    .map((tool) => toolToAnthropic(tool, target))
    .filter((tool) => names === null || names.includes(tool.name));
  if (tools.length === 0) return {};
  const chosen = toolChoiceToAnthropic(allowed ? (allowed.mode ?? 'auto') : choice, target);
  const serial = body.parallel_tool_calls === false && chosen?.type !== 'none';
  const toolChoice = serial ? { ...(chosen ?? { type: 'auto' }), disable_parallel_tool_use: true } : chosen;
  return { tools, ...(toolChoice ? { tool_choice: toolChoice } : {}) };
}

function toolToAnthropic(tool: JsonObject, target: string): JsonObject {
  const offered = asObject(tool.function);
  if (!offered) throw unsupported(`a ${asString(tool.type)} tool`, target, 'tools');
  const mark = tool.cache_control ?? offered.cache_control;
  return {
    name: offered.name,
    ...(offered.description == null ? {} : { description: offered.description }),
    input_schema: asObject(offered.parameters) ?? { type: 'object', properties: {} },
    ...(offered.strict == null ? {} : { strict: offered.strict }),
    ...(mark == null ? {} : { cache_control: mark }),
  };
}

function toolChoiceToAnthropic(choice: Json | undefined, target: string): JsonObject | null {
  if (choice == null) return null;
  if (choice === 'auto' || choice === 'none') return { type: choice };
  if (choice === 'required') return { type: 'any' };
  const name = asObject(asObject(choice)?.function)?.name;
  if (typeof name === 'string') return { type: 'tool', name };
  throw unsupported('this tool_choice', target, 'tool_choice');
}

function formatToAnthropic(body: JsonObject): { outputConfig: JsonObject; instruction: string | null } {
  const format = asObject(body.response_format);
  if (format?.type === 'json_object')
    return {
      outputConfig: {},
      instruction: 'Answer with one JSON object and nothing else: no prose, no code fence.',
    };
  if (format?.type !== 'json_schema') return { outputConfig: {}, instruction: null };
  const schema = asObject(asObject(format.json_schema)?.schema);
  if (!schema) throw invalidField('response_format', 'response_format.json_schema.schema must be an object.');
  return { outputConfig: { format: { type: 'json_schema', schema } }, instruction: null };
}

function callerToAnthropic(body: JsonObject): JsonObject {
  const user = asString(body.safety_identifier) ?? asString(body.user);
  const tier = asString(body.service_tier);
  return {
    ...(user === null ? {} : { metadata: { user_id: user } }),
    ...(tier === null ? {} : { service_tier: tier === 'default' ? 'standard_only' : 'auto' }),
  };
}
