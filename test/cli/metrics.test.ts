// Guarantee: /metrics tells the house's state to whoever may read it and to nobody else, without a name that a caller chose.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

let open: TestTollgate;
let guarded: TestTollgate;
beforeAll(async () => {
  open = await startTollgate({});
  guarded = await startTollgate({ METRICS_TOKEN: 'metrics-token-0123456789' });
});
afterAll(async () => {
  await open?.stop();
  await guarded?.stop();
});

const read = (server: TestTollgate, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/metrics`, { headers });

test('requests, attempts, tokens and the ledger are counted', async () => {
  const body = { model: 'demo/echo', messages: [{ role: 'user', content: 'hello there' }] };
  expect((await open.post('/v1/chat/completions', body)).status).toBe(200);
  await open.usageEvents(1);
  const text = await (await read(open)).text();
  expect(text).toMatch(
    /tollgate_requests_total\{endpoint="\/v1\/chat\/completions",provider="demo",outcome="final",provenance="provider"\} 1/,
  );
  expect(text).toMatch(/tollgate_attempts_total\{provider="demo",failure="none"\} 1/);
  expect(text).toMatch(/tollgate_tokens_total\{provider="demo",direction="prompt"\} [1-9]/);
  for (const name of [
    'requests_in_flight',
    'streams_running',
    'ledger_pending_events',
    'ledger_failing',
    'ledger_uncounted_events',
  ])
    expect(text).toContain(`tollgate_${name} 0`);
  expect(text).toMatch(/tollgate_event_loop_delay_p99_seconds [\d.e-]+/);
  expect(text).not.toContain('echo');
  expect(text).not.toContain('alice');
});

test('T20: without a token only this machine may read it, and nobody through a proxy', async () => {
  expect((await read(open)).status).toBe(200);
  for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']) {
    expect((await read(open, { [header]: '203.0.113.9' })).status).toBe(404);
  }
});

test('T20: with a token only its holder may read it', async () => {
  expect((await read(guarded)).status).toBe(404);
  expect((await read(guarded, { authorization: 'Bearer wrong' })).status).toBe(404);
  expect((await read(guarded, { authorization: 'Bearer metrics-token-0123456789' })).status).toBe(200);
});
