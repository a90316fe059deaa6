// Guarantee: a body is the text that was sent, or it is refused; nothing is read into it.
// Attack: bytes that are no text, and nesting that a parser further on would break on, also where one value hides another.
import { describe, expect, test } from 'bun:test';
import { AppError } from '../../src/errors/app-error.ts';
import { parseBody } from '../../src/gateway/read-request.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function refusal(bytes: Uint8Array): string {
  try {
    parseBody(bytes);
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('text', () => {
  test('of any characters, the one for what cannot be read among them', () => {
    for (const value of ['plain', 'Grüße', '漢字 😀', 'a\uFFFDb', '\uFEFFmark within']) {
      const text = JSON.stringify({ value });
      const body = parseBody(bytesOf(text));
      expect([body.text, body.json.value]).toEqual([text, value]);
      expect(Buffer.from(body.bytes ?? [])).toEqual(Buffer.from(text));
    }
  });

  test('a byte order mark is no part of it, nor of the bytes that could go on', () => {
    const body = parseBody(bytesOf('\uFEFF{"a":1}'));
    expect([body.text, body.bytes, body.byteLength]).toEqual(['{"a":1}', null, 10]);
  });

  test('what is none is refused', () => {
    for (const wrong of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98]]) {
      const bytes = Uint8Array.of(...bytesOf('{"a":"'), ...wrong, ...bytesOf('"}'));
      expect(refusal(bytes)).toContain('invalid_json: ');
      expect(refusal(bytes)).toContain('not valid UTF-8');
    }
  });
});

describe('nesting', () => {
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

  test('of 512 levels, whatever stands in strings', () => {
    const shallow = '[{},[]],'.repeat(2_000);
    for (const inner of [nested(511), `[${shallow}0]`, JSON.stringify('[{"\\'.repeat(1_000))])
      expect(refusal(bytesOf(`{"a":${inner}}`))).toBe('none');
  });

  test('beyond that is refused, also where a later value takes its place', () => {
    for (const body of [
      `{"a":${nested(512)}}`,
      `{"a":${nested(600)},"a":1}`,
      `{"b":"]]]]","a":${'{"x":'.repeat(512)}1${'}'.repeat(512)}}`,
    ])
      expect(refusal(bytesOf(body))).toContain('nested deeper than 512 levels');
  });
});

test('a key that decides rights or accounting and is repeated is refused by its name', () => {
  for (const [body, key] of [
    ['{"model":"a","messages":[],"model":"b"}', 'model'],
    ['{"model":"a","mod\\u0065l":"b"}', 'model'],
    ['{"max_tokens":1,"model":"a","max_tokens":2}', 'max_tokens'],
  ] as const)
    expect(refusal(bytesOf(body))).toBe(`invalid_request: '${key}' appears more than once`);
  expect(refusal(bytesOf('{"user":"a","user":"b","model":"c"}'))).toBe('none');
});
