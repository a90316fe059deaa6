// Guarantee: what an error text repeats of the request does not reach the ledger, and the rest of the text does.
import { describe, expect, test } from 'bun:test';
import { withoutEcho } from '../../src/lib/without-echo.ts';

const REQUEST = JSON.stringify({
  model: 'm',
  messages: [{ role: 'user', content: 'say "hello" to\nmy dear colleague' }],
});

describe('withoutEcho', () => {
  test('takes out a quoted prompt and keeps the words around it', () => {
    const text = 'Invalid content: say "hello" to\nmy dear colleague (at index 0)';
    expect(withoutEcho(text, REQUEST)).toBe('Invalid content: [request text] (at index 0)');
  });

  test('takes out the whole request when it is repeated as it came', () => {
    expect(withoutEcho(`bad: ${REQUEST}`, REQUEST)).toBe('bad: [request text]');
  });

  test('leaves an ordinary error alone', () => {
    const text = "Unsupported parameter: 'max_tokens' is not supported with this model.";
    expect(withoutEcho(text, REQUEST)).toBe(text);
  });

  test('takes bounded time on a large request', () => {
    const started = performance.now();
    withoutEcho('x y '.repeat(125), 'x y z'.repeat(2_000_000));
    expect(performance.now() - started).toBeLessThan(500);
  });
});
