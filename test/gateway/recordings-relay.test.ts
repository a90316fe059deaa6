// Guarantee: between a caller and a provider of one family every recorded answer passes byte for byte, however the network
// cuts it, and its numbers in the ledger are those of the recording.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../src/lib/json.ts';
import {
  anthropicGist,
  anthropicStreamGist,
  chatGist,
  chatStreamGist,
  geminiAnswerGist,
  geminiStreamGist,
} from '../support/answer-gist.ts';
import {
  HAVE_RECORDINGS,
  type RecordingRow,
  readRecording,
  readRecordingJson,
  recordingAsSse,
  recordingIndex,
} from '../support/recordings.ts';
import { type ScriptedUpstream, startScriptedUpstream, streamAnswer } from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const HI = [{ role: 'user', content: 'hi' }];

interface Family {
  readonly path: (stream: boolean) => string;
  readonly body: (stream: boolean) => JsonObject;
  readonly whole: (body: JsonObject) => {
    usage: { promptTokens: number | null; completionTokens: number | null };
  };
  readonly streamed: (sse: string) => {
    usage: { promptTokens: number | null; completionTokens: number | null };
  };
}
const CHAT: Family = {
  path: () => '/v1/chat/completions',
  body: (stream) => ({
    model: 'local/m',
    messages: HI,
    stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
  }),
  whole: chatGist,
  streamed: chatStreamGist,
};
const FAMILIES: Readonly<Record<string, Family>> = {
  anthropic: {
    path: () => '/v1/messages',
    body: (stream) => ({ model: 'anthropic/m', max_tokens: 9, messages: HI, stream }),
    whole: anthropicGist,
    streamed: anthropicStreamGist,
  },
  google: {
    path: (stream) => `/v1beta/models/m:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: () => ({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }),
    whole: geminiAnswerGist,
    streamed: geminiStreamGist,
  },
  'openai/chat': CHAT,
  groq: CHAT,
  deepseek: CHAT,
  mistral: CHAT,
  'openai-compatible': CHAT,
};

/** Pieces of random lengths from a seed of the file's own, so that a failure can be repeated. */
function cut(text: string, seed: number): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const pieces: Uint8Array[] = [];
  let state = seed;
  for (let at = 0; at < bytes.length; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const length = 1 + (state % 2_000);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

describe.skipIf(!HAVE_RECORDINGS)('recordings through the relay', () => {
  let upstream: ScriptedUpstream;
  let tollgate: TestTollgate;
  const expected: { name: string; prompt: number | null; completion: number | null }[] = [];

  beforeAll(async () => {
    upstream = await startScriptedUpstream(() => streamAnswer([]));
    tollgate = await startTollgate({
      ANTHROPIC_API_KEY: 'sk-ant-test',
      ANTHROPIC_API_BASE: upstream.url,
      GEMINI_API_KEY: 'gm-test',
      GEMINI_API_BASE: upstream.url,
      LOCAL_API_KEY: 'sk-local',
      LOCAL_API_BASE: `${upstream.url}/v1`,
    });
  });

  afterAll(async () => {
    await tollgate?.stop();
    await upstream?.stop();
  });

  const rows = recordingIndex().filter(
    (row) =>
      FAMILIES[row.folder] &&
      !row.stop.includes('error') &&
      /chat\/completions|messages|enerateContent/.test(row.endpoint) &&
      // Several answers in one stream: what follows the first end is dropped, as no provider sends it.
      !/ in one file/.test(row.features),
  );

  for (const row of rows) {
    test(`${row.folder}/${row.file}`, async () => {
      const family = FAMILIES[row.folder] ?? CHAT;
      const text = row.streamed ? recordingAsSse(row) : readRecording(row);
      const pieces = cut(text, text.length);
      upstream.play(() =>
        row.streamed ? streamAnswer(pieces) : { steps: pieces.map((send) => ({ send })) },
      );
      const answer = await tollgate.post(family.path(row.streamed), family.body(row.streamed));
      expect(answer.status).toBe(200);
      expect(Buffer.from(await answer.arrayBuffer()).equals(Buffer.from(text))).toBe(true);
      remember(row, family, text);
    });
  }

  function remember(row: RecordingRow, family: Family, text: string): void {
    const { usage } = row.streamed ? family.streamed(text) : family.whole(readRecordingJson(row));
    expected.push({ name: row.file, prompt: usage.promptTokens, completion: usage.completionTokens });
  }

  test('the ledger has one event for each, with the numbers of the recording', async () => {
    const events = await tollgate.usageEvents(expected.length);
    expect(events.length).toBe(expected.length);
    for (const [at, { name, prompt, completion }] of expected.entries()) {
      const event = events[at];
      if (prompt === null) expect([name, event?.provenance]).toEqual([name, 'estimated']);
      else
        expect([name, event?.prompt_tokens, event?.completion_tokens, event?.provenance]).toEqual([
          name,
          prompt,
          completion,
          'provider',
        ]);
      expect([name, event?.outcome]).toEqual([name, 'final']);
    }
  });
});
