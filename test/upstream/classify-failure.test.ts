// Guarantee: every refusal of a provider has one kind, and the kind decides; a caller's words never choose a worse one.
import { describe, expect, test } from 'bun:test';
import type { FailureKind } from '../../src/core/usage-event.ts';
import { classifyAnswer, classifyStreamError, classifyThrown } from '../../src/upstream/classify-failure.ts';
import { readProviderError } from '../../src/upstream/provider-error.ts';

const ROWS: readonly (readonly [status: number, body: string, kind: FailureKind])[] = [
  [401, '{"error":{"message":"Incorrect API key provided"}}', 'authentication'],
  [403, '{"error":{"message":"Country not supported"}}', 'forbidden'],
  [
    403,
    '{"error":{"message":"Your chosen model requires moderation and your input was flagged"}}',
    'invalid_request',
  ],
  [402, '{"error":{"message":"Insufficient Balance"}}', 'quota_exceeded'],
  [404, '{"error":{"message":"no such model"}}', 'not_found'],
  [408, '', 'server_error'],
  [413, '{"error":{"message":"Request too large"}}', 'invalid_request'],
  [422, '{"detail":[{"msg":"field required"}]}', 'invalid_request'],
  [429, '{"error":{"message":"Rate limit reached"}}', 'rate_limit'],
  [429, '', 'rate_limit'],
  [429, '{"error":{"code":"insufficient_quota","message":"x"}}', 'quota_exceeded'],
  [
    429,
    '{"error":{"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota"}}',
    'quota_exceeded',
  ],
  [500, '<html>oops</html>', 'server_error'],
  [502, '', 'server_error'],
  [503, '', 'overloaded'],
  [529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 'overloaded'],
  [307, '', 'bad_answer'],
  [400, '{"error":{"message":"bad temperature"}}', 'invalid_request'],
  [400, '{"error":{"code":"context_length_exceeded","message":"x"}}', 'context_window_exceeded'],
  [
    400,
    '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8"}}',
    'context_window_exceeded',
  ],
  [
    400,
    '{"error":{"message":"API key not valid. Please pass a valid API key.","details":[{"reason":"API_KEY_INVALID"}]}}',
    'authentication',
  ],
  // A caller who makes the provider quote these words must not be able to quarantine a key.
  [400, '{"error":{"message":"Unknown model \'incorrect api key provided\'"}}', 'invalid_request'],
];

describe('classifyAnswer', () => {
  for (const [status, body, kind] of ROWS) {
    test(`${status} ${body.slice(0, 60)} is ${kind}`, () => {
      expect(classifyAnswer(status, readProviderError(body, []).error)).toBe(kind);
    });
  }
});

test('errors inside a stream', () => {
  expect(classifyStreamError('overloaded_error', 'Overloaded')).toBe('overloaded');
  expect(classifyStreamError('rate_limit_error', 'slow')).toBe('rate_limit');
  expect(classifyStreamError(null, 'something broke')).toBe('server_error');
  expect(classifyStreamError('invalid_request_error', 'bad')).toBe('invalid_request');
});

test('errors of the connection', () => {
  expect(classifyThrown(Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }))).toBe('tls');
  expect(classifyThrown(Object.assign(new Error('x'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }))).toBe('tls');
  expect(classifyThrown(Object.assign(new Error('x'), { code: 'ConnectionRefused' }))).toBe('connection');
});

test('what a provider says is redacted and bounded, and a page of HTML is not shown', () => {
  const said = JSON.stringify({
    error: { message: `key sk-abcdef123456 and canary-secret-1 ${'x'.repeat(9_000)}` },
  });
  const { error } = readProviderError(said, ['canary-secret-1']);
  expect(error.message).not.toContain('sk-abcdef123456');
  expect(error.message).not.toContain('canary');
  expect(error.message.length).toBeLessThanOrEqual(500);
  expect(error.message).toStartWith('key ');
  expect(readProviderError('<html><body>nginx</body></html>', []).error.message).toBe('');
  expect(readProviderError('plain words', []).error.message).toBe('plain words');
});
