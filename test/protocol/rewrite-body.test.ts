// Guarantee: a body changes in the named values only; a deciding key that is repeated is found. Attack: names in nested objects, in strings, spelt with escapes.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { JsonObject } from '../../src/lib/json.ts';
import { splice, spliceBytes } from '../../src/lib/json-spans.ts';
import { type BodyRewrite, editsOf, outlineOf } from '../../src/protocol/openai-chat/rewrite-body.ts';

const MODEL: BodyRewrite = { model: 'gpt', includeUsage: false, temperatureZero: 'keep' };
const USAGE: BodyRewrite = { model: 'gpt', includeUsage: true, temperatureZero: 'set' };

function rewritten(text: string, rewrite = MODEL): string {
  const edits = editsOf(text, outlineOf(text), rewrite);
  const changed = splice(text, edits);
  // A long body goes out in parts, as the same bytes.
  expect(Buffer.concat(spliceBytes(Buffer.from(text), text, edits)).toString()).toBe(changed);
  return changed;
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
        const changed = JSON.parse(rewritten(body, rewrite)) as JsonObject;
        const expected = { ...(JSON.parse(body) as JsonObject), model: 'gpt' };
        if (rewrite === MODEL) expect(changed).toEqual(expected);
        else expect(changed.stream_options).toEqual({ include_usage: true });
      }
    });

  test('a body without a model of its own stays as it is', () => {
    for (const body of ['{"contents":[{"model":"nested"}]}', '{"contents":[],"text":"\\"model\\":\\"x\\""}'])
      expect(rewritten(body)).toBe(body);
  });

  test('a repeated deciding key is found, however it is spelt', () => {
    for (const [body, key] of [
      ['{"model":"a","model":"b"}', 'model'],
      ['{"model":"a","mod\\u0065l":"b"}', 'model'],
      ['{"stream":true,"model":"a","stream":false}', 'stream'],
      ['{"n":1,"model":"a","\\u006e":2}', 'n'],
    ] as const)
      expect(outlineOf(body).repeated).toBe(key);
    expect(outlineOf('{"model":"a","user":"b","user":"c","x":{"model":"d"}}').repeated).toBeNull();
  });
});

test('characters of any length before, in and behind what is changed', () => {
  const part = fc.string({ unit: 'grapheme', maxLength: 8 });
  fc.assert(
    fc.property(part, part, part, part, (before, model, options, behind) => {
      const text = JSON.stringify({
        before,
        model,
        between: behind,
        stream_options: { options },
        temperature: 0,
        behind,
      });
      expect(JSON.parse(rewritten(text, USAGE))).toEqual({
        before,
        model: 'gpt',
        between: behind,
        stream_options: { options, include_usage: true },
        temperature: 1,
        behind,
      });
    }),
  );
});
