// Guarantee: a Messages request arrives at OpenAI-shaped providers with everything they can take, in their words; what they cannot take is refused by name or told as left out.
import { describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../../src/lib/json.ts';
import { sealReasoning } from '../../../src/protocol/translate/reasoning.ts';
import { refusalOf, translateRequest } from '../../support/translation.ts';

const toChat = (body: JsonObject, name = 'openai', model = 'gpt-5') =>
  translateRequest(
    { max_tokens: 100, messages: [{ role: 'user', content: 'hi' }], ...body },
    { client: 'anthropic-messages', provider: 'openai-chat', name, model },
  );

describe('onto chat', () => {
  test('the plain request', () => {
    expect(toChat({ model: 'asked' })).toEqual({
      body: { model: 'gpt-5', messages: [{ role: 'user', content: 'hi' }], max_completion_tokens: 100 },
      leftOut: [],
    });
    expect(toChat({ stream: true }, 'mistral', 'm').body).toMatchObject({
      max_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test('asks for no more output than the model can give', () => {
    const asked = (name: string, model: string) => toChat({ max_tokens: 128_000 }, name, model).body;
    expect(asked('openai', 'gpt-4o-mini').max_completion_tokens).toBe(16_384);
    expect(asked('openai', 'gpt-5').max_completion_tokens).toBe(128_000);
    expect(asked('deepseek', 'deepseek-chat').max_tokens).toBe(8_192);
    expect(asked('somebody', 'gpt-4o').max_tokens).toBe(128_000);
  });

  test("Claude Code's billing line is taken out, in both forms of a system prompt", () => {
    const line = 'x-anthropic-billing-header: cc_version=2.1; cch=abc;';
    expect(
      toChat({
        system: [
          { type: 'text', text: line },
          { type: 'text', text: 'Be brief.' },
        ],
      }).body.messages,
    ).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hi' },
    ]);
    expect(toChat({ system: `${line}\n\nBe brief.` }).body.messages).toMatchObject([
      { role: 'system', content: 'Be brief.' },
      {},
    ]);
    expect(toChat({ system: line }).body.messages).toEqual([{ role: 'user', content: 'hi' }]);
    expect(toChat({ system: `Mind ${line}` }).body.messages).toMatchObject([{ content: `Mind ${line}` }, {}]);
  });

  test('images, documents and search results, in the user turn', () => {
    const { body } = toChat({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
            { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } },
            {
              type: 'document',
              title: 'a.pdf',
              source: { type: 'base64', media_type: 'application/pdf', data: 'BBBB' },
            },
            {
              type: 'document',
              title: 'Notes',
              source: { type: 'text', media_type: 'text/plain', data: 'plain' },
            },
            {
              type: 'search_result',
              title: 'T',
              source: 'https://x.test',
              content: [{ type: 'text', text: 'found' }],
            },
          ],
        },
      ],
    });
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' } },
          { type: 'text', text: 'Notes\n\nplain' },
          { type: 'text', text: 'T\nhttps://x.test\nfound' },
        ],
      },
    ]);
  });

  test('parallel calls and their results, with an error and an image', () => {
    const { body } = toChat({
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
            { type: 'tool_use', id: 'b', name: 'g', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a', is_error: true, content: 'broke' },
            {
              type: 'tool_result',
              tool_use_id: 'b',
              content: [
                { type: 'text', text: 'see' },
                { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } },
              ],
            },
            { type: 'text', text: 'and now?' },
          ],
        },
      ],
    });
    expect(body.messages).toEqual([
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
          { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: '[tool error]\nbroke' },
      { role: 'tool', tool_call_id: 'b', content: 'see' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '[attachment of the result of tool call b]' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
          { type: 'text', text: 'and now?' },
        ],
      },
    ]);
  });

  test('tools and every tool_choice', () => {
    const tools = [
      {
        name: 'f',
        description: 'd',
        input_schema: { type: 'object' },
        strict: true,
        cache_control: { type: 'ephemeral' },
      },
    ];
    const { body, leftOut } = toChat({
      tools,
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    });
    expect(body).toMatchObject({
      tools: [
        {
          type: 'function',
          function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
        },
      ],
      tool_choice: 'required',
      parallel_tool_calls: false,
    });
    expect(leftOut).toEqual(['cache_control']);
    const choice = (tool_choice: JsonObject) => toChat({ tools, tool_choice }).body.tool_choice;
    expect(choice({ type: 'auto' })).toBe('auto');
    expect(choice({ type: 'none' })).toBe('none');
    expect(choice({ type: 'tool', name: 'f' })).toEqual({ type: 'function', function: { name: 'f' } });
  });

  test('cache marks go where they are understood', () => {
    const marked = { type: 'text', text: 'long', cache_control: { type: 'ephemeral', ttl: '1h' } };
    const { body, leftOut } = toChat(
      { system: [marked], messages: [{ role: 'user', content: [marked] }] },
      'openrouter',
      'anthropic/claude',
    );
    expect(body.messages).toEqual([
      { role: 'system', content: [marked] },
      { role: 'user', content: [marked] },
    ]);
    expect(leftOut).toEqual([]);
  });

  test('thinking is asked for in the words of each provider, or told as left out', () => {
    const thinking = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } });
    expect(toChat(thinking(2_000)).body.reasoning_effort).toBe('low');
    expect(toChat(thinking(8_000)).body.reasoning_effort).toBe('medium');
    expect(toChat(thinking(31_999)).body.reasoning_effort).toBe('high');
    expect(
      toChat({ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }).body.reasoning_effort,
    ).toBe('high');
    expect(toChat({ thinking: { type: 'disabled' } }).body.reasoning_effort).toBeUndefined();
    expect(toChat(thinking(8_000), 'openrouter', 'x').body.reasoning).toEqual({ effort: 'medium' });
    const plain = toChat(thinking(8_000), 'openai', 'gpt-4.1');
    expect(plain.body.reasoning_effort).toBeUndefined();
    expect(plain.leftOut).toEqual(['thinking']);
  });

  test('reasoning goes back to the provider that made it and to nobody else', () => {
    const messages = [
      {
        role: 'assistant',
        content: [
          {
            type: 'thinking',
            thinking: 'by deepseek',
            signature: sealReasoning({ provider: 'deepseek', details: [] }),
          },
          { type: 'thinking', thinking: 'by claude', signature: 'EvQBCkYI' },
          { type: 'redacted_thinking', data: 'secret' },
          { type: 'text', text: 'so' },
        ],
      },
    ];
    expect(toChat({ messages }, 'deepseek', 'm').body.messages).toEqual([
      { role: 'assistant', content: 'so', reasoning_content: 'by deepseek' },
    ]);
    expect(toChat({ messages }, 'groq', 'm').body.messages).toEqual([{ role: 'assistant', content: 'so' }]);
  });

  test('structured output, stop sequences, sampling, caller', () => {
    const { body } = toChat({
      output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
      stop_sequences: ['a', 'b'],
      temperature: 0.5,
      top_p: 0.9,
      metadata: { user_id: 'u-1' },
      service_tier: 'standard_only',
    });
    expect(body).toMatchObject({
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: { type: 'object' }, strict: true },
      },
      stop: ['a', 'b'],
      temperature: 0.5,
      top_p: 0.9,
      user: 'u-1',
      service_tier: 'default',
    });
    expect(toChat({ temperature: 1 }).body.temperature).toBeUndefined();
    expect(toChat({ top_k: 5 }, 'vllm', 'm').body.top_k).toBe(5);
  });

  test('what only advises is told as left out', () => {
    const { leftOut } = toChat({
      context_management: { edits: [] },
      metadata: { user_id: 'x'.repeat(200) },
      speed: 'fast',
    });
    expect(leftOut).toEqual(['context_management', 'metadata.user_id', 'speed']);
  });

  test.each<[string, string, JsonObject]>([
    [
      'the tool web_search_20250305',
      'tools',
      { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
    ],
    ['mcp_servers', 'mcp_servers', { mcp_servers: [{ type: 'url', url: 'https://x.test' }] }],
    ['a container', 'container', { container: 'c_1' }],
    ['top_k', 'top_k', { top_k: 5 }],
    ['more than 4 stop sequences', 'stop_sequences', { stop_sequences: ['1', '2', '3', '4', '5'] }],
    [
      'a server_tool_use block',
      'messages',
      { messages: [{ role: 'assistant', content: [{ type: 'server_tool_use' }] }] },
    ],
    [
      'a document by URL',
      'messages',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'document', source: { type: 'url', url: 'https://x.test/a.pdf' } }],
          },
        ],
      },
    ],
    [
      'an image by file id',
      'messages',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'f' } }] }] },
    ],
    [
      'citations of a document',
      'messages',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'document', citations: { enabled: true }, source: { type: 'text', data: 'x' } },
            ],
          },
        ],
      },
    ],
  ])('%s is refused by name', (feature, param, body) => {
    expect(refusalOf(() => toChat(body))).toMatchObject({
      code: 'unsupported_feature',
      param,
      message: `The request uses ${feature}, which cannot be carried to openai. Leave it out or choose another model.`,
    });
  });
});
