// Guarantee: a conversation survives translation there and back, whatever its turns hold; and what a model answered goes
// back to it as it was, thinking with its signature in its place, whether the client took it whole or as a stream.
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import fc from 'fast-check';
import { asObject, type JsonObject, parseJson } from '../../../src/lib/json.ts';
import type { AnswerContext } from '../../../src/protocol/translate/translator.ts';
import { translatorFor } from '../../../src/protocol/translate/translators.ts';
import { parseSse } from '../../support/answer-gist.ts';
import { type Direction, translateRequest } from '../../support/translation.ts';

// Many generated cases, on machines that may be busy.
setDefaultTimeout(60_000);

const CONTEXT: AnswerContext = {
  model: 'asked',
  provider: 'origin',
  requestId: 'req_1',
  nowMs: 0,
  includeUsage: false,
  promptTokensEstimate: null,
};
const TO_CHAT: Direction = {
  client: 'anthropic-messages',
  provider: 'openai-chat',
  name: 'openrouter',
  model: 'm',
};
const TO_ANTHROPIC: Direction = {
  client: 'openai-chat',
  provider: 'anthropic-messages',
  name: 'anthropic',
  model: 'claude-sonnet-4-5',
};

/** Text that is no mark of ours and has no blank at its end, which Anthropic would have trimmed. */
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map((each) => `x${each}x`);
const id = fc.stringMatching(/^[a-z0-9]{6}$/);
/** As it looks after any trip through JSON: it has no -0. */
const json = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  .map((each) => JSON.parse(JSON.stringify(each)) as JsonObject);
const mark = fc.constantFrom<JsonObject>({}, {}, { cache_control: { type: 'ephemeral' } });

const textBlock = fc.tuple(text, mark).map(([value, cache]) => ({ type: 'text', text: value, ...cache }));
const image = fc.constantFrom<JsonObject>(
  { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'QUFB' } },
  { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } },
);
const document = fc.constantFrom<JsonObject>(
  {
    type: 'document',
    source: { type: 'base64', media_type: 'application/pdf', data: 'QkJC' },
    title: 'a.pdf',
  },
  { type: 'document', source: { type: 'url', url: 'https://x.test/b.pdf' }, title: 'b.pdf' },
);
const userBlocks = fc.array(fc.oneof(textBlock, image, document), {
  minLength: 1,
  maxLength: 4,
}) as fc.Arbitrary<JsonObject[]>;

interface Step {
  readonly said: string | null;
  readonly calls: { readonly id: string; readonly name: string; readonly input: JsonObject }[];
  readonly results: { readonly text: string; readonly isError: boolean; readonly images: JsonObject[] }[];
  readonly asked: JsonObject[];
}
const step: fc.Arbitrary<Step> = fc
  .record({
    said: fc.option(text),
    calls: fc.uniqueArray(fc.record({ id, name: fc.constantFrom('f', 'g'), input: json }), {
      selector: (each) => each.id,
      maxLength: 3,
    }),
    results: fc.array(fc.record({ text, isError: fc.boolean(), images: fc.array(image, { maxLength: 2 }) }), {
      minLength: 3,
      maxLength: 3,
    }),
    asked: userBlocks,
  })
  .filter((each) => each.said !== null || each.calls.length > 0);

function anthropicHistory(steps: Step[], first: JsonObject[]): JsonObject[] {
  const messages: JsonObject[] = [{ role: 'user', content: first }];
  for (const [turn, { said, calls, results, asked }] of steps.entries()) {
    // Ids are unique in a conversation.
    const own = calls.map((call) => ({ ...call, id: `${call.id}${turn}` }));
    messages.push({
      role: 'assistant',
      content: [
        ...(said === null ? [] : [{ type: 'text', text: said }]),
        ...own.map((call) => ({ type: 'tool_use', ...call })),
      ],
    });
    const blocks = own.map((call, at) => {
      const result = results[at];
      const content = [{ type: 'text', text: result?.text ?? '' }, ...(result?.images ?? [])];
      return {
        type: 'tool_result',
        tool_use_id: call.id,
        content,
        ...(result?.isError ? { is_error: true } : {}),
      };
    });
    messages.push({ role: 'user', content: [...blocks, ...asked] });
  }
  return messages;
}

describe('there and back', () => {
  test('Anthropic histories through chat', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 4 }),
        userBlocks,
        fc.array(textBlock, { maxLength: 2 }),
        json,
        (steps, first, system, schema) => {
          const body: JsonObject = {
            model: 'm',
            max_tokens: 77,
            ...(system.length > 0 ? { system } : {}),
            messages: anthropicHistory(steps, first),
            tools: [{ name: 'f', description: 'd', input_schema: schema }],
            tool_choice: { type: 'any', disable_parallel_tool_use: true },
            stop_sequences: ['s'],
            temperature: 0.5,
            metadata: { user_id: 'u' },
            output_config: { format: { type: 'json_schema', schema } },
          };
          const chat = translateRequest(body, TO_CHAT);
          expect(chat.leftOut).toEqual([]);
          const back = translateRequest(chat.body, { ...TO_ANTHROPIC, model: 'm' });
          expect(back).toEqual({ body, leftOut: [] });
        },
      ),
      { numRuns: 200 },
    );
  });

  test('chat histories through Anthropic', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 4 }), text, (steps, first) => {
        const messages: JsonObject[] = [
          { role: 'system', content: 'sys' },
          { role: 'user', content: first },
        ];
        for (const [turn, { said, calls, results, asked }] of steps.entries()) {
          const tool_calls = calls.map((call) => ({
            id: `${call.id}${turn}`,
            type: 'function',
            function: { name: call.name, arguments: JSON.stringify(call.input) },
          }));
          messages.push({
            role: 'assistant',
            content: said,
            ...(tool_calls.length > 0 ? { tool_calls } : {}),
          });
          for (const [at, call] of tool_calls.entries())
            messages.push({ role: 'tool', tool_call_id: call.id, content: results[at]?.text ?? '' });
          messages.push({ role: 'user', content: String(asked.length) });
        }
        const there = translateRequest({ messages }, TO_ANTHROPIC);
        expect(translateRequest(there.body, TO_CHAT).body.messages).toEqual(messages);
      }),
      { numRuns: 200 },
    );
  });
});

const signature = fc.base64String({ minLength: 4, maxLength: 12 });
const thinking = fc.oneof(
  fc
    .tuple(text, signature)
    .map(([value, sig]): JsonObject => ({ type: 'thinking', thinking: value, signature: sig })),
  signature.map((data): JsonObject => ({ type: 'redacted_thinking', data })),
  signature.map((sig): JsonObject => ({ type: 'thinking', thinking: '', signature: sig })),
);
/** What Claude may answer: thinking anywhere, texts before calls. */
const claudeContent = fc
  .tuple(
    fc.array(fc.tuple(fc.array(thinking, { maxLength: 2 }), text), { maxLength: 2 }),
    fc.array(fc.tuple(fc.array(thinking, { maxLength: 2 }), json), { maxLength: 2 }),
  )
  .map(([texts, calls]): JsonObject[] => [
    ...texts.flatMap(([before, value], at) => [
      ...(at === 0 || before.length > 0 ? before : [{ type: 'thinking', thinking: 't', signature: 'c2ln' }]),
      { type: 'text', text: value },
    ]),
    ...calls.flatMap(([before, input], at) => [
      ...before,
      { type: 'tool_use', id: `t${at}`, name: 'f', input },
    ]),
  ])
  .filter((blocks) => blocks.length > 0);

function claudeStream(content: JsonObject[]): string {
  const events: JsonObject[] = [
    { type: 'message_start', message: { id: 'msg', model: 'c', content: [], usage: { input_tokens: 1 } } },
  ];
  for (const [index, block] of content.entries()) {
    const empty =
      block.type === 'text'
        ? { type: 'text', text: '' }
        : block.type === 'thinking'
          ? { type: 'thinking', thinking: '', signature: '' }
          : block;
    events.push({
      type: 'content_block_start',
      index,
      content_block: block.type === 'tool_use' ? { ...block, input: {} } : empty,
    });
    const delta = (fields: JsonObject) => events.push({ type: 'content_block_delta', index, delta: fields });
    if (block.type === 'text')
      for (const piece of String(block.text)) delta({ type: 'text_delta', text: piece });
    if (block.type === 'thinking') {
      for (const piece of String(block.thinking)) delta({ type: 'thinking_delta', thinking: piece });
      delta({ type: 'signature_delta', signature: block.signature });
    }
    if (block.type === 'tool_use')
      for (const piece of JSON.stringify(block.input).match(/.{1,3}/gsu) ?? [])
        delta({ type: 'input_json_delta', partial_json: piece });
    events.push({ type: 'content_block_stop', index });
  }
  events.push(
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } },
    { type: 'message_stop' },
  );
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

/** What a client makes of chat chunks: texts joined, calls joined by index, details only collected. */
function accumulate(sse: string): JsonObject {
  const message: Record<string, unknown> & { content: string } = { role: 'assistant', content: '' };
  const details: unknown[] = [];
  const calls: { id: string; type: string; function: { name: string; arguments: string } }[] = [];
  for (const { data } of parseSse(sse)) {
    const choice = asObject((asObject(parseJson(data))?.choices as JsonObject[] | undefined)?.[0]);
    const delta = asObject(choice?.delta) ?? {};
    message.content += typeof delta.content === 'string' ? delta.content : '';
    if (Array.isArray(delta.reasoning_details)) details.push(...delta.reasoning_details);
    for (const call of (delta.tool_calls ?? []) as JsonObject[]) {
      const called = asObject(call.function) ?? {};
      const known = calls[Number(call.index)];
      if (known) known.function.arguments += String(called.arguments ?? '');
      else
        calls[Number(call.index)] = {
          id: String(call.id),
          type: 'function',
          function: { name: String(called.name), arguments: String(called.arguments ?? '') },
        };
    }
  }
  return {
    ...message,
    ...(details.length > 0 ? { reasoning_details: details } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  } as JsonObject;
}

describe('an answer goes back as it was', () => {
  const translator = translatorFor('openai-chat', 'anthropic-messages');
  if (!translator) throw new Error('there is no such translator');

  test("Claude's content to an OpenAI client, whole and streamed", () => {
    fc.assert(
      fc.property(claudeContent, (content) => {
        const whole = translator.response(
          { id: 'msg', model: 'c', content, stop_reason: 'end_turn', usage: {} },
          CONTEXT,
        );
        const stream = translator.createStream(CONTEXT);
        const sse =
          parseSse(claudeStream(content))
            .map((event) => stream.push(event))
            .join('') + stream.end();
        const message = asObject((whole.choices as JsonObject[])[0]?.message) ?? {};
        for (const assistant of [message, accumulate(sse)]) {
          const sent = translateRequest(
            { messages: [{ role: 'user', content: 'q' }, assistant, { role: 'user', content: 'go on' }] },
            TO_ANTHROPIC,
          );
          expect((sent.body.messages as JsonObject[])[1]).toEqual({ role: 'assistant', content });
        }
      }),
      { numRuns: 200 },
    );
  });

  test('reasoning and signed calls of other providers to an Anthropic client', () => {
    const providerAnswer = fc.record({
      content: fc.option(text),
      reasoning: fc.option(text),
      calls: fc.array(json, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(providerAnswer, ({ content, reasoning, calls }) => {
        if (content === null && calls.length === 0) return;
        const tool_calls = calls.map((input, at) => ({
          id: `c${at}`,
          type: 'function',
          function: { name: 'f', arguments: JSON.stringify(input) },
        }));
        const message: JsonObject = {
          role: 'assistant',
          content,
          ...(reasoning === null ? {} : { reasoning_content: reasoning }),
          ...(tool_calls.length === 0 ? {} : { tool_calls }),
        };
        const answer = translatorFor('anthropic-messages', 'openai-chat')?.response(
          { choices: [{ message, finish_reason: 'stop' }] },
          { ...CONTEXT, provider: 'deepseek' },
        );
        const history = {
          messages: [
            { role: 'user', content: 'q' },
            { role: 'assistant', content: answer?.content },
          ],
        } as JsonObject;
        const again = translateRequest(history, { ...TO_CHAT, name: 'deepseek' });
        expect((again.body.messages as JsonObject[])[1]).toEqual(message);
        const elsewhere = translateRequest(history, { ...TO_CHAT, name: 'groq' });
        expect(JSON.stringify(elsewhere.body)).not.toContain('reasoning');
      }),
      { numRuns: 200 },
    );
  });
});
