// Guarantee: holding a stream back loses, doubles and reorders nothing, ends within its bounds, and tells a stream that
// failed before it began from one that is only slow.
import { describe, expect, test } from 'bun:test';
import type { AnswerBody } from '../../src/upstream/answer-body.ts';
import { FetchBody } from '../../src/upstream/fetch-body.ts';
import { HOLD_BYTES_MAX, holdStream } from '../../src/upstream/hold-stream.ts';

interface Piece {
  readonly text?: string;
  readonly afterMs?: number;
  readonly breaks?: boolean;
}

function responseOf(pieces: readonly Piece[]): Response {
  const queue = [...pieces];
  return new Response(
    new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const piece = queue.shift();
        if (!piece) return controller.close();
        if (piece.afterMs) await Bun.sleep(piece.afterMs);
        if (piece.breaks) return controller.error(new Error('cut'));
        controller.enqueue(new TextEncoder().encode(piece.text));
      },
    }),
  );
}

const hold = async (pieces: readonly Piece[], holdMs = 2_000) =>
  holdStream({ body: new FetchBody(responseOf(pieces), () => {}), holdMs, secrets: ['sk-canary'] });

function rest(source: AnswerBody): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  return new Promise((resolve, reject) =>
    source.attach({
      data: (bytes) => {
        text += decoder.decode(bytes, { stream: true });
      },
      end: () => resolve(text),
      fail: reject,
    }),
  );
}

async function all(pieces: readonly Piece[], holdMs?: number): Promise<string> {
  const held = await hold(pieces, holdMs);
  if (held.kind !== 'real') throw new Error(held.message);
  return rest(held.source);
}

describe('what is handed on', () => {
  const event = 'data: {"choices":[{"delta":{"content":"Grüße"}}]}\n\n';

  test('is every byte once, in order, however the prelude and the first event were cut', async () => {
    const whole = `: wait\n\nevent: ping\ndata: {}\n\n${event}${event}data: [DONE]\n\n`;
    for (const size of [1, 2, 7, 1_000]) {
      const pieces = whole.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g'))?.map((text) => ({ text })) ?? [];
      expect(await all(pieces)).toBe(whole);
    }
  });

  test('comes after the bound when nothing has begun, and still misses nothing', async () => {
    const startedMs = performance.now();
    const held = await hold([{ text: ': thinking\n\n' }, { text: event, afterMs: 400 }], 50);
    expect(performance.now() - startedMs).toBeLessThan(350);
    expect(held.kind).toBe('real');
    if (held.kind === 'real') expect(await rest(held.source)).toBe(`: thinking\n\n${event}`);
  });

  test('comes at the bound of bytes, so that an endless prelude is not collected', async () => {
    const comment = `: ${'x'.repeat(9_998)}\n\n`;
    const pieces = Array.from({ length: 40 }, () => ({ text: comment }));
    const held = await hold(pieces);
    if (held.kind !== 'real') throw new Error(held.message);
    expect(HOLD_BYTES_MAX).toBeLessThan(40 * comment.length);
    expect(await rest(held.source)).toBe(comment.repeat(40));
  });

  test('a connection that breaks after the bound is the reader’s to find out, not an unhandled rejection', async () => {
    const held = await hold([{ text: ': wait\n\n' }, { afterMs: 100, breaks: true }], 20);
    if (held.kind !== 'real') throw new Error(held.message);
    await Bun.sleep(150);
    await expect(rest(held.source)).rejects.toThrow();
  });
});

describe('what failed before it began', () => {
  test.each([
    [
      'an error event',
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
      'overloaded',
    ],
    [
      'an error as the first data',
      'data: {"error":{"message":"sk-canary is limited","code":"rate_limit_exceeded"}}\n\n',
      'rate_limit',
    ],
    [
      'after Anthropic’s prelude',
      'event: message_start\ndata: {"type":"message_start"}\n\nevent: ping\ndata: {}\n\nevent: error\ndata: {"error":{"type":"api_error","message":"no"}}\n\n',
      'server_error',
    ],
  ])('%s', async (_, text, failure) => {
    const held = await hold([{ text }]);
    expect(held).toMatchObject({ kind: 'failure', failure });
    expect(JSON.stringify(held)).not.toContain('sk-canary');
  });

  test('an end or a cut before any event', async () => {
    expect(await hold([])).toMatchObject({ failure: 'interrupted' });
    expect(await hold([{ text: ': hi\n\n' }, { breaks: true }])).toMatchObject({ failure: 'interrupted' });
  });

  test('the word error inside an answer is no error', async () => {
    const text = 'data: {"choices":[{"delta":{"content":"an \\"error\\" it is"}}]}\n\n';
    expect(await all([{ text }])).toBe(text);
    const chunk = 'data: {"choices":[{"delta":{}}],"error":{"message":"odd"}}\n\n';
    expect(await all([{ text: chunk }])).toBe(chunk);
  });
});
