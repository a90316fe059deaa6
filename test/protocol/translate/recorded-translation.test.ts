// Guarantee: every recorded answer survives translation and the way back: text, tool calls, thinking, stop reason, usage.
// Guarantee: everything built for an OpenAI client on the way is valid by OpenAI's own description.
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { type JsonObject, parseJson } from '../../../src/lib/json.ts';
import type { AnswerContext, StreamTranslator } from '../../../src/protocol/translate/translator.ts';
import { translatorFor } from '../../../src/protocol/translate/translators.ts';
import {
  anthropicGist,
  anthropicStreamGist,
  chatGist,
  chatStreamGist,
  type Gist,
  geminiAnswerGist,
  geminiStreamGist,
  parseSse,
} from '../../support/answer-gist.ts';
import { HAVE_OPENAI_SCHEMA, schemaProblems } from '../../support/openai-schema.ts';
import {
  HAVE_RECORDINGS,
  type RecordingRow,
  readRecordingJson,
  recordingAsSse,
  recordingIndex,
  recordingTurns,
} from '../../support/recordings.ts';

// Many generated cases, on machines that may be busy.
setDefaultTimeout(60_000);

const CONTEXT: AnswerContext = {
  model: 'asked',
  provider: 'origin',
  requestId: 'req_1',
  nowMs: 1_700_000_000_000,
  includeUsage: true,
  promptTokensEstimate: 7,
};
type Format = 'anthropic' | 'chat' | 'gemini';
const FORMATS: Readonly<Record<string, Format>> = {
  anthropic: 'anthropic',
  google: 'gemini',
  'openai/chat': 'chat',
  groq: 'chat',
  deepseek: 'chat',
  mistral: 'chat',
  'openai-compatible': 'chat',
};
/** Why a file of these folders is not an answer that can be translated. */
function skipReason(row: RecordingRow): string | null {
  if (row.stop.includes('error')) return 'an error body, no answer';
  return /chat\/completions|messages|[gG]enerateContent/.test(row.endpoint)
    ? null
    : `another endpoint: ${row.endpoint}`;
}

const pair = (
  client: 'openai-chat' | 'anthropic-messages',
  provider: 'openai-chat' | 'anthropic-messages' | 'gemini',
) => {
  const found = translatorFor(client, provider);
  if (!found) throw new Error(`no translator ${client} ${provider}`);
  return found;
};
const CHAT_OVER_ANTHROPIC = pair('openai-chat', 'anthropic-messages');
const CHAT_OVER_GEMINI = pair('openai-chat', 'gemini');
const ANTHROPIC_OVER_CHAT = pair('anthropic-messages', 'openai-chat');
const ANTHROPIC_OVER_GEMINI = pair('anthropic-messages', 'gemini');

function run(translator: StreamTranslator, sse: string): string {
  return parseSse(sse).map(translator.push).join('') + translator.end();
}

function expectValidAnswer(body: JsonObject): void {
  if (HAVE_OPENAI_SCHEMA) expect(schemaProblems('CreateChatCompletionResponse', body)).toEqual([]);
}

function expectValidChunks(sse: string): void {
  if (!HAVE_OPENAI_SCHEMA) return;
  for (const { data } of parseSse(sse))
    if (data !== '[DONE]')
      expect(schemaProblems('CreateChatCompletionStreamResponse', parseJson(data))).toEqual([]);
}

interface Trip {
  readonly there: Gist;
  readonly back: Gist;
  readonly origin: Gist;
}

function wholeTrips(format: Format, body: JsonObject): Trip[] {
  if (format === 'anthropic') {
    const chat = CHAT_OVER_ANTHROPIC.response(body, CONTEXT);
    expectValidAnswer(chat);
    const back = ANTHROPIC_OVER_CHAT.response(chat, CONTEXT);
    return [{ origin: anthropicGist(body), there: chatGist(chat), back: anthropicGist(back) }];
  }
  if (format === 'chat') {
    const message = ANTHROPIC_OVER_CHAT.response(body, CONTEXT);
    const back = CHAT_OVER_ANTHROPIC.response(message, CONTEXT);
    expectValidAnswer(back);
    return [{ origin: chatGist(body), there: anthropicGist(message), back: chatGist(back) }];
  }
  const origin = geminiAnswerGist(body);
  const chat = CHAT_OVER_GEMINI.response(body, CONTEXT);
  expectValidAnswer(chat);
  const message = ANTHROPIC_OVER_GEMINI.response(body, CONTEXT);
  const back = CHAT_OVER_ANTHROPIC.response(message, CONTEXT);
  return [{ origin, there: chatGist(chat), back: chatGist(back) }];
}

function streamTrip(format: Format, sse: string): Trip {
  if (format === 'anthropic') {
    const chat = run(CHAT_OVER_ANTHROPIC.createStream(CONTEXT), sse);
    expectValidChunks(chat);
    const back = run(ANTHROPIC_OVER_CHAT.createStream(CONTEXT), chat);
    return { origin: anthropicStreamGist(sse), there: chatStreamGist(chat), back: anthropicStreamGist(back) };
  }
  if (format === 'chat') {
    const message = run(ANTHROPIC_OVER_CHAT.createStream(CONTEXT), sse);
    const back = run(CHAT_OVER_ANTHROPIC.createStream(CONTEXT), message);
    expectValidChunks(back);
    return { origin: chatStreamGist(sse), there: anthropicStreamGist(message), back: chatStreamGist(back) };
  }
  const chat = run(CHAT_OVER_GEMINI.createStream(CONTEXT), sse);
  expectValidChunks(chat);
  const message = run(ANTHROPIC_OVER_GEMINI.createStream(CONTEXT), sse);
  const back = run(CHAT_OVER_ANTHROPIC.createStream(CONTEXT), message);
  return { origin: geminiStreamGist(sse), there: chatStreamGist(chat), back: chatStreamGist(back) };
}

/** Gemini's reasons have no place in Anthropic's format, so the way back gives the common words for them. */
const GEMINI_STOPS: Readonly<Record<string, string>> = { STOP: 'stop', MAX_TOKENS: 'length' };

function expectedBack(format: Format, origin: Gist): Gist {
  if (format !== 'gemini') return origin;
  const stop = GEMINI_STOPS[origin.stop ?? ''] ?? 'content_filter';
  return { ...origin, stop: stop === 'stop' && origin.calls.length > 0 ? 'tool_calls' : stop };
}

const table: string[] = [];

function expectTrip(format: Format, trip: Trip): void {
  const { text, thinking, calls, usage } = trip.origin;
  expect({ text: trip.there.text, thinking: trip.there.thinking, calls: trip.there.calls }).toEqual({
    text,
    thinking,
    calls,
  });
  if (usage.promptTokens !== null) {
    expect(trip.there.usage).toEqual(usage);
    expect(trip.back).toEqual(expectedBack(format, trip.origin));
  } else {
    // The provider told no usage: what comes back is an estimate, and says so on the wire.
    expect({ ...trip.back, usage }).toEqual(expectedBack(format, trip.origin));
  }
}

function summary(trip: Trip): string {
  const { text, thinking, calls, stop, usage } = trip.origin;
  return `text ${text.length}, thinking ${thinking.length}, calls ${calls.length}, ${stop}, ${usage.promptTokens ?? '–'}/${usage.completionTokens ?? '–'} tokens`;
}

/** Turns of one conversation are answers of their own; the two spliced files are tested as the hostile streams they are. */
function turnsOf(row: RecordingRow): string[] {
  if (row.file.startsWith('duplicate-')) return [recordingAsSse(row)];
  return recordingTurns(row).filter((turn) => row.folder !== 'anthropic' || turn.includes('message_stop'));
}

describe.skipIf(!HAVE_RECORDINGS)('recorded answers, there and back', () => {
  const rows = recordingIndex().filter((row) => FORMATS[row.folder]);
  afterAll(() => process.stdout.write(`${table.join('\n')}\n`));

  test('the table covers every chat, messages and generateContent recording', () => {
    expect(rows.length).toBeGreaterThan(100);
  });

  for (const row of rows) {
    const format = FORMATS[row.folder] ?? 'chat';
    const name = `${row.folder}/${row.file}`;
    const reason = skipReason(row);
    if (reason !== null) {
      table.push(`${name.padEnd(90)} skipped: ${reason}`);
      continue;
    }
    if (row.file.startsWith('spliced-')) {
      test(`${name} is hostile and still ends as one well-formed answer`, () => {
        const chat = run(CHAT_OVER_ANTHROPIC.createStream(CONTEXT), recordingAsSse(row));
        expectValidChunks(chat);
        expect(chat.split('data: [DONE]').length).toBe(2);
        expect(chatStreamGist(chat)).toMatchObject({
          stop: 'tool_calls',
          usage: { promptTokens: 17, completionTokens: 65 },
        });
        table.push(`${name.padEnd(90)} hostile: one well-formed answer`);
      });
      continue;
    }
    test(name, () => {
      const trips = row.streamed
        ? turnsOf(row).map((sse) => streamTrip(format, sse))
        : wholeTrips(format, readRecordingJson(row));
      expect(trips.length).toBeGreaterThan(0);
      for (const trip of trips) expectTrip(format, trip);
      table.push(`${name.padEnd(90)} ${trips.map(summary).join(' | ')}`);
    });
  }
});
