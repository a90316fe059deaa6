// Guarantee: the cheap look at chunks never misses a fact, whatever the chunk holds and however the bytes were cut.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { skimChunk } from '../../src/protocol/openai-chat/skim-chunk.ts';
import { ChatStreamReader } from '../../src/protocol/openai-chat/usage.ts';
import { SseParser } from '../../src/protocol/sse.ts';

const encoder = new TextEncoder();

const chunk = fc.record({
  model: fc.constantFrom('m-1', 'm-2', undefined),
  choices: fc.array(
    fc.record({
      index: fc.constant(0),
      delta: fc.record({ content: fc.string({ unit: 'binary' }) }),
      finish_reason: fc.constantFrom(null, null, null, 'stop', 'length'),
    }),
    { maxLength: 2 },
  ),
  usage: fc.option(fc.record({ prompt_tokens: fc.nat(99), completion_tokens: fc.nat(99) }), { freq: 4 }),
});

describe('skimming', () => {
  test('gives the same facts as reading every event', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 200 })),
        (chunks, sizes) => {
          const bytes = encoder.encode(
            `${chunks.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('')}data: [DONE]\n\n`,
          );
          const whole = new ChatStreamReader();
          for (const event of new SseParser().push(bytes)) whole.push(event);
          const skimmed = new ChatStreamReader();
          const events = new SseParser();
          for (const piece of cut(bytes, sizes)) {
            if (events.idle && skimmed.skim?.(piece)) continue;
            for (const event of events.push(piece)) skimmed.push(event);
          }
          expect(skimmed.facts().usage).toEqual(whole.facts().usage);
          expect(skimmed.facts().finishReason).toBe(whole.facts().finishReason);
          expect(skimmed.ended).toBe(whole.ended);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('counts output and refuses what is not whole, not plain or holds a fact', () => {
    const skim = (text: string) => skimChunk(encoder.encode(text));
    expect(
      skim('data: {"choices":[{"delta":{"content":"ab\\"c"}}]}\n\ndata: {"x":{"content":"de"}}\n\n'),
    ).toBe(7);
    expect(skim('data: {"a": "b", "content": "\\\\", "finish_reason": null, "usage": null}\n\n')).toBe(2);
    expect(skim('data: {"list":["usage","error"],"contents":"x","content":null}\n\n')).toBe(0);
    for (const text of [
      'data: {"a":1}\n',
      'data: {"a":1}',
      'data: {"a":1}\r\n\r\n',
      'data: {"a":1}\n\ndata: [DONE]\n\n',
      'data: {"a":1}\n\n\n',
      'data: {"content":"ab',
      'data: {"content":"ab\n\n',
      'data: {"content":"ab\\"}\n\n',
      'data: {"usage" :{}}\n\n',
      'data: {"usage": {"prompt_tokens":1}}\n\n',
      'data: {"x":{"finish_reason":"stop"}}\n\n',
      'data: {"finish_reason": "stop"}\n\n',
      'data: {"error":null}\n\n',
      'data: {"a":1}\n\nevent: error\ndata: {}\n\n',
      ': ping\n\n',
      'event: x\ndata: {}\n\n',
      'data: [DONE]\n\n',
      'data: {"usage":{}}\n\n',
      '',
      '\n\n',
    ]) {
      expect(skim(text)).toBeNull();
    }
  });
});

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.byteLength; turn++) {
    const size = sizes[turn % Math.max(1, sizes.length)] ?? 80;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
