// Guarantee: each wire's error body has that wire's shape and shows the public sentence, never internal text.
import { expect, test } from 'bun:test';
import { appError, toAppError } from '../../src/errors/app-error.ts';
import { encodeAnthropicError } from '../../src/protocol/anthropic-messages/errors.ts';
import { encodeGeminiError } from '../../src/protocol/gemini/errors.ts';

test.each([
  ['invalid_api_key', 'authentication_error', 'UNAUTHENTICATED'],
  ['body_too_large', 'request_too_large', 'INVALID_ARGUMENT'],
  ['budget_exhausted', 'rate_limit_error', 'RESOURCE_EXHAUSTED'],
  ['overloaded', 'overloaded_error', 'UNAVAILABLE'],
  ['internal', 'api_error', 'INTERNAL'],
] as const)('%s', (code, anthropic, gemini) => {
  const error = appError(code, { internal: 'secret detail', params: { detail: 'd', limit: 1 } });
  expect(encodeAnthropicError(error, 'req_1').body).toEqual({
    type: 'error',
    error: { type: anthropic, message: error.message, code },
    request_id: 'req_1',
  });
  const body = encodeGeminiError(error, 'req_1').body;
  expect(body.error).toMatchObject({ code: error.status, status: gemini, message: error.message });
  expect(JSON.stringify(body)).toContain('req_1');
});

test('an unknown error shows one bland sentence', () => {
  const error = toAppError(new Error('password=hunter2'));
  expect(JSON.stringify([encodeAnthropicError(error, 'r'), encodeGeminiError(error, 'r')])).not.toContain(
    'hunter2',
  );
});
