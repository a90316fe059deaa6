// Guarantee: the official Anthropic client works through Tollgate onto providers of all three families, and each call
// leaves one event with the upstream's own numbers.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import type { JsonObject } from '../../src/lib/json.ts';
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
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const TOOL = {
  name: 'lookup',
  description: 'Looks a word up.',
  input_schema: { type: 'object' as const, properties: { word: { type: 'string' } }, required: ['word'] },
};

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let saying: Said = {};
let events = 0;

/** Plays every provider: which one is told by the path. */
function play(path: string, body: JsonObject | null) {
  if (path.includes('count_tokens')) return jsonAnswer({ input_tokens: 1234 });
  if (path.includes('countTokens')) return jsonAnswer({ totalTokens: 777 });
  if (path.includes('streamGenerateContent')) return streamAnswer(geminiStream(saying));
  if (path.includes('generateContent')) return jsonAnswer(geminiAnswer(saying));
  if (path.includes('/v1/messages'))
    return body?.stream ? streamAnswer(anthropicStream(saying)) : jsonAnswer(anthropicMessage(saying));
  return body?.stream ? streamAnswer(chatStreamWith(saying)) : jsonAnswer(chatAnswerWith(saying));
}

beforeAll(async () => {
  upstream = await startScriptedUpstream(({ path, json }) => play(path, json));
  tollgate = await startTollgate({
    ANTHROPIC_API_KEY: 'sk-ant-test',
    ANTHROPIC_API_BASE: upstream.url,
    GEMINI_API_KEY: 'gm-test',
    GEMINI_API_BASE: upstream.url,
    LOCAL_API_KEY: 'sk-local',
    LOCAL_API_BASE: `${upstream.url}/v1`,
  });
});

afterEach(() => {
  saying = {};
});

afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

function client(form: 'new' | 'old'): Anthropic {
  const common = { baseURL: tollgate.url, maxRetries: 0 };
  return form === 'new'
    ? new Anthropic({ ...common, apiKey: tollgate.key })
    : new Anthropic({
        ...common,
        apiKey: null,
        authToken: null,
        defaultHeaders: { 'x-api-key': tollgate.key, 'anthropic-version': '2023-06-01' },
      });
}

async function expectEvent(provider: string, input: number, output: number): Promise<void> {
  events += 1;
  const rows = await tollgate.usageEvents(events);
  const expected = events;
  events = rows.length;
  expect(rows.length).toBe(expected);
  expect(rows.at(-1)).toMatchObject({
    endpoint: '/v1/messages',
    provider,
    prompt_tokens: input,
    completion_tokens: output,
    outcome: 'final',
    provenance: 'provider',
  });
}

const TARGETS = [
  ['anthropic', 'anthropic/claude-opus-5'],
  ['local', 'local/some-model'],
  ['gemini', 'gemini/gemini-3-pro'],
] as const;

for (const form of ['new', 'old'] as const) {
  for (const [provider, model] of TARGETS) {
    describe(`the Anthropic client (${form} version header) on ${provider}`, () => {
      test('text', async () => {
        saying = { text: 'Grüße 🌍' };
        const message = await client(form).messages.create({
          model,
          max_tokens: 50,
          messages: [{ role: 'user', content: 'hi' }],
        });
        expect(message.content.filter((block) => block.type === 'text')).toMatchObject([
          { text: 'Grüße 🌍' },
        ]);
        expect(message).toMatchObject({ role: 'assistant', stop_reason: 'end_turn' });
        expect(message.usage).toMatchObject({
          input_tokens: 20,
          cache_read_input_tokens: 5,
          output_tokens: 9,
        });
        await expectEvent(provider, 25, 9);
      });

      test('a stream with thinking, text and a tool call whose input comes in pieces', async () => {
        saying = {
          thinking: 'Let me see.',
          text: 'One moment.',
          call: { name: 'lookup', args: { word: 'tür', n: [1, 2] } },
        };
        const stream = client(form).messages.stream({
          model,
          max_tokens: 4000,
          thinking: { type: 'enabled', budget_tokens: 1024 },
          tools: [TOOL],
          messages: [{ role: 'user', content: 'look up tür' }],
        });
        const kinds: string[] = [];
        stream.on('contentBlock', (block) => kinds.push(block.type));
        const final = await stream.finalMessage();
        // The signature of Gemini's call travels in a thinking block of its own, which has no text.
        const carriers = provider === 'gemini' ? ['thinking'] : [];
        expect(kinds).toEqual(['thinking', 'text', ...carriers, 'tool_use']);
        expect(
          final.content.filter((block) => block.type !== 'thinking' || block.thinking !== ''),
        ).toMatchObject([
          { type: 'thinking', thinking: 'Let me see.' },
          { type: 'text', text: 'One moment.' },
          { type: 'tool_use', name: 'lookup', input: { word: 'tür', n: [1, 2] } },
        ]);
        expect(final.stop_reason).toBe('tool_use');
        expect(final.usage).toMatchObject({ input_tokens: 20, output_tokens: 9 });
        expect((final.usage as { tollgate_estimated?: boolean }).tollgate_estimated).not.toBe(true);
        await expectEvent(provider, 25, 9);
      });

      test('an image, a system prompt and the results of a tool reach the provider', async () => {
        saying = { text: 'ok' };
        const image = {
          type: 'image' as const,
          source: { type: 'base64' as const, media_type: 'image/png' as const, data: PNG },
        };
        await client(form).messages.create({
          model,
          max_tokens: 50,
          system: 'Be brief.',
          tools: [TOOL],
          tool_choice: { type: 'any' },
          messages: [
            { role: 'user', content: [{ type: 'text', text: 'What is this?' }, image] },
            {
              role: 'assistant',
              content: [{ type: 'tool_use', id: 'toolu_1', name: 'lookup', input: { word: 'a' } }],
            },
            {
              role: 'user',
              content: [
                { type: 'tool_result', tool_use_id: 'toolu_1', is_error: true, content: 'no such word' },
              ],
            },
          ],
        });
        const sent = upstream.requests.at(-1)?.body ?? '';
        for (const part of [PNG, 'Be brief.', 'no such word', 'What is this?']) expect(sent).toContain(part);
        await expectEvent(provider, 25, 9);
      });

      test('count_tokens', async () => {
        const answer = await client(form)
          .messages.countTokens({ model, messages: [{ role: 'user', content: 'count me, please' }] })
          .withResponse();
        const source = answer.response.headers.get('x-tollgate-token-count');
        if (provider === 'local') {
          expect(source).toBe('estimated');
          expect(answer.data.input_tokens).toBeGreaterThan(3);
        } else {
          expect(source).toBe('provider');
          expect(answer.data.input_tokens).toBe(provider === 'anthropic' ? 1234 : 777);
        }
        expect((await tollgate.usageEvents(events)).length).toBe(events);
      });
    });
  }
}

describe('on an Anthropic provider', () => {
  test('body, version, betas and query go through as they came, and the stream comes back byte for byte', async () => {
    saying = { text: 'bytes', thinking: 'hm' };
    const body = `{ "model":"anthropic/claude-opus-5","max_tokens":9, "stream":true,"context_management":{"edits":[]},"new_field":[1.50], "messages":[{"role":"user","content":"hi"}]}`;
    const answer = await tollgate.post('/v1/messages?beta=true', body, {
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'interleaved-thinking-2025-05-14,made-up-2026',
    });
    expect(await answer.text()).toBe(anthropicStream(saying).join(''));
    const sent = upstream.requests.at(-1);
    expect(sent?.path).toBe('/v1/messages?beta=true');
    expect(sent?.body).toBe(body.replace('anthropic/claude-opus-5', 'claude-opus-5'));
    expect(sent?.headers).toMatchObject({
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'interleaved-thinking-2025-05-14,made-up-2026',
      'x-api-key': 'sk-ant-test',
    });
    expect(sent?.headers.authorization).toBeUndefined();
    await expectEvent('anthropic', 25, 9);
  });

  test('reasoning that another provider made does not go to Anthropic, which would refuse it', async () => {
    saying = { text: 'x', thinking: 'made elsewhere' };
    const elsewhere = await client('new').messages.create({
      model: 'local/some-model',
      max_tokens: 50,
      messages: [{ role: 'user', content: 'hi' }],
    });
    await expectEvent('local', 25, 9);
    expect(elsewhere.content[0]?.type).toBe('thinking');
    const history = [
      { role: 'user' as const, content: 'hi' },
      { role: 'assistant' as const, content: elsewhere.content },
      { role: 'user' as const, content: 'go on' },
    ];
    await client('new').messages.create({
      model: 'anthropic/claude-opus-5',
      max_tokens: 50,
      messages: history,
    });
    await expectEvent('anthropic', 25, 9);
    expect(upstream.requests.at(-1)?.body).not.toContain('made elsewhere');
    await client('new').messages.create({ model: 'local/some-model', max_tokens: 50, messages: history });
    await expectEvent('local', 25, 9);
    expect(upstream.requests.at(-1)?.body).toContain('"reasoning_content":"made elsewhere"');
  });
});
