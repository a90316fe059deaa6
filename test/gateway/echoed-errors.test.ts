// Guarantee: what a provider's error repeats of the request is stored nowhere, neither of a refusal nor of an error within a
// stream, also when the request's body was let go by then.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const SECRET = 'the merger with Grüße & Söhne is off';
/** Above what is kept of a body as text. */
const LONG_CHARS = 400_000;

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;

/** Quotes the beginning of the prompt, whole or after a first piece. */
beforeAll(async () => {
  upstream = await startScriptedUpstream(({ json }) => {
    const { messages, stream } = json as { messages: { content: string }[]; stream?: boolean };
    const error = { message: `Invalid content: ${messages[0]?.content.slice(0, 200)}`, type: 'invalid' };
    if (!stream) return { status: 400, steps: [{ send: JSON.stringify({ error }) }] };
    const chunk = {
      object: 'chat.completion.chunk',
      model: 'm',
      choices: [{ index: 0, delta: { content: 'a' } }],
    };
    return {
      headers: { 'content-type': 'text/event-stream' },
      steps: [chunk, { error }].map((each) => ({ send: `data: ${JSON.stringify(each)}\n\n` })),
    };
  });
  tollgate = await startTollgate({ UP_API_KEY: 'sk-up', UP_API_BASE: `${upstream.url}/v1` });
});

afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

test.each([
  ['a refusal', false, 0],
  ['a refusal of a long body', false, LONG_CHARS],
  ['an error in a stream', true, 0],
  ['an error in the stream of a long body', true, LONG_CHARS],
])('%s', async (_, stream, padding) => {
  const before = (await tollgate.usageEvents(0)).length;
  const content = SECRET + ' filler'.repeat(padding / 7);
  const response = await tollgate.post('/v1/chat/completions', {
    model: 'up/m',
    stream,
    messages: [{ role: 'user', content }],
  });
  await response.text();
  const events = await tollgate.usageEvents(before + 1);
  expect(events.at(-1)?.error_message).toContain('Invalid content: [request text]');
  for (const file of readdirSync(tollgate.dataDir, { recursive: true, withFileTypes: true }))
    if (file.isFile())
      expect(readFileSync(join(file.parentPath, file.name)).includes('the merger')).toBe(false);
});
