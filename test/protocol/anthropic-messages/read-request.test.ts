// Guarantee: what the gateway decides by is read from an Anthropic request, and an unusable field is named.
import { expect, test } from 'bun:test';
import { AppError } from '../../../src/errors/app-error.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { readMessagesRequest } from '../../../src/protocol/anthropic-messages/read-request.ts';
import { sealReasoning } from '../../../src/protocol/translate/reasoning.ts';

const MESSAGES = [{ role: 'user', content: 'hi' }];

test('the plain request', () => {
  expect(readMessagesRequest({ model: 'm', max_tokens: 5, messages: MESSAGES, stream: true })).toMatchObject({
    model: 'm',
    stream: true,
    maxOutputTokens: 5,
    choices: 1,
    clientSessionId: null,
    features: { tools: false, images: false, thinking: false, signedThinking: false },
  });
});

test('features are found wherever they stand', () => {
  const facts = readMessagesRequest({
    model: 'm',
    thinking: { type: 'adaptive' },
    tools: [{ name: 't', input_schema: {} }],
    output_config: { format: { type: 'json_schema', schema: {} } },
    messages: [
      { role: 'assistant', content: [{ type: 'thinking', thinking: 't', signature: 's' }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', content: [{ type: 'image' }] }] },
      { role: 'user', content: [{ type: 'document' }] },
    ],
  });
  expect(facts.features).toEqual({
    tools: true,
    images: true,
    documents: true,
    audio: false,
    thinking: true,
    signedThinking: true,
    structuredOutput: true,
  });
});

test.each(['', sealReasoning({ provider: 'deepseek', details: [] })])(
  'unsigned thinking, and what Tollgate sealed, bind to nobody (%p)',
  (signature) => {
    const content = [{ type: 'thinking', thinking: 't', signature }];
    const facts = readMessagesRequest({ model: 'm', messages: [{ role: 'assistant', content }] });
    expect(facts.features.signedThinking).toBe(false);
  },
);

test('the session id of Claude Code, in both of its forms', () => {
  const session = (user_id: string) =>
    readMessagesRequest({ model: 'm', messages: MESSAGES, metadata: { user_id } }).clientSessionId;
  expect(session('{"device_id":"d","account_uuid":"","session_id":"0b7e-1"}')).toBe('0b7e-1');
  expect(session('user_abc_account__session_0b7e-2')).toBe('0b7e-2');
  expect(session('somebody@example.org')).toBeNull();
  expect(session('{"session_id":"<script>"}')).toBeNull();
});

test.each<[string, JsonObject]>([
  ['model', { messages: MESSAGES }],
  ['model', { model: '', messages: MESSAGES }],
  ['messages', { model: 'm' }],
  ['stream', { model: 'm', messages: MESSAGES, stream: 'yes' }],
  ['max_tokens', { model: 'm', messages: MESSAGES, max_tokens: 1.5 }],
  ['max_tokens', { model: 'm', messages: MESSAGES, max_tokens: '5' }],
])('an unusable %s is named', (param, body) => {
  let caught: unknown;
  try {
    readMessagesRequest(body);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(AppError);
  expect((caught as AppError).code).toBe('invalid_request');
  expect((caught as AppError).options.param).toBe(param);
});
