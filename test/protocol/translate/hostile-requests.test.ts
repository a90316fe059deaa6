// Guarantee: whatever a caller sends, a request translation either gives a body or refuses with a clear error of ours.
// Attack: a body that is JSON but no request makes the server fail with an internal error, or hang.
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import fc from 'fast-check';
import { AppError } from '../../../src/errors/app-error.ts';
import type { Json, JsonObject } from '../../../src/lib/json.ts';
import { translatorFor } from '../../../src/protocol/translate/translators.ts';

// Many generated cases, on machines that may be busy.
setDefaultTimeout(60_000);

const any = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
const block = fc.oneof(
  any,
  fc.record(
    {
      type: fc.constantFrom<Json>(
        'text',
        'image',
        'document',
        'tool_use',
        'tool_result',
        'thinking',
        'redacted_thinking',
        'image_url',
        'file',
        'input_audio',
        'search_result',
        5,
      ),
      text: any,
      source: fc.oneof(
        any,
        fc.record({
          type: fc.constantFrom('base64', 'url', 'text', 'content', 'file'),
          data: any,
          url: any,
          content: any,
        }),
      ),
      input: any,
      content: any,
      id: any,
      tool_use_id: any,
      image_url: fc.oneof(
        any,
        fc.record({ url: fc.constantFrom<Json>('data:;base64,', 'http://x', 'x', null) }),
      ),
      file: fc.oneof(
        any,
        fc.record({
          file_data: fc.constantFrom<Json>('data:text/x;base64,//', 'data:application/pdf;base64,A', 7),
        }),
      ),
      signature: fc.constantFrom<Json>('tollgate.e30', 'tollgate.bm90IGpzb24', 'tollgate.', 's', null),
      cache_control: any,
    },
    { requiredKeys: ['type'] },
  ),
);
const message = fc.oneof(
  any,
  fc.record(
    {
      role: fc.constantFrom<Json>('user', 'assistant', 'system', 'developer', 'tool', 'function', null),
      content: fc.oneof(any, fc.array(block, { maxLength: 4 })),
      tool_calls: fc.oneof(
        any,
        fc.array(fc.record({ id: any, function: fc.oneof(any, fc.record({ name: any, arguments: any })) }), {
          maxLength: 2,
        }),
      ),
      reasoning_details: fc.oneof(
        any,
        fc.array(
          fc.record(
            {
              type: fc.constantFrom('reasoning.text', 'reasoning.encrypted'),
              text: any,
              signature: any,
              data: any,
              format: fc.constantFrom('anthropic-claude-v1', 'google-gemini-v1'),
              after: any,
            },
            { requiredKeys: [] },
          ),
          { maxLength: 3 },
        ),
      ),
      tool_call_id: any,
    },
    { requiredKeys: ['role'] },
  ),
);
const request = fc
  .record({
    messages: fc.array(message, { maxLength: 4 }),
    more: fc.dictionary(
      fc.constantFrom(
        'system',
        'tools',
        'tool_choice',
        'thinking',
        'output_config',
        'metadata',
        'stop',
        'stop_sequences',
        'temperature',
        'max_tokens',
        'response_format',
        'reasoning',
        'reasoning_effort',
        'n',
        'stream',
        'modalities',
        'parallel_tool_calls',
        'user',
        '__proto__',
      ),
      any,
      { maxKeys: 4 },
    ),
  })
  .map(({ messages, more }) => ({ ...more, messages }) as JsonObject);

describe('hostile requests', () => {
  for (const [client, provider, name] of [
    ['openai-chat', 'anthropic-messages', 'anthropic'],
    ['openai-chat', 'gemini', 'gemini'],
    ['anthropic-messages', 'openai-chat', 'openrouter'],
    ['anthropic-messages', 'gemini', 'gemini'],
  ] as const) {
    test(`${client} to ${provider}`, () => {
      let carried = 0;
      fc.assert(
        fc.property(request, (body) => {
          try {
            const translated = translatorFor(client, provider)?.request(body, {
              model: 'gemini-3',
              provider: name,
              includeUsage: true,
            });
            JSON.stringify(translated?.body);
            carried += 1;
          } catch (error) {
            if (!(error instanceof AppError)) throw error;
            expect(['unsupported_feature', 'invalid_request']).toContain(error.code);
          }
        }),
        { numRuns: 600 },
      );
      // A generator that is always refused would prove nothing.
      expect(carried).toBeGreaterThan(30);
    });
  }
});
