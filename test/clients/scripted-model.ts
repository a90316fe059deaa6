// A model by script, spoken in three protocols: it reads a file, edits it and says so; everything else it answers with a word.
// It looks at what it was sent, so that it goes on only when the client's tools really ran.
import { asArray, asObject, asString, type Json, type JsonObject } from '../../src/lib/json.ts';
import {
  anthropicMessage,
  anthropicStream,
  chatAnswerWith,
  chatStreamWith,
  geminiAnswer,
  geminiStream,
  type Said,
} from '../support/provider-answers.ts';
import {
  jsonAnswer,
  type ScriptedAnswer,
  streamAnswer,
  type UpstreamRequest,
} from '../support/scripted-upstream.ts';

export const GREETING = 'Scripted greeting 7421.';
export const EDITED = 'Scripted edit done 7421.';
export const RECALLED = 'Scripted memory 7421.';
export const GREET_PROMPT = 'Say hello.';
export const EDIT_PROMPT = 'Replace apple by pear in notes.txt.';
export const RECALL_PROMPT = 'What did you change?';

interface Heard {
  /** The caller's last own words. */
  readonly prompt: string;
  /** Texts of all tool results in the conversation. */
  readonly results: string[];
  /** A request with tools is the conversation itself; one without is the client's own side business. */
  readonly hasTools: boolean;
}

export function playModel(request: UpstreamRequest, file: string): ScriptedAnswer {
  const body = request.json ?? {};
  if (request.path.includes('count_tokens')) return jsonAnswer({ input_tokens: 4321 });
  if (request.path.includes('/v1/messages')) {
    const said = decide(hearAnthropic(body), file);
    return body.stream ? streamAnswer(anthropicStream(said)) : jsonAnswer(anthropicMessage(said));
  }
  if (request.path.includes('countTokens')) return jsonAnswer({ totalTokens: 4321 });
  if (request.path.includes('enerateContent')) {
    const said = decide(hearGemini(body), file);
    return request.path.includes(':stream')
      ? streamAnswer(geminiStream(said))
      : jsonAnswer(geminiAnswer(said));
  }
  const said = decide(hearChat(body), file);
  return body.stream ? streamAnswer(chatStreamWith(said)) : jsonAnswer(chatAnswerWith(said));
}

function decide({ prompt, results, hasTools }: Heard, file: string): Said {
  if (!hasTools) return { text: 'ok' };
  if (prompt.includes(RECALL_PROMPT)) return { text: results.length >= 2 ? RECALLED : 'I remember nothing.' };
  if (!prompt.includes(EDIT_PROMPT)) return { text: GREETING };
  if (results.length === 0)
    return {
      thinking: 'I read first.',
      call: { id: 'toolu_read1', name: 'Read', args: { file_path: file } },
    };
  if (!results[0]?.includes('apple')) return { text: `The file was not read: ${results[0]}` };
  if (results.length === 1)
    return {
      text: 'Now I edit.',
      call: {
        id: 'toolu_edit1',
        name: 'Edit',
        args: { file_path: file, old_string: 'apple', new_string: 'pear' },
      },
    };
  return { thinking: 'Both ran.', text: EDITED };
}

function hearAnthropic(body: JsonObject): Heard {
  const blocks = list(body.messages).flatMap((message) => contentOf(message.content));
  return {
    prompt: lastPrompt(list(body.messages).filter((message) => message.role === 'user')),
    results: blocks.filter((block) => block.type === 'tool_result').map((block) => textOf(block.content)),
    hasTools: list(body.tools).length > 0,
  };
}

function hearGemini(body: JsonObject): Heard {
  const contents = list(body.contents);
  const responses = contents
    .flatMap((content) => list(content.parts))
    .flatMap((part) => asObject(part.functionResponse) ?? []);
  return {
    prompt: lastPrompt(
      contents
        .filter((content) => content.role === 'user')
        .map((content) => ({
          content: list(content.parts).map((part) => ({ type: 'text', text: part.text ?? '' })),
        })),
    ),
    results: responses.map((response) => JSON.stringify(asObject(response as JsonObject)?.response)),
    hasTools: list(body.tools).length > 0,
  };
}

function hearChat(body: JsonObject): Heard {
  const messages = list(body.messages);
  return {
    prompt: lastPrompt(messages.filter((message) => message.role === 'user')),
    results: messages.filter((message) => message.role === 'tool').map((message) => textOf(message.content)),
    hasTools: list(body.tools).length > 0,
  };
}

/** Which of our prompts was the last: clients wrap them in reminders and send these alone too. */
function lastPrompt(messages: JsonObject[]): string {
  const prompts = [GREET_PROMPT, EDIT_PROMPT, RECALL_PROMPT];
  const texts = messages.map((message) => textOf(message.content));
  return texts.findLast((text) => prompts.some((prompt) => text.includes(prompt))) ?? '';
}

function contentOf(content: Json | undefined): JsonObject[] {
  const text = asString(content);
  return text === null ? list(content) : [{ type: 'text', text }];
}

function textOf(content: Json | undefined): string {
  return contentOf(content)
    .map((block) => asString(block.text) ?? '')
    .join('\n');
}

function list(value: Json | undefined): JsonObject[] {
  return (asArray(value) ?? []).map(asObject).filter((each) => each !== null);
}
