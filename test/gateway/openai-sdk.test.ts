// Guarantee: the official OpenAI client works through Tollgate, and each call leaves one event with the upstream's own numbers.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import {
  chatCompletion,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const TOOL = {
  type: 'function' as const,
  function: { name: 'lookup', parameters: { type: 'object', properties: { query: { type: 'string' } } } },
};

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startScriptedUpstream(({ path, json }) => {
    if (path === '/v1/embeddings') {
      const data = [{ object: 'embedding', index: 0, embedding: [0.25, -0.5] }];
      return jsonAnswer({
        object: 'list',
        data,
        model: 'vec-2026',
        usage: { prompt_tokens: 5, total_tokens: 5 },
      });
    }
    if (json?.tools) return jsonAnswer(toolCompletion());
    if (json?.stream) return streamAnswer(storyStream(json.stream_options !== undefined));
    return jsonAnswer(
      chatCompletion('from the second upstream', { prompt_tokens: 21, completion_tokens: 4 }),
    );
  });
  tollgate = await startTollgate({
    DEMO_PROVIDER: 'on',
    SECOND_API_KEY: 'sk-second',
    SECOND_API_BASE: `${upstream.url}/v1`,
  });
  client = new OpenAI({ baseURL: `${tollgate.url}/v1`, apiKey: tollgate.key, maxRetries: 0 });
});

afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

describe('the openai client', () => {
  test('does a chat, a streamed chat, a tool call and an embedding on the demo provider', async () => {
    const messages = [{ role: 'user' as const, content: 'one two three' }];
    const chat = await client.chat.completions.create({ model: 'demo/echo', messages });
    expect(chat.choices[0]?.message.content).toBe('one two three');
    const streamed = await readStream('demo/story');
    expect(streamed.text).toStartWith('At the edge of the town');
    expect(streamed.usageChunks).toBe(0);
    const tool = await client.chat.completions.create({ model: 'demo/tools', messages, tools: [TOOL] });
    const call = tool.choices[0]?.message.tool_calls?.[0];
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({
      query: 'one two three',
    });
    const vector = await client.embeddings.create({ model: 'demo/embed', input: 'one two' });
    expect(vector.data[0]?.embedding).toHaveLength(8);

    const rows = (await tollgate.usageEvents(4)).filter((row) => row.provider === 'demo');
    expect(rows.map((row) => [row.endpoint, row.model_asked, row.streamed, row.outcome])).toEqual([
      ['/v1/chat/completions', 'demo/echo', 0, 'final'],
      ['/v1/chat/completions', 'demo/story', 1, 'final'],
      ['/v1/chat/completions', 'demo/tools', 0, 'final'],
      ['/v1/embeddings', 'demo/embed', 0, 'final'],
    ]);
    expect(rows[0]?.input_tokens).toBe(chat.usage?.prompt_tokens ?? -1);
    expect(rows[0]?.output_tokens).toBe(chat.usage?.completion_tokens ?? -1);
    expect(rows[3]?.input_tokens).toBe(vector.usage.prompt_tokens);
  });

  test('does the same on a second upstream, whose numbers are in the ledger', async () => {
    const before = (await tollgate.usageEvents(0)).length;
    const messages = [{ role: 'user' as const, content: 'hello' }];
    const chat = await client.chat.completions.create({ model: 'second/scripted', messages });
    expect(chat.choices[0]?.message.content).toBe('from the second upstream');
    expect((await readStream('second/scripted')).text).toBe('a b c ');
    const tool = await client.chat.completions.create({ model: 'second/scripted', messages, tools: [TOOL] });
    expect(tool.choices[0]?.finish_reason).toBe('tool_calls');
    const vector = await client.embeddings.create({
      model: 'second/vec',
      input: 'x',
      encoding_format: 'float',
    });
    expect(vector.data[0]?.embedding).toEqual([0.25, -0.5]);

    const rows = (await tollgate.usageEvents(before + 4)).slice(before);
    expect(
      rows.map((row) => [
        row.provider,
        row.model_served,
        row.input_tokens,
        row.output_tokens,
        row.provenance,
      ]),
    ).toEqual([
      ['second', 'scripted-2026', 21, 4, 'provider'],
      ['second', 'story-2026', 31, 3, 'provider'],
      ['second', 'scripted-2026', 41, 9, 'provider'],
      ['second', 'vec-2026', 5, null, 'provider'],
    ]);
    expect(rows.map((row) => row.user_id)).toEqual(Array(4).fill(tollgate.userId));
    expect(rows.every((row) => row.key_id === tollgate.keyId)).toBe(true);
    // The model's name is the provider's own, and the caller's key went nowhere.
    expect(upstream.requests.map((request) => request.json?.model)).toEqual([
      'scripted',
      'scripted',
      'scripted',
      'vec',
    ]);
    expect(upstream.requests.every((request) => request.headers.authorization === 'Bearer sk-second')).toBe(
      true,
    );
    expect(JSON.stringify(upstream.requests)).not.toContain(tollgate.key);
  });

  test('sees the usage chunk when it asks for it', async () => {
    const stream = await client.chat.completions.create({
      model: 'second/scripted',
      messages: [{ role: 'user', content: 'hello' }],
      stream: true,
      stream_options: { include_usage: true },
    });
    const usages = [];
    for await (const chunk of stream) if (chunk.usage) usages.push(chunk.usage.completion_tokens);
    expect(usages).toEqual([3]);
  });

  test('lists the models and finds one', async () => {
    const models = await client.models.list();
    expect(models.data.map((model) => model.id)).toContain('demo/echo');
    expect((await client.models.retrieve('demo/echo')).id).toBe('demo/echo');
    await expect(Promise.resolve(client.models.retrieve('demo/nothing'))).rejects.toThrow('404');
  });
});

async function readStream(model: string): Promise<{ text: string; usageChunks: number }> {
  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'tell me' }],
    stream: true,
  });
  let text = '';
  let usageChunks = 0;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    if (chunk.choices.length === 0) usageChunks += 1;
  }
  return { text, usageChunks };
}

function storyStream(withUsage: boolean): string[] {
  const head = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'story-2026' };
  const data = (body: object) => `data: ${JSON.stringify({ ...head, ...body })}\n\n`;
  const delta = (content: object, finish: string | null = null) =>
    data({ choices: [{ index: 0, delta: content, finish_reason: finish }] });
  return [
    ...['a ', 'b ', 'c '].map((content) => delta({ content })),
    delta({}, 'stop'),
    ...(withUsage
      ? [data({ choices: [], usage: { prompt_tokens: 31, completion_tokens: 3, total_tokens: 34 } })]
      : []),
    'data: [DONE]\n\n',
  ];
}

function toolCompletion() {
  const call = { id: 'call_1', type: 'function', function: { name: 'lookup', arguments: '{"query":"x"}' } };
  const message = { role: 'assistant', content: null, refusal: null, tool_calls: [call] };
  return {
    ...chatCompletion('', { prompt_tokens: 41, completion_tokens: 9 }),
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'tool_calls' }],
  };
}
