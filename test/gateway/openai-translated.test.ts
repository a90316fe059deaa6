// Guarantee: the official OpenAI client works through Tollgate onto Anthropic- and Gemini-protocol providers: text, streams,
// tools with streamed arguments, images, reasoning. Each call leaves one event with the upstream's own numbers.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { JsonObject } from '../../src/lib/json.ts';
import { HAVE_OPENAI_SCHEMA, schemaProblems } from '../support/openai-schema.ts';
import {
  anthropicMessage,
  anthropicStream,
  geminiAnswer,
  geminiStream,
  type Said,
} from '../support/provider-answers.ts';
import {
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkM9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const TOOL = {
  type: 'function' as const,
  function: { name: 'lookup', parameters: { type: 'object', properties: { word: { type: 'string' } } } },
};

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let client: OpenAI;
let saying: Said = {};
let events = 0;

function play(path: string, body: JsonObject | null) {
  if (path.includes('streamGenerateContent')) return streamAnswer(geminiStream(saying));
  if (path.includes('generateContent')) return jsonAnswer(geminiAnswer(saying));
  return body?.stream ? streamAnswer(anthropicStream(saying)) : jsonAnswer(anthropicMessage(saying));
}

beforeAll(async () => {
  upstream = await startScriptedUpstream(({ path, json }) => play(path, json));
  tollgate = await startTollgate({
    ANTHROPIC_API_KEY: 'sk-ant-test',
    ANTHROPIC_API_BASE: upstream.url,
    GEMINI_API_KEY: 'gm-test',
    GEMINI_API_BASE: upstream.url,
  });
  client = new OpenAI({ baseURL: `${tollgate.url}/v1`, apiKey: tollgate.key, maxRetries: 0 });
});

afterEach(() => {
  saying = {};
  upstream.play(({ path, json }) => play(path, json));
});

afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

async function expectEvent(provider: string, prompt = 25, completion = 9): Promise<void> {
  const expected = events + 1;
  const rows = await tollgate.usageEvents(expected);
  events = rows.length;
  expect(rows.length).toBe(expected);
  expect(rows.at(-1)).toMatchObject({
    endpoint: '/v1/chat/completions',
    provider,
    prompt_tokens: prompt,
    completion_tokens: completion,
    cached_tokens: 5,
    outcome: 'final',
    provenance: 'provider',
  });
}

for (const [provider, model] of [
  ['anthropic', 'anthropic/claude-sonnet-4-5'],
  ['gemini', 'gemini/gemini-3-pro'],
] as const) {
  describe(`the OpenAI client on ${provider}`, () => {
    test('text', async () => {
      saying = { text: 'Grüße 🌍' };
      const chat = await client.chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'hi' }],
      });
      expect(chat.choices).toMatchObject([
        { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Grüße 🌍' } },
      ]);
      expect(chat.usage).toMatchObject({
        prompt_tokens: 25,
        completion_tokens: 9,
        total_tokens: 34,
        prompt_tokens_details: { cached_tokens: 5 },
      });
      if (HAVE_OPENAI_SCHEMA) expect(schemaProblems('CreateChatCompletionResponse', chat)).toEqual([]);
      await expectEvent(provider);
    });

    test('a stream with reasoning, text and a tool call, with and without the usage chunk', async () => {
      for (const include_usage of [true, false]) {
        saying = {
          thinking: 'Let me see.',
          text: 'One moment.',
          call: { name: 'lookup', args: { word: 'tür', n: [1, 2] } },
        };
        const stream = await client.chat.completions.create({
          model,
          stream: true,
          reasoning_effort: 'low',
          tools: [TOOL],
          messages: [{ role: 'user', content: 'look up tür' }],
          ...(include_usage && { stream_options: { include_usage } }),
        });
        const seen = { text: '', reasoning: '', args: '', finish: '', usage: 0 };
        for await (const chunk of stream) {
          if (HAVE_OPENAI_SCHEMA)
            expect(schemaProblems('CreateChatCompletionStreamResponse', chunk)).toEqual([]);
          const choice = chunk.choices[0];
          seen.text += choice?.delta.content ?? '';
          seen.reasoning +=
            (choice?.delta as { reasoning_content?: string } | undefined)?.reasoning_content ?? '';
          seen.args += choice?.delta.tool_calls?.[0]?.function?.arguments ?? '';
          seen.finish = choice?.finish_reason ?? seen.finish;
          seen.usage += chunk.usage?.total_tokens ?? 0;
        }
        expect(seen).toEqual({
          text: 'One moment.',
          reasoning: 'Let me see.',
          args: '{"word":"tür","n":[1,2]}',
          finish: 'tool_calls',
          usage: include_usage ? 34 : 0,
        });
        await expectEvent(provider);
      }
    });

    test('the reasoning of an answer goes back with its signature when the client sends the message back', async () => {
      saying = {
        thinking: 'Let me see.',
        text: 'One moment.',
        call: { name: 'lookup', args: { word: 'a' } },
      };
      const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'look up a' }];
      const first = await client.chat.completions.create({
        model,
        messages,
        tools: [TOOL],
        reasoning_effort: 'high',
      });
      await expectEvent(provider);
      const message = first.choices[0]?.message;
      if (!message) throw new Error('no message');
      const call = message.tool_calls?.[0];
      messages.push(message, { role: 'tool', tool_call_id: call?.id ?? '', content: 'a letter' });
      saying = { text: 'It is a letter.' };
      await client.chat.completions.create({ model, messages, tools: [TOOL], reasoning_effort: 'high' });
      await expectEvent(provider);
      const sent = upstream.requests.at(-1)?.json ?? {};
      if (provider === 'anthropic') {
        expect(sent.thinking).toMatchObject({ type: 'enabled' });
        expect(sent.messages).toMatchObject([
          { role: 'user' },
          {
            role: 'assistant',
            content: anthropicMessage({
              thinking: 'Let me see.',
              text: 'One moment.',
              call: { name: 'lookup', args: { word: 'a' } },
            }).content,
          },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'toolu_up', content: [{ type: 'text', text: 'a letter' }] },
            ],
          },
        ]);
      } else {
        expect(sent.contents).toMatchObject([
          { role: 'user' },
          {
            role: 'model',
            parts: [
              { text: 'One moment.' },
              { functionCall: { name: 'lookup', args: { word: 'a' } }, thoughtSignature: 'c2lnbmVk' },
            ],
          },
          {
            role: 'user',
            parts: [{ functionResponse: { name: 'lookup', response: { output: 'a letter' } } }],
          },
        ]);
      }
    });

    test('an image and a system prompt reach the provider', async () => {
      saying = { text: 'ok' };
      await client.chat.completions.create({
        model,
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
            ],
          },
        ],
      });
      const sent = upstream.requests.at(-1)?.body ?? '';
      for (const part of [PNG, 'image/png', 'Be brief.', 'What is this?']) expect(sent).toContain(part);
      await expectEvent(provider);
    });

    test('what cannot be carried is refused by name and costs nothing', async () => {
      const before = upstream.requests.length;
      const refused = client.chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'hi' }],
        logit_bias: { 5: 1 },
      });
      expect(await refused.catch((error) => error)).toMatchObject({
        status: 400,
        code: 'unsupported_feature',
        param: 'logit_bias',
      });
      expect(upstream.requests.length).toBe(before);
      expect((await tollgate.usageEvents(events)).length).toBe(events);
    });

    test('what only advises is left out and named in a header', async () => {
      saying = { text: 'ok' };
      const { response } = await client.chat.completions
        .create({ model, messages: [{ role: 'user', content: 'hi' }], store: true, prompt_cache_key: 'k' })
        .withResponse();
      expect(response.headers.get('x-tollgate-left-out')).toBe('prompt_cache_key, store');
      await expectEvent(provider);
    });

    test("a provider's refusal keeps its status and words, and a stream that breaks off is never a clean end", async () => {
      upstream.play(() =>
        jsonAnswer(
          { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too strange' } },
          400,
        ),
      );
      const messages = [{ role: 'user' as const, content: 'hi' }];
      expect(await client.chat.completions.create({ model, messages }).catch((error) => error)).toMatchObject(
        { status: 400, message: expect.stringContaining('prompt is too strange') },
      );
      saying = { text: 'half of it' };
      const whole = provider === 'gemini' ? geminiStream(saying) : anthropicStream(saying);
      // With gaps, so that the first events have gone out before the cut: a stream cut before them is tried again.
      upstream.play(() =>
        streamAnswer(whole.slice(0, provider === 'gemini' ? -1 : -2), {
          gapMs: 10,
          end: [{ waitMs: 30 }, { cut: true }],
        }),
      );
      const answer = await tollgate.post('/v1/chat/completions', { model, messages, stream: true });
      const text = await answer.text();
      expect(text).toContain('"error"');
      expect(text).not.toContain('[DONE]');
      const rows = await tollgate.usageEvents(events + 2);
      events = rows.length;
      expect(rows.at(-1)).toMatchObject({ outcome: 'error', error_type: 'interrupted' });
    });
  });
}
