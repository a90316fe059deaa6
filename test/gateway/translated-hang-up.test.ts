// Guarantee: a caller that hangs up in the middle of a translated stream stops the provider and is billed for what was said
// (wire facts N1, N2): what the provider had told, and an estimate, marked, for the rest.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { anthropicStream, chatStreamWith, geminiStream } from '../support/provider-answers.ts';
import { type ScriptedUpstream, startScriptedUpstream, streamAnswer } from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const SAID = { text: 'a sentence that is cut off before it ends, and nobody hears the rest of it' };
let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let events = 0;

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

test.each([
  // [path, model, what the provider sends before it falls silent, prompt tokens it has told by then]
  ['/v1/chat/completions', 'anthropic/claude-opus-5', anthropicStream(SAID).slice(0, 6), 25],
  ['/v1/chat/completions', 'gemini/gemini-3-pro', geminiStream(SAID).slice(0, 1), 25],
  ['/v1/messages', 'local/m', chatStreamWith(SAID).slice(0, 4), null],
] as const)('%s on %s', async (path, model, pieces, promptTokens) => {
  upstream.play(() => streamAnswer(pieces, { end: [{ hang: true }] }));
  const abandoned = upstream.abandoned();
  const hangUp = new AbortController();
  const answer = await fetch(`${tollgate.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tollgate.key}` },
    body: JSON.stringify({
      model,
      max_tokens: 99,
      stream: true,
      messages: [{ role: 'user', content: 'hi' }],
    }),
    signal: hangUp.signal,
  });
  const reader = answer.body?.getReader();
  let heard = '';
  while (!heard.includes('sentence')) {
    const step = await reader?.read();
    if (!step || step.done) break;
    heard += new TextDecoder().decode(step.value);
  }
  expect(heard).toContain('sentence');
  hangUp.abort();
  const rows = await tollgate.usageEvents(events + 1);
  expect(rows.length).toBe(events + 1);
  events = rows.length;
  const event = rows.at(-1);
  expect(event).toMatchObject({ outcome: 'aborted', provenance: 'estimated', status: 499 });
  expect(event?.completion_tokens).toBeGreaterThanOrEqual(6);
  if (promptTokens !== null) expect(event?.prompt_tokens).toBe(promptTokens);
  else expect(event?.prompt_tokens).toBeGreaterThan(0);
  for (let waited = 0; waited < 5_000 && upstream.abandoned() === abandoned; waited += 50)
    await Bun.sleep(50);
  expect(upstream.abandoned()).toBe(abandoned + 1);
});
