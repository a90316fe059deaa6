// Guarantee: tool calls and their results carry ids that the provider accepts, and stay together.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { newId } from '../../../src/lib/id.ts';
import { anthropicCallId, makeCallId, nineCharCallId } from '../../../src/protocol/translate/call-ids.ts';
import { translateRequest } from '../../support/translation.ts';

test('ids made here are short enough for OpenAI, plain enough for Anthropic, and differ between requests', () => {
  const ids = Array.from({ length: 50 }, () => makeCallId('toolu', newId('req'), '127_999'));
  for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
  expect(new Set(ids).size).toBe(50);
});

test('any id becomes one that is accepted, and always the same', () => {
  fc.assert(
    fc.property(fc.string(), (id) => {
      expect(nineCharCallId(id)).toMatch(/^[a-zA-Z0-9]{9}$/);
      expect(nineCharCallId(nineCharCallId(id))).toBe(nineCharCallId(id));
      expect(anthropicCallId(id)).toMatch(/^[a-zA-Z0-9_-]*$/);
    }),
  );
});

test("a conversation that moves to Mistral, or from Kimi's ids to Claude, keeps calls and results together", () => {
  const anthropic = [
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_01ABC', name: 'f', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_01ABC', content: 'x' }] },
  ];
  const mistral = translateRequest(
    { messages: anthropic },
    { client: 'anthropic-messages', provider: 'openai-chat', name: 'mistral', model: 'm' },
  );
  const id = nineCharCallId('toolu_01ABC');
  expect(mistral.body.messages).toMatchObject([{ tool_calls: [{ id }] }, { role: 'tool', tool_call_id: id }]);
  const chat = [
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'functions.f:0', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'functions.f:0', content: 'x' },
  ];
  const claude = translateRequest(
    { messages: chat },
    { client: 'openai-chat', provider: 'anthropic-messages', name: 'anthropic', model: 'm' },
  );
  expect(claude.body.messages).toMatchObject([
    { content: [{ id: 'functions_f_0' }] },
    { content: [{ tool_use_id: 'functions_f_0' }] },
  ]);
});
