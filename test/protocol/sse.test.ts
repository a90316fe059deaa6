// Guarantee: a stream gives the same events however its bytes were cut, within a character too, and never holds more than
// its bound. Attack: an event that never ends.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { SSE_EVENT_CHARS_MAX, type SseEvent, SseParser } from '../../src/protocol/sse.ts';

const encoder = new TextEncoder();

function read(bytes: Uint8Array, cuts: readonly number[] = []): SseEvent[] {
  const parser = new SseParser();
  const events: SseEvent[] = [];
  let from = 0;
  for (const cut of [...cuts.filter((at) => at < bytes.length).sort((a, b) => a - b), bytes.length]) {
    // Parts of bytes that go on behind them, as a read's pieces are.
    if (cut > from) events.push(...parser.push(bytes.subarray(from, cut)));
    from = Math.max(from, cut);
  }
  return [...events, ...parser.end()];
}

describe('events', () => {
  test('however the bytes were cut', () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `data: ${text}`),
      fc.constantFrom('event: ping', ': a comment', 'data:x', 'data', '', 'data: 😀é漢'),
    );
    const ending = fc.constantFrom('\n', '\r\n');
    const text = fc.array(fc.tuple(line, ending).map((parts) => parts.join('')));
    fc.assert(
      fc.property(text, fc.array(fc.nat(400)), fc.boolean(), (lines, cuts, mark) => {
        const bytes = encoder.encode((mark ? '\uFEFF' : '') + lines.join(''));
        expect(read(bytes, cuts)).toEqual(read(bytes));
      }),
      { numRuns: 1_000 },
    );
  });

  test('are what their lines say', () => {
    expect(
      read(encoder.encode('\uFEFFdata: ö\n\nevent: a\ndata: 1\ndata:2\r\n\r\n: no\n\ndata: last')),
    ).toEqual([
      { event: null, data: 'ö' },
      { event: 'a', data: '1\n2' },
      { event: null, data: 'last' },
    ]);
    // Half a character at the end of a stream, and bytes that are no text at all.
    const cut = read(Uint8Array.of(...encoder.encode('data: a\n\ndata: b'), 0xf0, 0x9f));
    expect(cut.map(({ data }) => data)).toEqual(['a', 'b\uFFFD']);
    expect(read(Uint8Array.of(...encoder.encode('data: '), 0xff, 10, 10))).toEqual([
      { event: null, data: '\uFFFD' },
    ]);
  });
});

test('one without an end is dropped, and the next is read', () => {
  const parser = new SseParser();
  const part = encoder.encode(`data: ${'x'.repeat(1_000_000)}`);
  for (let sent = 0; sent <= SSE_EVENT_CHARS_MAX; sent += part.length) expect(parser.push(part)).toEqual([]);
  expect(parser.idle).toBe(false);
  expect(parser.push(encoder.encode('\n\ndata: next\n\n'))).toEqual([{ event: null, data: 'next' }]);
  expect(parser.idle).toBe(true);
});
