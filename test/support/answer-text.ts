// Reads a provider's answer whole, for tests that look at what came.
import type { UpstreamAnswer } from '../../src/upstream/call-upstream.ts';
import { readBounded } from '../../src/upstream/read-body.ts';

export async function answerText({ body }: UpstreamAnswer): Promise<string> {
  const read = await readBounded({ body, bytesMax: 16_000_000, timeoutMs: 10_000 });
  if (read.kind !== 'whole') throw new Error(`the answer was ${read.kind}`);
  return new TextDecoder().decode(read.bytes);
}
