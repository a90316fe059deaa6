// What providers of each family answer when they say one and the same thing, with one and the same usage:
// 25 tokens read, 5 of them from a cache, and 9 written.
import type { JsonObject } from '../../src/lib/json.ts';

export interface SaidCall {
  readonly name: string;
  readonly args: JsonObject;
  /** Where one conversation has several calls, each needs an id of its own. */
  readonly id?: string;
}

export interface Said {
  readonly thinking?: string;
  readonly text?: string;
  readonly call?: SaidCall;
}

const ANTHROPIC_USAGE = {
  input_tokens: 20,
  cache_read_input_tokens: 5,
  cache_creation_input_tokens: 0,
  output_tokens: 9,
};
const CHAT_USAGE = {
  prompt_tokens: 25,
  completion_tokens: 9,
  total_tokens: 34,
  prompt_tokens_details: { cached_tokens: 5 },
};
const GEMINI_USAGE = {
  promptTokenCount: 25,
  cachedContentTokenCount: 5,
  candidatesTokenCount: 6,
  thoughtsTokenCount: 3,
  totalTokenCount: 34,
};

/** Cuts a text in three, so that streams have something to put together. */
function pieces(text: string): string[] {
  const third = Math.ceil(text.length / 3);
  return [text.slice(0, third), text.slice(third, 2 * third), text.slice(2 * third)].filter(
    (each) => each !== '',
  );
}

function anthropicBlocks({ thinking, text, call }: Said): JsonObject[] {
  return [
    ...(thinking ? [{ type: 'thinking', thinking, signature: 'c2lnbmVk' }] : []),
    ...(text ? [{ type: 'text', text }] : []),
    ...(call ? [{ type: 'tool_use', id: call.id ?? 'toolu_up', name: call.name, input: call.args }] : []),
  ];
}

export function anthropicMessage(said: Said): JsonObject {
  return {
    id: 'msg_up',
    type: 'message',
    role: 'assistant',
    model: 'claude-served',
    content: anthropicBlocks(said),
    stop_reason: said.call ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: ANTHROPIC_USAGE,
  };
}

export function anthropicStream(said: Said): string[] {
  const { content: _, ...message } = anthropicMessage(said);
  const events: JsonObject[] = [
    {
      type: 'message_start',
      message: {
        ...message,
        content: [],
        stop_reason: null,
        usage: { ...ANTHROPIC_USAGE, output_tokens: 1 },
      },
    },
    { type: 'ping' },
  ];
  for (const [index, block] of anthropicBlocks(said).entries()) {
    const { start, deltas } = anthropicParts(block);
    events.push({ type: 'content_block_start', index, content_block: start });
    for (const delta of deltas) events.push({ type: 'content_block_delta', index, delta });
    events.push({ type: 'content_block_stop', index });
  }
  events.push({
    type: 'message_delta',
    delta: { stop_reason: message.stop_reason, stop_sequence: null },
    usage: { output_tokens: 9 },
  });
  events.push({ type: 'message_stop' });
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

function anthropicParts(block: JsonObject): { start: JsonObject; deltas: JsonObject[] } {
  if (block.type === 'text')
    return {
      start: { type: 'text', text: '' },
      deltas: pieces(String(block.text)).map((text) => ({ type: 'text_delta', text })),
    };
  if (block.type === 'thinking')
    return {
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        ...pieces(String(block.thinking)).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: String(block.signature) },
      ],
    };
  return {
    start: { ...block, input: {} },
    deltas: pieces(JSON.stringify(block.input)).map((partial_json) => ({
      type: 'input_json_delta',
      partial_json,
    })),
  };
}

export function chatAnswerWith({ thinking, text, call }: Said): JsonObject {
  return {
    id: 'chatcmpl-up',
    object: 'chat.completion',
    created: 1,
    model: 'model-served',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text ?? null,
          ...(thinking ? { reasoning_content: thinking } : {}),
          ...(call ? { tool_calls: [chatCall(call)] } : {}),
        },
        finish_reason: call ? 'tool_calls' : 'stop',
      },
    ],
    usage: CHAT_USAGE,
  };
}

function chatCall({ name, args, id = 'call_up' }: SaidCall): JsonObject {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(args) } };
}

/** The usage chunk comes only when the request asked for it, as from OpenAI. */
export function chatStreamWith({ thinking, text, call }: Said): string[] {
  const chunk = (delta: JsonObject, finish: string | null = null): JsonObject => ({
    id: 'chatcmpl-up',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'model-served',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const chunks = [chunk({ role: 'assistant', content: '' })];
  for (const reasoning_content of pieces(thinking ?? '')) chunks.push(chunk({ reasoning_content }));
  for (const content of pieces(text ?? '')) chunks.push(chunk({ content }));
  if (call) {
    const { function: _, ...head } = chatCall(call);
    chunks.push(chunk({ tool_calls: [{ index: 0, ...head, function: { name: call.name, arguments: '' } }] }));
    for (const part of pieces(JSON.stringify(call.args)))
      chunks.push(chunk({ tool_calls: [{ index: 0, function: { arguments: part } }] }));
  }
  chunks.push(chunk({}, call ? 'tool_calls' : 'stop'));
  chunks.push({ ...chunk({}), choices: [], usage: CHAT_USAGE });
  return [...chunks.map((each) => `data: ${JSON.stringify(each)}\n\n`), 'data: [DONE]\n\n'];
}

function geminiParts({ thinking, text, call }: Said): JsonObject[] {
  return [
    ...(thinking ? [{ text: thinking, thought: true }] : []),
    ...(text ? [{ text }] : []),
    ...(call ? [{ functionCall: { name: call.name, args: call.args }, thoughtSignature: 'c2lnbmVk' }] : []),
  ];
}

export function geminiAnswer(said: Said): JsonObject {
  return {
    candidates: [{ content: { role: 'model', parts: geminiParts(said) }, finishReason: 'STOP', index: 0 }],
    usageMetadata: GEMINI_USAGE,
    modelVersion: 'gemini-served',
    responseId: 'resp_up',
  };
}

export function geminiStream(said: Said): string[] {
  const chunks = geminiParts(said).map((part) => ({
    ...geminiAnswer({}),
    candidates: [{ content: { role: 'model', parts: [part] }, index: 0 }],
  }));
  chunks.push({
    ...geminiAnswer({}),
    candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason: 'STOP', index: 0 }],
  } as never);
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`);
}
