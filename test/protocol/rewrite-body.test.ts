// Guarantee: a body changes in the named values only, whether it is searched or read; a deciding key that is repeated is
// refused. Attack: names in nested objects, in strings, spelt with escapes.
import { describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../src/lib/json.ts';
import {
  type BodyRewrite,
  rewriteBody,
  SEARCHED_CHARS_MAX,
} from '../../src/protocol/openai-chat/rewrite-body.ts';

const MODEL: BodyRewrite = { model: 'gpt', includeUsage: false, temperatureZero: 'keep' };
const USAGE: BodyRewrite = { model: 'gpt', includeUsage: true, temperatureZero: 'set' };
const PADDING = ' '.repeat(SEARCHED_CHARS_MAX);

function rewritten(text: string, rewrite = MODEL): string {
  return rewriteBody({ text, json: JSON.parse(text) as JsonObject }, rewrite);
}

/** The same body too long to be searched: white space before its brace changes nothing. */
function readWhole(text: string, rewrite = MODEL): string {
  return rewritten(`${PADDING}${text}`, rewrite).slice(PADDING.length);
}

const BODIES = [
  '{"model":"openai/gpt","messages":[]}',
  '{"messages":[{"role":"user","content":"say \\"model\\": \\"x\\""}],"model" : "openai/gpt"}',
  '{ "model":   "openai/gpt", "n": 1, "max_tokens": 5 }\n',
  '{"messages":[{"content":"model","model":"nested"}],"model":"openai/gpt"}',
  '{"tools":[{"model":"nested"}],"mod\\u0065l":"openai/gpt"}',
  '{"model":"open\\u0061i/gpt","messages":[]}',
  '{"model":"a\\"b","messages":["}"]}',
  '{"model":"openai/gpt","stream_options":{"include_usage":false},"temperature":0}',
  '{"model":"openai/gpt","temperature":0.0,"messages":[{"content":"}"}]}',
  '{"metadata":{"stream_options":1,"temperature":0},"model":"openai/gpt"}',
  '{"model":"model"}',
  '{"messages":["é, 日本, \\\\"],"model":"日本/gpt"}',
] as const;

describe('the names in a body', () => {
  for (const body of BODIES)
    test(body, () => {
      for (const rewrite of [MODEL, USAGE]) {
        expect(rewritten(body, rewrite)).toBe(readWhole(body, rewrite));
        const changed = JSON.parse(rewritten(body, rewrite)) as JsonObject;
        const expected = { ...(JSON.parse(body) as JsonObject), model: 'gpt' };
        if (rewrite === MODEL) expect(changed).toEqual(expected);
        else expect(changed.stream_options).toEqual({ include_usage: true });
      }
    });

  test('a body without a model of its own stays as it is', () => {
    for (const body of ['{"contents":[{"model":"nested"}]}', '{"contents":[],"text":"\\"model\\":\\"x\\""}'])
      expect([rewritten(body), readWhole(body)]).toEqual([body, body]);
  });

  test('a repeated deciding key is refused, however it is spelt', () => {
    for (const body of [
      '{"model":"a","model":"b"}',
      '{"model":"a","mod\\u0065l":"b"}',
      '{"stream":true,"model":"a","stream":false}',
      '{"n":1,"model":"a","\\u006e":2}',
    ]) {
      expect(() => rewritten(body)).toThrow('appears more than once');
      expect(() => readWhole(body)).toThrow('appears more than once');
    }
  });
});
