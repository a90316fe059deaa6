// Guarantee: however the bytes are cut and whatever rubbish is among the events, a translated stream keeps the client's
// rules, says the same, and never throws. Attack: a provider that sends hostile, interleaved or broken events.
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import fc from 'fast-check';
import { asObject, type JsonObject, parseJson } from '../../../src/lib/json.ts';
import { SseParser } from '../../../src/protocol/sse.ts';
import type { AnswerContext, StreamTranslator } from '../../../src/protocol/translate/translator.ts';
import { translatorFor } from '../../../src/protocol/translate/translators.ts';
import { anthropicStreamGist, chatStreamGist, parseSse } from '../../support/answer-gist.ts';
import { hostileEvent, hostileObject } from '../../support/hostile-events.ts';
import { anthropicStreamProblems, chatStreamProblems } from '../../support/well-formed.ts';

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
const PAIRS = [
  ['openai-chat', 'anthropic-messages'],
  ['openai-chat', 'gemini'],
  ['anthropic-messages', 'openai-chat'],
  ['anthropic-messages', 'gemini'],
] as const;

function stream(client: (typeof PAIRS)[number][0], provider: (typeof PAIRS)[number][1]): StreamTranslator {
  const translator = translatorFor(client, provider);
  if (!translator) throw new Error(`no translator from ${provider} to ${client}`);
  return translator.createStream(CONTEXT);
}

function problemsOf(client: string, sse: string): string[] {
  return client === 'openai-chat' ? chatStreamProblems(sse) : anthropicStreamProblems(sse);
}

function feed(translator: StreamTranslator, cuts: Uint8Array[]): string {
  const parser = new SseParser();
  const events = [...cuts.flatMap((bytes) => parser.push(bytes)), ...parser.end()];
  return events.map(translator.push).join('') + translator.end();
}

function chatEvents(...deltas: JsonObject[]): string {
  const chunks: JsonObject[] = deltas.map((delta) => ({
    id: 'c1',
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: null }],
  }));
  chunks.push({ id: 'c1', model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  chunks.push({
    id: 'c1',
    model: 'm',
    choices: [],
    usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
  });
  return `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`;
}

const call = (index: number, fields: JsonObject): JsonObject => ({ tool_calls: [{ index, ...fields }] });
const begin = (index: number, name: string) =>
  call(index, { id: `id${index}`, function: { name, arguments: '' } });
const args = (index: number, text: string) => call(index, { function: { arguments: text } });

describe('chat chunks for an Anthropic client', () => {
  const over = (sse: string) =>
    feed(stream('anthropic-messages', 'openai-chat'), [new TextEncoder().encode(sse)]);

  test('interleaved parallel calls come out one after the other and whole', () => {
    const sse = over(
      chatEvents(
        { content: 'ä text' },
        begin(0, 'one'),
        args(0, '{"a":'),
        begin(1, 'two'),
        args(1, '{"b":'),
        args(0, '1}'),
        args(1, '2}'),
        { content: ' more' },
      ),
    );
    expect(anthropicStreamProblems(sse)).toEqual([]);
    expect(anthropicStreamGist(sse)).toMatchObject({
      text: 'ä text more',
      calls: [
        { name: 'one', args: { a: 1 } },
        { name: 'two', args: { b: 2 } },
      ],
      stop: 'tool_use',
      usage: { promptTokens: 9, completionTokens: 4 },
    });
  });

  test('calls that all have index 0, no index at all, or no id, are still told apart', () => {
    const whole = (fields: JsonObject) => ({ tool_calls: [fields] });
    const one = { function: { name: 'one', arguments: '{"a":1}' } };
    const two = { function: { name: 'two', arguments: '{"b":2}' } };
    for (const deltas of [
      [whole({ index: 0, id: 'x', ...one }), whole({ index: 0, id: 'y', ...two })],
      [whole({ id: 'x', ...one }), whole({ id: 'y', ...two })],
      [whole({ index: 0, ...one }), whole({ index: 1, ...two })],
    ]) {
      const sse = over(chatEvents(...deltas));
      expect(anthropicStreamProblems(sse)).toEqual([]);
      expect(anthropicStreamGist(sse).calls).toEqual([
        { name: 'one', args: { a: 1 } },
        { name: 'two', args: { b: 2 } },
      ]);
    }
  });

  test('what waits behind a call that never gets whole is bounded, in number and in size', () => {
    const many = Array.from({ length: 3_000 }, (_, at) =>
      at % 2 === 0 ? { content: 'x' } : { reasoning_content: 'y' },
    );
    const big = Array.from({ length: 6 }, () => ({ content: 'z'.repeat(1024 * 1024) }));
    for (const behind of [many, big]) {
      const translator = stream('anthropic-messages', 'openai-chat');
      const events = parseSse(chatEvents(begin(0, 'stuck'), args(0, '{"never":'), ...behind));
      const beforeEnd = events.slice(0, -3).map(translator.push).join('');
      const whole = beforeEnd + events.slice(-3).map(translator.push).join('') + translator.end();
      expect(anthropicStreamProblems(whole)).toEqual([]);
      // Without the bound everything would wait for the end.
      expect(beforeEnd.length).toBeGreaterThan(whole.length / 4);
    }
  });

  test('message_start tells input at once: the estimate, marked, or what the first chunk says', () => {
    const usageOf = (sse: string) =>
      asObject(asObject(asObject(parseJson(parseSse(sse)[0]?.data ?? ''))?.message)?.usage);
    expect(usageOf(over(chatEvents({ content: 'x' })))).toMatchObject({
      input_tokens: 7,
      tollgate_estimated_input_tokens: 7,
    });
    const early = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 0 } })}\n\n`;
    expect(usageOf(over(early + chatEvents({ content: 'x' })))).toMatchObject({ input_tokens: 5 });
  });

  test('a stream that breaks off is an error, never a clean end', () => {
    const broken =
      chatEvents({ content: 'half' }).split(
        'data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{},',
      )[0] ?? '';
    const sse = over(broken);
    expect(parseSse(sse).at(-1)?.event).toBe('error');
    expect(sse).not.toContain('message_stop');
  });

  test('without [DONE] but after a finish_reason the answer is whole', () => {
    const sse = over(chatEvents({ content: 'x' }).replace('data: [DONE]\n\n', ''));
    expect(anthropicStreamProblems(sse)).toEqual([]);
    expect(sse).toContain('message_stop');
  });

  test("a provider's error event becomes Anthropic's, and nothing follows it", () => {
    const translator = stream('anthropic-messages', 'openai-chat');
    const text = ['{"error":{"message":"boom","type":"server_error"}}', '[DONE]']
      .map((data) => translator.push({ event: null, data }))
      .join('');
    expect(parseSse(text + translator.end() + translator.fail({ type: null, message: 'late' }))).toEqual([
      { event: 'error', data: '{"type":"error","error":{"type":"server_error","message":"boom"}}' },
    ]);
  });

  test('the usage chunk is withheld from an OpenAI client that did not ask for it', () => {
    const translator = translatorFor('openai-chat', 'gemini')?.createStream({
      ...CONTEXT,
      includeUsage: false,
    });
    const body = {
      candidates: [{ content: { parts: [{ text: 'x' }] }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 },
    };
    const sse = `${translator?.push({ event: null, data: JSON.stringify(body) })}${translator?.end()}`;
    expect(chatStreamProblems(sse)).toEqual([]);
    expect(sse).not.toContain('usage');
  });
});

/** An Anthropic answer as a provider streams it: text, thinking and calls in any order. */
const anthropicAnswer = fc
  .array(
    fc.oneof(
      fc.record({ type: fc.constant('text' as const), text: fc.string({ unit: 'grapheme', minLength: 1 }) }),
      fc.record({
        type: fc.constant('thinking' as const),
        text: fc.string({ unit: 'grapheme', minLength: 1 }),
      }),
      fc.record({
        type: fc.constant('tool_use' as const),
        text: fc.object({ maxDepth: 2 }).map((each) => JSON.stringify(each)),
      }),
    ),
    { maxLength: 6 },
  )
  .map((blocks) => {
    const events: JsonObject[] = [
      {
        type: 'message_start',
        message: { id: 'msg_1', model: 'claude', content: [], usage: { input_tokens: 3, output_tokens: 1 } },
      },
    ];
    for (const [index, { type, text }] of blocks.entries()) {
      const field = { text: 'text', thinking: 'thinking', tool_use: 'input' }[type];
      const start =
        type === 'tool_use' ? { type, id: `t${index}`, name: 'f', input: {} } : { type, [field]: '' };
      events.push({ type: 'content_block_start', index, content_block: start });
      const delta = { text: 'text_delta', thinking: 'thinking_delta', tool_use: 'input_json_delta' }[type];
      const at = Math.floor(text.length / 2);
      for (const piece of [text.slice(0, at), text.slice(at)])
        events.push({
          type: 'content_block_delta',
          index,
          delta: { type: delta, [type === 'tool_use' ? 'partial_json' : field]: piece },
        });
      events.push({ type: 'content_block_stop', index });
    }
    events.push({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } });
    events.push({ type: 'message_stop' });
    return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  });

function cutAt(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, position) => bytes.subarray(start, at[position] ?? bytes.length));
}

describe('any cutting', () => {
  test('random cuts and single bytes give the same stream as one piece, and it is well formed', () => {
    fc.assert(
      fc.property(anthropicAnswer, fc.array(fc.nat(), { maxLength: 40 }), (sse, cuts) => {
        const bytes = new TextEncoder().encode(sse);
        const whole = feed(stream('openai-chat', 'anthropic-messages'), [bytes]);
        const single = [...bytes].map((byte) => Uint8Array.of(byte));
        expect(feed(stream('openai-chat', 'anthropic-messages'), cutAt(bytes, cuts))).toBe(whole);
        expect(feed(stream('openai-chat', 'anthropic-messages'), single)).toBe(whole);
        expect(chatStreamProblems(whole)).toEqual([]);
        const back = feed(stream('anthropic-messages', 'openai-chat'), [new TextEncoder().encode(whole)]);
        expect(anthropicStreamProblems(back)).toEqual([]);
        const { stop: _, ...gist } = anthropicStreamGist(sse);
        expect(chatStreamGist(whole)).toMatchObject(gist);
        expect(anthropicStreamGist(back)).toEqual(anthropicStreamGist(sse));
      }),
      { numRuns: 150 },
    );
  });
});

describe('malformed events', () => {
  for (const [client, provider] of PAIRS) {
    test(`${provider} to ${client}: never throws, and what comes out keeps the client's rules`, () => {
      fc.assert(
        fc.property(fc.array(hostileEvent, { maxLength: 25 }), (events) => {
          const translator = stream(client, provider);
          const sse = events.map(translator.push).join('') + translator.end();
          expect(problemsOf(client, sse).filter((problem) => !/without id$/.test(problem))).toEqual([]);
          expect(({} as Record<string, unknown>).x).toBeUndefined();
        }),
        { numRuns: 400 },
      );
    });

    test(`${provider} to ${client}: whole answers of any shape never throw`, () => {
      fc.assert(
        fc.property(fc.oneof(hostileObject, fc.object() as fc.Arbitrary<JsonObject>), (body) => {
          const answer = translatorFor(client, provider)?.response(body as JsonObject, CONTEXT);
          expect(typeof answer).toBe('object');
        }),
        { numRuns: 300 },
      );
    });
  }
});
