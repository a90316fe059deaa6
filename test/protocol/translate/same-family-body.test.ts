// Guarantee: a request within one family is sent as it came, to the byte, unless it holds what the provider must not see.
import { expect, test } from 'bun:test';
import { asObject, type JsonObject, parseJson } from '../../../src/lib/json.ts';
import { sealReasoning } from '../../../src/protocol/translate/reasoning.ts';
import { sameFamilyBody } from '../../../src/protocol/translate/same-family-body.ts';

function sent(
  json: JsonObject,
  dialect: 'openai-chat' | 'anthropic-messages',
  provider: string,
): JsonObject | 'as it came' {
  const text = JSON.stringify(json, null, 1);
  const body = sameFamilyBody({ text, json }, dialect, provider);
  return body === text ? 'as it came' : (asObject(parseJson(body)) ?? {});
}

const LINE = { type: 'text', text: 'x-anthropic-billing-header: cc_version=2; cch=1;' };
const RULE = { type: 'text', text: 'Be brief.' };

test('the billing line stays on the way to Anthropic and goes on the way to anybody else', () => {
  const body = { system: [LINE, RULE], messages: [] };
  expect(sent(body, 'anthropic-messages', 'anthropic')).toBe('as it came');
  expect(sent(body, 'anthropic-messages', 'elsewhere')).toEqual({ system: [RULE], messages: [] });
  expect(sent({ system: [RULE], messages: [] }, 'anthropic-messages', 'elsewhere')).toBe('as it came');
});

test('thinking blocks that Tollgate sealed are taken out for Anthropic, its own stay', () => {
  const own = { type: 'thinking', thinking: 'a', signature: 'EvQB' };
  const sealed = {
    type: 'thinking',
    thinking: 'b',
    signature: sealReasoning({ provider: 'deepseek', details: [] }),
  };
  const turn = (...content: JsonObject[]) => ({
    messages: [
      { role: 'assistant', content },
      { role: 'user', content: 'hi' },
    ],
  });
  expect(sent(turn(own, sealed, RULE), 'anthropic-messages', 'anthropic')).toEqual(turn(own, RULE));
  expect(sent(turn(own, RULE), 'anthropic-messages', 'anthropic')).toBe('as it came');
});

test("other families' signatures are taken out of chat, but not for a server that understands them", () => {
  const message = {
    role: 'assistant',
    content: 'x',
    reasoning_content: 'r',
    reasoning_details: [{ type: 'reasoning.text', text: 'r', signature: 's', format: 'anthropic-claude-v1' }],
    tool_calls: [
      {
        id: 'a',
        type: 'function',
        function: { name: 'f', arguments: '{}' },
        extra_content: { google: { thought_signature: 's' } },
      },
    ],
  };
  const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
  const body = { messages: [message] };
  expect(sent(body, 'openai-chat', 'openai')).toEqual({
    messages: [{ role: 'assistant', content: 'x', tool_calls: [call] }],
  });
  expect(sent(body, 'openai-chat', 'local')).toEqual({
    messages: [{ role: 'assistant', content: 'x', tool_calls: message.tool_calls }],
  });
  expect(sent(body, 'openai-chat', 'openrouter')).toBe('as it came');
  const deepseek = { messages: [{ role: 'assistant', content: 'x', reasoning_content: 'its own' }] };
  expect(sent(deepseek, 'openai-chat', 'deepseek')).toBe('as it came');
});

test('a prompt that merely speaks of what is taken out goes out as it came', () => {
  const says = (content: string) => ({ system: content, messages: [{ role: 'user', content }] });
  for (const dialect of ['openai-chat', 'anthropic-messages'] as const)
    for (const text of [
      'What does "reasoning_details" mean, and "thought_signature"?',
      'A line that begins with x-anthropic-billing-header: is for Anthropic.',
      'Is "tollgate.abc" a signature?',
    ])
      expect(sent(says(text), dialect, 'openai')).toBe('as it came');
  const details = [{ type: 'reasoning.text', text: 'r', format: 'unknown' }];
  const own = { messages: [{ role: 'assistant', content: 'x', reasoning_details: details }] };
  expect(sent(own, 'openai-chat', 'local')).toBe('as it came');
});
