// The demo models in OpenAI's wire format. Pure: answers to JSON and to stream events.
import type { JsonObject } from '../../lib/json.ts';
import { countDemoTokens, type DemoAnswer } from './demo-answers.ts';

export interface DemoCall {
  readonly id: string;
  readonly model: string;
  readonly createdS: number;
  readonly prompt: string;
  readonly answer: DemoAnswer;
}

export function demoUsage({ prompt, answer }: DemoCall): JsonObject {
  const reasoning = countDemoTokens(answer.reasoning);
  const output = reasoning + countDemoTokens(answer.text) + countDemoTokens(answer.toolCall?.arguments ?? '');
  const input = countDemoTokens(prompt);
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

export function demoCompletion(call: DemoCall): JsonObject {
  const { answer } = call;
  return {
    ...head(call, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: answer.toolCall ? null : answer.text,
          refusal: null,
          ...(answer.reasoning !== '' && { reasoning_content: answer.reasoning }),
          ...(answer.toolCall && { tool_calls: [toolCall(call, answer.toolCall.arguments)] }),
        },
        logprobs: null,
        finish_reason: finishReason(answer),
      },
    ],
    usage: demoUsage(call),
  };
}

/** The `data:` payloads of a stream, in order; the last is `[DONE]`. */
export function* demoChunks(call: DemoCall, includeUsage: boolean): Generator<string> {
  const { answer } = call;
  const chunk = (delta: JsonObject, finish: string | null = null) =>
    JSON.stringify({
      ...head(call, 'chat.completion.chunk'),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(includeUsage && { usage: null }),
    });
  yield chunk({ role: 'assistant', content: answer.toolCall ? null : '' });
  for (const piece of pieces(answer.reasoning)) yield chunk({ reasoning_content: piece });
  for (const piece of pieces(answer.text)) yield chunk({ content: piece });
  if (answer.toolCall) {
    yield chunk({ tool_calls: [{ index: 0, ...toolCall(call, '') }] });
    for (const piece of pieces(answer.toolCall.arguments)) {
      yield chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] });
    }
  }
  yield chunk({}, finishReason(answer));
  if (includeUsage) {
    yield JSON.stringify({ ...head(call, 'chat.completion.chunk'), choices: [], usage: demoUsage(call) });
  }
  yield '[DONE]';
}

function head(call: DemoCall, object: string): JsonObject {
  return { id: call.id, object, created: call.createdS, model: call.model };
}

function toolCall(call: DemoCall, argumentsText: string): JsonObject {
  const name = call.answer.toolCall?.name ?? '';
  return { id: `call_${call.id.slice(-12)}`, type: 'function', function: { name, arguments: argumentsText } };
}

function finishReason(answer: DemoAnswer): string {
  return answer.toolCall ? 'tool_calls' : 'stop';
}

/** Word by word, the spaces kept, so that the pieces joined are the text. */
function pieces(text: string): string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/g) ?? [];
}
