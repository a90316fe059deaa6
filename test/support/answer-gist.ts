// What an answer says, whatever its wire format: read straight from the wire, by code of its own, to judge translations by.
import { NO_USAGE, type TokenUsage } from '../../src/core/token-usage.ts';
import { asObject, asString, type Json, type JsonObject, parseJson } from '../../src/lib/json.ts';
import { MessagesStreamReader, readMessagesAnswer } from '../../src/protocol/anthropic-messages/usage.ts';
import { GenerateStreamReader, readGenerateAnswer } from '../../src/protocol/gemini/usage.ts';
import { ChatStreamReader, readChatAnswer } from '../../src/protocol/openai-chat/usage.ts';
import { type SseEvent, SseParser } from '../../src/protocol/sse.ts';
import type { AnswerFacts, StreamReader } from '../../src/protocol/types.ts';

export interface Gist {
  text: string;
  thinking: string;
  calls: { name: string; args: Json }[];
  /** The provider's own word. */
  stop: string | null;
  usage: Pick<TokenUsage, 'promptTokens' | 'completionTokens' | 'cachedTokens' | 'reasoningTokens'> & {
    cacheWriteTokens: number;
  };
}

export function parseSse(text: string): SseEvent[] {
  const parser = new SseParser();
  return [...parser.push(new TextEncoder().encode(text)), ...parser.end()];
}

function usageGist(facts: AnswerFacts): Gist['usage'] {
  const usage = facts.usage ?? NO_USAGE;
  return {
    promptTokens: usage.promptTokens,
    completionTokens: usage.completionTokens,
    cachedTokens: usage.cachedTokens || 0,
    reasoningTokens: usage.reasoningTokens || 0,
    cacheWriteTokens: (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0),
  };
}

function factsOf(reader: StreamReader, events: SseEvent[]): AnswerFacts {
  for (const event of events) reader.push(event);
  return reader.facts();
}

const list = (value: unknown): JsonObject[] =>
  Array.isArray(value) ? value.map(asObject).filter((each) => each !== null) : [];
const str = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Gemini's `partialArgs` of the recordings, told once by hand-written rules: string pieces grow, paths are dotted. */
function argsText(text: string): Json {
  return text.trim() === '' ? {} : (parseJson(text) ?? text);
}

export function anthropicGist(body: JsonObject): Gist {
  const blocks = list(body.content);
  return {
    text: blocks.map((block) => (block.type === 'text' ? str(block.text) : '')).join(''),
    thinking: blocks.map((block) => (block.type === 'thinking' ? str(block.thinking) : '')).join(''),
    calls: blocks
      .filter((block) => block.type === 'tool_use')
      .map((block) => ({ name: str(block.name), args: block.input ?? {} })),
    stop: asString(body.stop_reason),
    usage: usageGist(readMessagesAnswer(body)),
  };
}

export function anthropicStreamGist(sse: string): Gist {
  const events = parseSse(sse);
  const content: JsonObject[] = [];
  const blocks = new Map<number, JsonObject>();
  let stop: string | null = null;
  for (const { data } of events) {
    const event = asObject(parseJson(data)) ?? {};
    if (event.type === 'message_start') {
      const message = asObject(event.message);
      content.push(...list(message?.content));
      stop = asString(message?.stop_reason) ?? stop;
    }
    if (event.type === 'content_block_start') {
      const block = { ...asObject(event.content_block) };
      blocks.set(Number(event.index), block);
      content.push(block);
    }
    if (event.type === 'content_block_delta') {
      const block = blocks.get(Number(event.index)) ?? {};
      const delta = asObject(event.delta) ?? {};
      if (delta.type === 'text_delta') block.text = str(block.text) + str(delta.text);
      if (delta.type === 'thinking_delta') block.thinking = str(block.thinking) + str(delta.thinking);
      if (delta.type === 'input_json_delta') block.json = str(block.json) + str(delta.partial_json);
    }
    if (event.type === 'message_delta') stop = asString(asObject(event.delta)?.stop_reason) ?? stop;
  }
  for (const block of content) if (str(block.json) !== '') block.input = argsText(str(block.json));
  const gist = anthropicGist({ content, stop_reason: stop });
  return { ...gist, usage: usageGist(factsOf(new MessagesStreamReader(), events)) };
}

function chatParts(content: unknown): { text: string; thinking: string } {
  if (typeof content === 'string') return { text: content, thinking: '' };
  const parts = list(content);
  return {
    text: parts.map((part) => (part.type === 'text' ? str(part.text) : '')).join(''),
    thinking: parts
      .flatMap((part) => (part.type === 'thinking' ? list(part.thinking).map((each) => str(each.text)) : []))
      .join(''),
  };
}

export function chatGist(body: JsonObject): Gist {
  const choice = list(body.choices)[0] ?? {};
  const message = asObject(choice.message) ?? {};
  const { text, thinking } = chatParts(message.content);
  return {
    text,
    thinking: thinking + str(message.reasoning_content ?? message.reasoning),
    calls: list(message.tool_calls).map((call) => {
      const called = asObject(call.function) ?? {};
      return { name: str(called.name), args: argsText(str(called.arguments)) };
    }),
    stop: asString(choice.finish_reason),
    usage: usageGist(readChatAnswer(body)),
  };
}

export function chatStreamGist(sse: string): Gist {
  const events = parseSse(sse);
  const message = { content: '', reasoning_content: '' };
  const calls = new Map<number, { name: string; arguments: string }>();
  let stop: string | null = null;
  for (const { data } of events) {
    const choice = list(asObject(parseJson(data))?.choices)[0];
    const delta = asObject(choice?.delta) ?? {};
    const { text, thinking } = chatParts(delta.content);
    message.content += text;
    message.reasoning_content += thinking + str(delta.reasoning_content ?? delta.reasoning);
    for (const call of list(delta.tool_calls)) {
      const index = Number(call.index ?? 0);
      const known = calls.get(index) ?? { name: '', arguments: '' };
      const called = asObject(call.function) ?? {};
      calls.set(index, {
        name: known.name + str(called.name),
        arguments: known.arguments + str(called.arguments),
      });
    }
    stop = asString(choice?.finish_reason) ?? stop;
  }
  const tool_calls = [...calls.values()].map((each) => ({ function: each }));
  const gist = chatGist({ choices: [{ message: { ...message, tool_calls }, finish_reason: stop }] });
  return { ...gist, usage: usageGist(factsOf(new ChatStreamReader(), events)) };
}

export function geminiGist(bodies: JsonObject[], facts: AnswerFacts): Gist {
  const parts = bodies.flatMap((body) => list(asObject(list(body.candidates)[0]?.content)?.parts));
  const pick = (thought: boolean) =>
    parts
      .filter((part) => (part.thought === true) === thought)
      .map((part) => str(part.text))
      .join('');
  const calls: { name: string; args: JsonObject }[] = [];
  let continues = '';
  for (const part of parts) {
    const call = asObject(part.functionCall);
    if (!call) continue;
    if (call.name) calls.push({ name: str(call.name), args: { ...asObject(call.args) } });
    for (const piece of list(call.partialArgs)) {
      const path = str(piece.jsonPath)
        .slice(2)
        .split(/\.|\[|\]\.?/)
        .filter((step) => step !== '');
      setAt(calls.at(-1)?.args ?? {}, path, piece, continues === piece.jsonPath);
      continues = piece.willContinue === true ? str(piece.jsonPath) : '';
    }
  }
  return {
    text: pick(false),
    thinking: pick(true),
    calls,
    stop: facts.finishReason,
    usage: usageGist(facts),
  };
}

function setAt(root: JsonObject, path: string[], piece: JsonObject, grows: boolean): void {
  let at = root as Record<string, unknown>;
  path.slice(0, -1).forEach((step, position) => {
    at[step] ??= /^\d+$/.test(path[position + 1] ?? '') ? [] : {};
    at = at[step] as Record<string, unknown>;
  });
  const last = path.at(-1) ?? '';
  const value = piece.stringValue ?? piece.numberValue ?? piece.boolValue ?? null;
  at[last] = grows ? str(at[last]) + str(value) : value;
}

export function geminiAnswerGist(body: JsonObject): Gist {
  return geminiGist([body], readGenerateAnswer(body));
}

export function geminiStreamGist(sse: string): Gist {
  const events = parseSse(sse);
  const bodies = list(events.map(({ data }) => parseJson(data)));
  return geminiGist(bodies, factsOf(new GenerateStreamReader(), events));
}
