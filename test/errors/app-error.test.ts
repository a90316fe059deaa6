// Guarantee: an error's public sentence comes from the catalogue alone; what is internal stays out of it.
import { expect, test } from 'bun:test';
import { appError, toAppError } from '../../src/errors/app-error.ts';

test('the catalogue gives status, type and sentence; parameters fill it', () => {
  const error = appError('body_too_large', { params: { limit: 10 }, internal: 'secret path' });
  expect(error.status).toBe(413);
  expect(error.type).toBe('invalid_request_error');
  expect(error.message).toBe('The request body is larger than 10 bytes, the limit set by BODY_BYTES_MAX.');
  expect(error.message).not.toContain('secret');
});

test('an unknown error becomes the bland one and keeps its text for the log', () => {
  const error = toAppError(new Error('password is hunter2'));
  expect(error.code).toBe('internal');
  expect(error.message).not.toContain('hunter2');
  expect(error.options.internal).toContain('hunter2');
  expect(toAppError(error)).toBe(error);
});
