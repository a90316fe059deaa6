// Generators of what a broken or hostile provider may send, for property tests of everything that reads streams.
import fc from 'fast-check';
import type { Json } from '../../src/lib/json.ts';

/** Events that look like the formats' own but have fields of any type, broken JSON, or another format's shape. */
const anyJson = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
export const hostileObject = fc.dictionary(
  fc.constantFrom(
    'type',
    'index',
    'delta',
    'message',
    'content_block',
    'usage',
    'choices',
    'error',
    'candidates',
    'id',
    'model',
    'content',
    'tool_calls',
    'usageMetadata',
    'promptFeedback',
    'finish_reason',
    '__proto__',
  ),
  fc.oneof(
    anyJson,
    fc.constantFrom<Json>(
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
      { type: 'text', text: 'x' },
      { type: 'tool_use', name: 'f', id: 'i', input: { a: 1 } },
      { type: 'thinking_delta', thinking: 't' },
      { type: 'text_delta', text: 5 },
      { type: 'input_json_delta', partial_json: '{' },
      [{ index: 0, delta: { content: [null, 5] }, finish_reason: 'stop' }],
      [
        {
          index: 'x',
          delta: { tool_calls: [{ index: -1, function: null }, 7, { function: { name: 'f' } }] },
        },
      ],
      [
        {
          content: {
            parts: [
              { functionCall: { name: 'f', partialArgs: [{ jsonPath: '$.__proto__.x', stringValue: 'y' }] } },
            ],
          },
        },
      ],
      [
        {
          content: {
            parts: [{ functionCall: { name: 'f', partialArgs: [{ jsonPath: '$[999999999].x' }] } }, null],
          },
          finishReason: 'STOP',
        },
      ],
    ),
  ),
);
/** Well-shaped pieces in any order and under any index: the likelier kind of trouble. */
const TEXT = 'ü'.repeat(3);
const plausibleAnthropic = fc.record(
  {
    type: fc.constantFrom(
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
      'ping',
    ),
    index: fc.integer({ min: -1, max: 3 }),
    message: fc.constantFrom<Json>(
      null,
      { id: 'm', model: 'c', content: [] },
      { content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }] },
    ),
    content_block: fc.constantFrom<Json>(
      { type: 'text', text: TEXT },
      { type: 'thinking', thinking: '' },
      { type: 'redacted_thinking', data: 'd' },
      { type: 'tool_use', id: 'i', name: 'f', input: {} },
      { type: 'server_tool_use', id: 's', name: 'web_search' },
    ),
    delta: fc.constantFrom<Json>(
      { type: 'text_delta', text: TEXT },
      { type: 'thinking_delta', thinking: TEXT },
      { type: 'signature_delta', signature: 's' },
      { type: 'input_json_delta', partial_json: '{"a":' },
      { type: 'input_json_delta', partial_json: '1}' },
      { stop_reason: 'tool_use' },
    ),
    usage: fc.constantFrom<Json>(null, { output_tokens: 3 }, { input_tokens: 'x' }),
  },
  { requiredKeys: ['type'] },
);
const plausibleCall = fc.record(
  {
    index: fc.integer({ min: -1, max: 3 }),
    id: fc.constantFrom('a', 'b', ''),
    function: fc.record(
      { name: fc.constantFrom('', 'f', 'g'), arguments: fc.constantFrom('', '{', '{}', '}', '"a":1') },
      { requiredKeys: [] },
    ),
    extra_content: fc.constant({ google: { thought_signature: 's' } }),
  },
  { requiredKeys: [] },
);
const plausibleChat = fc.record({
  id: fc.constant('c'),
  choices: fc.array(
    fc.record({
      index: fc.constant(0),
      delta: fc.record(
        {
          content: fc.constantFrom<Json>(TEXT, '', null, [{ type: 'thinking', thinking: [{ text: 't' }] }]),
          reasoning_content: fc.constantFrom('', 'r'),
          reasoning_details: fc.constantFrom<Json>([{ type: 'reasoning.encrypted', data: 'd' }], null),
          tool_calls: fc.array(plausibleCall, { maxLength: 3 }),
        },
        { requiredKeys: [] },
      ),
      finish_reason: fc.constantFrom('stop', null, null, null),
    }),
    { maxLength: 1 },
  ),
});
const plausibleGemini = fc.record({
  candidates: fc.array(
    fc.record(
      {
        content: fc.record({
          parts: fc.array(
            fc.constantFrom<Json>(
              { text: TEXT },
              { text: 't', thought: true, thoughtSignature: 's' },
              { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 's' },
              { functionCall: { name: 'g', willContinue: true } },
              {
                functionCall: {
                  partialArgs: [{ jsonPath: '$.a[1].b', stringValue: 'x', willContinue: true }],
                  willContinue: true,
                },
              },
              { functionCall: {} },
            ),
            { maxLength: 3 },
          ),
        }),
        finishReason: fc.constantFrom('STOP', 'SAFETY'),
      },
      { requiredKeys: [] },
    ),
    { maxLength: 1 },
  ),
});
export const hostileEvent = fc.record({
  event: fc.option(fc.constantFrom('error', 'message_stop', 'ping')),
  data: fc.oneof(
    fc
      .oneof(hostileObject, plausibleAnthropic, plausibleChat, plausibleGemini)
      .map((each) => JSON.stringify(each)),
    fc.string(),
    fc.constantFrom(
      '',
      '[DONE]',
      '{',
      '[]',
      'null',
      '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
    ),
  ),
});
