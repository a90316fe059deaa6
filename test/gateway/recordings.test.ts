// Guarantee: what real providers answered passes through the proxy byte for byte, and the ledger holds the index's numbers.
// Same wire on both sides; what is translated is tested with the translators.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  HAVE_RECORDINGS,
  type RecordingRow,
  readRecording,
  recordingAsSse,
  recordingIndex,
} from '../support/recordings.ts';
import {
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  streamAnswer,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

if (!HAVE_RECORDINGS)
  console.log('recordings: skipped, there is no folder ../shared/recordings beside this checkout');

const CHAT_PATHS = /chat\/completions$/;
/** Error bodies whose status was not recorded say nothing about relaying; they are read in the upstream's tests. */
const rows = recordingIndex().filter(
  (row) => (CHAT_PATHS.test(row.endpoint) || row.endpoint === '/v1/embeddings') && row.stop[0] !== 'error',
);

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let seen = 0;

describe.skipIf(!HAVE_RECORDINGS)('recordings of OpenAI’s wire', () => {
  beforeAll(async () => {
    upstream = await startScriptedUpstream(() => jsonAnswer({}));
    tollgate = await startTollgate({ UP_API_KEY: 'sk-up', UP_API_BASE: `${upstream.url}/v1` });
  });

  afterAll(async () => {
    await tollgate?.stop();
    await upstream?.stop();
  });

  test('there are some', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  for (const row of rows) {
    test(`${row.folder}/${row.file}`, async () => {
      const sent = row.streamed ? recordingAsSse(row) : readRecording(row);
      upstream.play(() => (row.streamed ? streamAnswer(inRandomPieces(sent)) : { steps: [{ send: sent }] }));
      const received = await ask(row);
      expect(received).toBe(sent);
      const events = await tollgate.usageEvents(seen + 1);
      expect(events.length).toBe(++seen);
      const event = events.at(-1);
      const reported = row.input[0] !== null;
      expect(event?.provenance).toBe(reported ? 'provider' : 'estimated');
      if (!reported) return;
      expect({
        input: event?.input_tokens,
        output: event?.output_tokens,
        cached: event?.cached_tokens,
        reasoning: event?.reasoning_tokens,
        model: event?.model_served,
      }).toEqual({
        input: row.input[0] ?? null,
        output: row.output[0] ?? null,
        cached: row.cached[0] ?? null,
        reasoning: row.reasoning[0] ?? null,
        model: row.model,
      });
    });
  }
});

async function ask(row: RecordingRow): Promise<string> {
  if (row.endpoint === '/v1/embeddings') {
    return (await tollgate.post('/v1/embeddings', { model: 'up/m', input: 'x' })).text();
  }
  const stream = row.streamed ? { stream: true, stream_options: { include_usage: true } } : {};
  return (await tollgate.post('/v1/chat/completions', { model: 'up/m', messages: [], ...stream })).text();
}

/** Cut at random bytes, inside characters and fields too. */
function inRandomPieces(text: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const size = 1 + Math.floor(Math.random() * 3000);
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return pieces;
}
