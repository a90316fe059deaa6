// Guarantee: Anthropic usage is cumulative, cache writes are split by lifetime, and no malformed event throws.
import { expect, test } from 'bun:test';
import type { JsonObject } from '../../../src/lib/json.ts';
import { MessagesStreamReader, readMessagesUsage } from '../../../src/protocol/anthropic-messages/usage.ts';

function followed(...events: JsonObject[]) {
  const reader = new MessagesStreamReader();
  for (const event of events) reader.push({ event: String(event.type), data: JSON.stringify(event) });
  return reader;
}

test('the latest value of each field wins and nothing is added up', () => {
  const start = {
    input_tokens: 100,
    cache_read_input_tokens: 50,
    cache_creation_input_tokens: 10,
    output_tokens: 1,
  };
  const reader = followed(
    { type: 'message_start', message: { model: 'claude-a', usage: start } },
    { type: 'message_delta', delta: {}, usage: { output_tokens: 20, input_tokens: null } },
    {
      type: 'message_delta',
      delta: { stop_reason: 'max_tokens' },
      usage: { output_tokens: 30, input_tokens: 120 },
    },
    { type: 'message_stop' },
  );
  expect(reader.facts().usage).toMatchObject({
    inputTokens: 120,
    outputTokens: 30,
    promptTokens: 180,
    completionTokens: 30,
  });
  expect(reader.facts()).toMatchObject({ modelServed: 'claude-a', finishReason: 'max_tokens' });
  expect(reader.ended).toBe(true);
});

test('input that appears only in message_delta is read, as some compatible servers send it', () => {
  const reader = followed(
    { type: 'message_start', message: { model: 'm' } },
    { type: 'message_delta', delta: {}, usage: { input_tokens: 7, output_tokens: 3 } },
  );
  expect(reader.facts().usage?.promptTokens).toBe(7);
});

test('cache writes: the split counts, a bare total is five-minute, and the total bounds the split', () => {
  const split = { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 7 };
  const read = (usage: JsonObject) => {
    const { cacheWrite5mTokens, cacheWrite1hTokens } = readMessagesUsage(usage);
    return [cacheWrite5mTokens, cacheWrite1hTokens];
  };
  expect(read({ cache_creation_input_tokens: 10, cache_creation: split })).toEqual([3, 7]);
  expect(read({ cache_creation_input_tokens: 10 })).toEqual([10, null]);
  expect(read({ cache_creation: split })).toEqual([3, 7]);
  expect(read({ cache_creation_input_tokens: 12, cache_creation: split })).toEqual([5, 7]);
  expect(read({})).toEqual([null, null]);
});

test('absurd counts are no counts', () => {
  expect(readMessagesUsage({ input_tokens: -1, output_tokens: 'many' })).toMatchObject({
    inputTokens: null,
    outputTokens: null,
    promptTokens: null,
  });
});

test('an error event is kept, and rubbish is passed over', () => {
  const reader = followed({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
  for (const data of [
    '',
    'no json',
    '[]',
    'null',
    '{"type":5}',
    '{"type":"message_start"}',
    '{"type":"message_delta"}',
  ])
    reader.push({ event: null, data });
  expect(reader.error).toEqual({ type: 'overloaded_error', message: 'Overloaded' });
  expect(reader.ended).toBe(false);
});

test('output characters count text, thinking and arguments', () => {
  const delta = (part: JsonObject) => ({ type: 'content_block_delta', index: 0, delta: part });
  const reader = followed(
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'ab' } },
    delta({ type: 'text_delta', text: 'cde' }),
    delta({ type: 'thinking_delta', thinking: 'fg' }),
    delta({ type: 'input_json_delta', partial_json: '{}' }),
    delta({ type: 'signature_delta', signature: 'not output' }),
  );
  expect(reader.outputChars).toBe(9);
});
