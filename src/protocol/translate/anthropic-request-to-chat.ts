// An Anthropic Messages request as a chat completion request. Refuses by name what chat has no place for;
// names what only advises and is left out; never guesses at a field it does not know.
import { asArray, asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';
import { type ContentContext, cacheMark, contentToChat, messageToChat } from './anthropic-content-to-chat.ts';
import { withoutBillingLine } from './billing-line.ts';
import { objectsOf } from './reasoning.ts';
import { unsupported } from './refuse.ts';
import { boundOutput, type ChatTarget, chatTarget } from './targets.ts';
import type { RequestContext, TranslatedRequest } from './translator.ts';

/** Fields that are translated below; every other one is named in `leftOut`. */
const CARRIED = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'stop_sequences',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'service_tier',
]);

export function anthropicRequestToChat(
  body: JsonObject,
  context: RequestContext,
  target: ChatTarget = chatTarget(context.provider),
): TranslatedRequest {
  const leftOut = new Set(Object.keys(body).filter((name) => !CARRIED.has(name) && body[name] != null));
  const content: ContentContext = { provider: context.provider, target, leftOut };
  refuseServerSide(body, context.provider);
  const chat: JsonObject = {
    model: context.model,
    messages: [
      ...systemToChat(body.system, content),
      ...objectsOf(body.messages).flatMap((message) => messageToChat(message, content)),
    ],
    ...samplingToChat(body, context.model, content),
    ...toolsToChat(body, content),
    ...reasoningToChat(body, context.model, content),
    ...formatToChat(body),
    ...callerToChat(body, content),
  };
  if (body.stream === true) {
    chat.stream = true;
    if (context.includeUsage) chat.stream_options = { include_usage: true };
  }
  return { body: chat, leftOut: [...leftOut].sort() };
}

function refuseServerSide(body: JsonObject, provider: string): void {
  if ((asArray(body.mcp_servers)?.length ?? 0) > 0) throw unsupported('mcp_servers', provider, 'mcp_servers');
  if (body.container != null) throw unsupported('a container', provider, 'container');
}

function systemToChat(system: Json | undefined, context: ContentContext): JsonObject[] {
  const content = contentToChat(withoutBillingLine(system), context);
  return content === '' ? [] : [{ role: 'system', content }];
}

function samplingToChat(body: JsonObject, model: string, context: ContentContext): JsonObject {
  const { target, provider } = context;
  const stops = asArray(body.stop_sequences) ?? [];
  if (stops.length > target.stopSequencesMax)
    throw unsupported(`more than ${target.stopSequencesMax} stop sequences`, provider, 'stop_sequences');
  if (body.top_k != null && !target.topK) throw unsupported('top_k', provider, 'top_k');
  return {
    ...(body.max_tokens == null
      ? {}
      : { [target.maxTokensField]: boundOutput(body.max_tokens, provider, model) }),
    // 1 is the default everywhere, and reasoning models refuse the field.
    ...(body.temperature == null || body.temperature === 1 ? {} : { temperature: body.temperature }),
    ...(body.top_p == null ? {} : { top_p: body.top_p }),
    ...(body.top_k == null ? {} : { top_k: body.top_k }),
    ...(stops.length > 0 ? { stop: stops } : {}),
  };
}

function toolsToChat(body: JsonObject, context: ContentContext): JsonObject {
  const tools = objectsOf(body.tools).map((tool) => toolToChat(tool, context));
  if (tools.length === 0) return {};
  const choice = asObject(body.tool_choice);
  const serial = choice?.disable_parallel_tool_use === true;
  if (serial && !context.target.parallelToolCalls)
    throw unsupported('disable_parallel_tool_use', context.provider, 'tool_choice');
  return {
    tools,
    ...(choice ? { tool_choice: toolChoiceToChat(choice) } : {}),
    ...(serial ? { parallel_tool_calls: false } : {}),
  };
}

/** Tools with a type of their own (web search, bash …) are known to Anthropic's models alone. */
function toolToChat(tool: JsonObject, context: ContentContext): JsonObject {
  if (tool.type != null && tool.type !== 'custom')
    throw unsupported(`the tool ${asString(tool.type)}`, context.provider, 'tools');
  return {
    type: 'function',
    function: {
      name: tool.name,
      ...(tool.description == null ? {} : { description: tool.description }),
      parameters: tool.input_schema ?? { type: 'object', properties: {} },
      ...(tool.strict == null ? {} : { strict: tool.strict }),
    },
    ...cacheMark(tool, context),
  };
}

function toolChoiceToChat(choice: JsonObject): Json {
  if (choice.type === 'any') return 'required';
  if (choice.type === 'tool') return { type: 'function', function: { name: choice.name } };
  return choice.type === 'none' ? 'none' : 'auto';
}

/** Budgets of `thinking` as efforts: the providers' own examples put low near 1-4k and high from 16k tokens. */
function effortOf(thinking: JsonObject | null, effort: string | null): string | null {
  if (effort !== null) return effort === 'max' ? 'xhigh' : effort;
  if (thinking?.type !== 'enabled') return null;
  const budget = typeof thinking.budget_tokens === 'number' ? thinking.budget_tokens : 0;
  if (budget <= 4_096) return 'low';
  return budget < 16_384 ? 'medium' : 'high';
}

function reasoningToChat(body: JsonObject, model: string, context: ContentContext): JsonObject {
  const thinking = asObject(body.thinking);
  const effort = effortOf(thinking, asString(asObject(body.output_config)?.effort));
  const asked = effort !== null || thinking?.type === 'adaptive';
  if (!asked || thinking?.type === 'disabled') return {};
  const { target } = context;
  if (target.reasoning === 'openrouter')
    return { reasoning: effort === null ? { enabled: true } : { effort } };
  if (!target.reasoningModels.test(model)) {
    context.leftOut.add('thinking');
    return {};
  }
  // `xhigh` is not known to every reasoning model, `high` is.
  return effort === null ? {} : { reasoning_effort: effort === 'xhigh' ? 'high' : effort };
}

function formatToChat(body: JsonObject): JsonObject {
  const format = asObject(asObject(body.output_config)?.format) ?? asObject(body.output_format);
  if (format?.type !== 'json_schema') return {};
  return {
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'answer', schema: format.schema, strict: true },
    },
  };
}

/** `metadata.user_id` is carried when it is short; Claude Code's packed ids name a device and are nobody else's business. */
function callerToChat(body: JsonObject, context: ContentContext): JsonObject {
  const userId = asString(asObject(body.metadata)?.user_id);
  const fields: JsonObject = {};
  if (userId !== null && context.target.user && userId.length <= 64) fields.user = userId;
  else if (userId !== null) context.leftOut.add('metadata.user_id');
  const tier = asString(body.service_tier);
  if (tier !== null && context.target.serviceTier)
    fields.service_tier = tier === 'standard_only' ? 'default' : 'auto';
  else if (tier !== null) context.leftOut.add('service_tier');
  return fields;
}
