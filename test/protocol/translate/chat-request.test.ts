// Guarantee: a chat completion request arrives at Anthropic- and Gemini-shaped providers with everything they can take;
// what they cannot take is refused by name or told as left out.
import { describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../../src/lib/json.ts';
import { refusalOf, translateRequest } from '../../support/translation.ts';

const HI = [{ role: 'user', content: 'hi' }];
const toAnthropic = (body: JsonObject, model = 'claude-sonnet-4-5') =>
  translateRequest(
    { messages: HI, ...body },
    { client: 'openai-chat', provider: 'anthropic-messages', name: 'anthropic', model },
  );
const toGemini = (body: JsonObject, model = 'gemini-3-pro') =>
  translateRequest(
    { messages: HI, ...body },
    { client: 'openai-chat', provider: 'gemini', name: 'gemini', model },
  );
const TOOL = { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } };

describe('onto Anthropic', () => {
  test('the plain request gets the bound that Anthropic demands', () => {
    expect(toAnthropic({})).toEqual({
      body: {
        model: 'claude-sonnet-4-5',
        max_tokens: 8192,
        messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      },
      leftOut: [],
    });
    expect(toAnthropic({ max_completion_tokens: 7, max_tokens: 9 }).body.max_tokens).toBe(7);
    expect(toAnthropic({}, 'claude-3-opus-20240229').body.max_tokens).toBe(4096);
  });

  test('system and developer words, parts, images and files', () => {
    const { body } = toAnthropic({
      messages: [
        { role: 'system', content: 'one' },
        { role: 'developer', content: [{ type: 'text', text: 'two', cache_control: { type: 'ephemeral' } }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: '' },
            { type: 'image_url', image_url: { url: 'data:image/JPEG;base64,AA', detail: 'low' } },
            { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BB' } },
            {
              type: 'file',
              file: {
                filename: 'a.txt',
                file_data: `data:text/plain;base64,${Buffer.from('grün').toString('base64')}`,
              },
            },
          ],
        },
        { role: 'assistant', content: 'prefill  \n' },
      ],
    });
    expect(body.system).toEqual([
      { type: 'text', text: 'one' },
      { type: 'text', text: 'two', cache_control: { type: 'ephemeral' } },
    ]);
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AA' } },
          { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } },
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: 'BB' },
            title: 'a.pdf',
          },
          {
            type: 'document',
            source: { type: 'text', media_type: 'text/plain', data: 'grün' },
            title: 'a.txt',
          },
        ],
      },
      { role: 'assistant', content: [{ type: 'text', text: 'prefill' }] },
    ]);
  });

  test('results of parallel calls are one turn, broken arguments are kept', () => {
    const { body } = toAnthropic({
      messages: [
        ...HI,
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
            { id: 'b', type: 'function', function: { name: 'f', arguments: '{"x":' } },
          ],
        },
        { role: 'tool', tool_call_id: 'a', content: 'one' },
        { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'two' }] },
        { role: 'user', content: 'go on' },
      ],
    });
    expect(body.messages).toMatchObject([
      {},
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
          { type: 'tool_use', id: 'b', name: 'f', input: { raw_arguments: '{"x":' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'one' }] },
          { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'two' }] },
          { type: 'text', text: 'go on' },
        ],
      },
    ]);
    expect((body.messages as unknown[]).length).toBe(3);
  });

  test('tools and every tool_choice', () => {
    const choice = (tool_choice: JsonObject | string, more: JsonObject = {}) =>
      toAnthropic({ tools: [TOOL, { type: 'function', function: { name: 'g' } }], tool_choice, ...more })
        .body;
    expect(choice('auto')).toMatchObject({
      tools: [
        { name: 'f', description: 'd', input_schema: { type: 'object' } },
        { name: 'g', input_schema: { type: 'object', properties: {} } },
      ],
      tool_choice: { type: 'auto' },
    });
    expect(choice('required').tool_choice).toEqual({ type: 'any' });
    expect(choice('none').tool_choice).toEqual({ type: 'none' });
    expect(choice({ type: 'function', function: { name: 'g' } }).tool_choice).toEqual({
      type: 'tool',
      name: 'g',
    });
    expect(choice('auto', { parallel_tool_calls: false }).tool_choice).toEqual({
      type: 'auto',
      disable_parallel_tool_use: true,
    });
    const allowed = {
      type: 'allowed_tools',
      allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'g' } }] },
    };
    expect(choice(allowed)).toMatchObject({ tools: [{ name: 'g' }], tool_choice: { type: 'any' } });
  });

  test('reasoning in the form each Claude takes', () => {
    expect(toAnthropic({ reasoning_effort: 'low' }).body).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: 2048 },
      max_tokens: 8192 + 2048,
    });
    expect(toAnthropic({ reasoning_effort: 'high', max_tokens: 2000 }).body).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: 1999 },
      max_tokens: 2000,
    });
    expect(toAnthropic({ reasoning_effort: 'high', max_tokens: 500 }).body.thinking).toBeUndefined();
    expect(toAnthropic({ reasoning_effort: 'medium' }, 'claude-opus-5').body).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'medium' },
    });
    expect(toAnthropic({ reasoning_effort: 'none' }).body.thinking).toBeUndefined();
    expect(toAnthropic({ reasoning_effort: 'low' }, 'claude-3-5-haiku')).toMatchObject({
      leftOut: ['reasoning_effort'],
    });
    expect(toAnthropic({ thinking: { type: 'enabled', budget_tokens: 1024 } }).body.thinking).toEqual({
      type: 'enabled',
      budget_tokens: 1024,
    });
    const forced = toAnthropic({ reasoning_effort: 'low', tools: [TOOL], tool_choice: 'required' });
    expect([forced.body.thinking, forced.leftOut]).toEqual([undefined, ['reasoning_effort']]);
  });

  test('in a tool loop whose thinking the client did not keep, thinking is off: Anthropic would refuse the turn', () => {
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
    const loop = (assistant: JsonObject) =>
      toAnthropic({
        reasoning_effort: 'low',
        tools: [TOOL],
        messages: [
          ...HI,
          { role: 'assistant', content: null, tool_calls: [call], ...assistant },
          { role: 'tool', tool_call_id: 'a', content: 'x' },
        ],
      });
    expect(loop({}).body.thinking).toBeUndefined();
    const details = [{ type: 'reasoning.text', text: 't', signature: 's', format: 'anthropic-claude-v1' }];
    expect(loop({ reasoning_details: details }).body).toMatchObject({
      thinking: { type: 'enabled' },
      messages: [
        {},
        { content: [{ type: 'thinking', thinking: 't', signature: 's' }, { type: 'tool_use' }] },
        {},
      ],
    });
  });

  test('signed reasoning of another family and unsigned reasoning are left out', () => {
    const details = [
      { type: 'reasoning.text', text: 'unsigned', format: 'anthropic-claude-v1' },
      { type: 'reasoning.encrypted', data: 'x', format: 'google-gemini-v1' },
    ];
    const { body } = toAnthropic({
      messages: [
        ...HI,
        { role: 'assistant', content: 'so', reasoning_content: 'r', reasoning_details: details },
        ...HI,
      ],
    });
    expect(body.messages).toMatchObject([{}, { content: [{ type: 'text', text: 'so' }] }, {}]);
  });

  test('sampling, which the newer models refuse, is told as left out there', () => {
    const sampling = { temperature: 0.3, top_p: 0.9, stop: 'x' };
    expect(toAnthropic(sampling).body).toMatchObject({ temperature: 0.3, top_p: 0.9, stop_sequences: ['x'] });
    const newer = toAnthropic(sampling, 'claude-opus-5');
    expect(newer.body.temperature).toBeUndefined();
    expect(newer.leftOut).toEqual(['temperature', 'top_p']);
    expect(toAnthropic({ ...sampling, reasoning_effort: 'low' }).leftOut).toEqual(['temperature', 'top_p']);
  });

  test('structured output, the old JSON mode, the user', () => {
    const schema = { type: 'object', additionalProperties: false };
    expect(
      toAnthropic({ response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } }).body
        .output_config,
    ).toEqual({ format: { type: 'json_schema', schema } });
    expect(toAnthropic({ response_format: { type: 'json_object' } }).body.system).toMatchObject([
      { text: expect.stringContaining('JSON object') },
    ]);
    expect(toAnthropic({ user: 'u', safety_identifier: 's', service_tier: 'default' }).body).toMatchObject({
      metadata: { user_id: 's' },
      service_tier: 'standard_only',
    });
  });

  test.each<[string, string, JsonObject]>([
    ['more than one choice (n)', 'n', { n: 2 }],
    ['logprobs', 'logprobs', { logprobs: true }],
    ['logit_bias', 'logit_bias', { logit_bias: { 1: 2 } }],
    ['presence_penalty', 'presence_penalty', { presence_penalty: 0.5 }],
    ['a temperature above 1', 'temperature', { temperature: 1.5 }],
    ['output other than text', 'modalities', { modalities: ['text', 'audio'] }],
    ['input_audio content', 'messages', { messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] }],
    [
      'a file by id',
      'messages',
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] },
    ],
    ['a custom tool', 'tools', { tools: [{ type: 'custom', custom: { name: 'c' } }] }],
    ['the old functions field', 'functions', { functions: [{ name: 'f' }] }],
    ['web_search_options', 'web_search_options', { web_search_options: { x: 1 } }],
  ])('%s is refused by name', (feature, param, body) => {
    expect(refusalOf(() => toAnthropic(body))).toMatchObject({
      code: 'unsupported_feature',
      param,
      message: expect.stringContaining(`uses ${feature},`),
    });
  });

  test('names of speakers and the detail of images are named as left out', () => {
    const image = (detail: string) => ({
      type: 'image_url',
      image_url: { url: 'https://x.test/a.png', detail },
    });
    const messages = [{ role: 'user', name: 'bob', content: [image('low')] }];
    expect(toAnthropic({ messages }).leftOut).toEqual(['image_url.detail', 'messages.name']);
    expect(toGemini({ messages }).leftOut).toEqual(['image_url.detail', 'messages.name']);
    expect(toAnthropic({ messages: [{ role: 'user', content: [image('auto')] }] }).leftOut).toEqual([]);
  });

  test('what is off is no use of a feature', () => {
    expect(
      toAnthropic({ logprobs: false, presence_penalty: 0, logit_bias: {}, n: 1, store: false }).leftOut,
    ).toEqual([]);
  });
});

describe('onto Gemini', () => {
  test('fields in Gemini’s words', () => {
    const { body, leftOut } = toGemini({
      n: 2,
      seed: 5,
      temperature: 1.5,
      top_p: 0.5,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      logprobs: true,
      top_logprobs: 3,
      max_tokens: 50,
      stop: ['a'],
      response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } },
      store: true,
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] },
      ],
    });
    expect(body.generationConfig).toEqual({
      candidateCount: 2,
      seed: 5,
      temperature: 1.5,
      topP: 0.5,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      responseLogprobs: true,
      logprobs: 3,
      maxOutputTokens: 50,
      stopSequences: ['a'],
      responseMimeType: 'application/json',
      responseJsonSchema: { type: 'object' },
    });
    expect(leftOut).toEqual(['cache_control', 'store']);
  });

  test('media: inline, by URL, audio', () => {
    const { body } = toGemini({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
            { type: 'image_url', image_url: { url: 'https://x.test/a.webp?q=1' } },
            { type: 'input_audio', input_audio: { data: 'BB', format: 'mp3' } },
          ],
        },
      ],
    });
    expect(body.contents).toEqual([
      {
        role: 'user',
        parts: [
          { inlineData: { mimeType: 'image/png', data: 'AA' } },
          { fileData: { mimeType: 'image/webp', fileUri: 'https://x.test/a.webp?q=1' } },
          { inlineData: { mimeType: 'audio/mp3', data: 'BB' } },
        ],
      },
    ]);
  });

  test('thinking by level or by budget, as the model takes it', () => {
    const config = (reasoning_effort: string, model: string) =>
      (toGemini({ reasoning_effort }, model).body.generationConfig as JsonObject | undefined)?.thinkingConfig;
    expect(config('high', 'gemini-3-pro')).toEqual({ thinkingLevel: 'high', includeThoughts: true });
    expect(config('low', 'gemini-2.5-flash')).toEqual({ thinkingBudget: 1024, includeThoughts: true });
    expect(config('none', 'gemini-2.5-flash')).toEqual({ thinkingBudget: 0 });
    expect(config('low', 'gemini-2.0-flash')).toBeUndefined();
  });

  test.each<[string, string, JsonObject]>([
    ['parallel_tool_calls: false', 'parallel_tool_calls', { tools: [TOOL], parallel_tool_calls: false }],
    ['logit_bias', 'logit_bias', { logit_bias: { 1: 2 } }],
    ['more than 5 stop sequences', 'stop', { stop: ['1', '2', '3', '4', '5', '6'] }],
    [
      'a file by id',
      'messages',
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] },
    ],
  ])('%s is refused by name', (feature, param, body) => {
    expect(refusalOf(() => toGemini(body))).toMatchObject({
      code: 'unsupported_feature',
      param,
      message: expect.stringContaining(`uses ${feature},`),
    });
  });
});
