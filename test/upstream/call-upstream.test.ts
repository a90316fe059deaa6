// Guarantee: one outbound call gives one value, whatever the provider does; no credential of the caller travels on.
import { afterAll, describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/lib/clock.ts';
import { callUpstream, type UpstreamCall } from '../../src/upstream/call-upstream.ts';
import { createPool } from '../../src/upstream/pool/create-pool.ts';
import { discoverProviders } from '../../src/upstream/providers/discover.ts';
import { answerText } from '../support/answer-text.ts';

const seen: { path: string; headers: Record<string, string>; body: string }[] = [];
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  idleTimeout: 0,
  async fetch(request) {
    const url = new URL(request.url);
    seen.push({
      path: url.pathname + url.search,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    });
    const model = (JSON.parse(seen.at(-1)?.body || '{}') as { model?: string }).model;
    if (model === 'limited')
      return Response.json(
        { error: { message: 'slow down' } },
        { status: 429, headers: { 'retry-after': '7' } },
      );
    if (model === 'wrong-key')
      return Response.json(
        { error: { message: 'Incorrect API key provided: sk-secret-1234' } },
        { status: 401 },
      );
    if (model === 'moved') return Response.redirect('http://127.0.0.1:1/elsewhere', 307);
    if (model === 'hang') await Bun.sleep(5_000);
    return Response.json({ ok: true });
  },
});
afterAll(() => server.stop(true));

const base = `http://127.0.0.1:${server.port}/v1`;
const { specs, credentials } = discoverProviders({ OPENAI_API_KEY: 'sk-secret-1234', OPENAI_API_BASE: base });

function callOf(model: string, more: Partial<UpstreamCall> = {}): UpstreamCall {
  const acquired = createPool({ specs, credentials, clock: systemClock }).acquire({
    provider: 'openai',
    model,
  });
  if (acquired.kind !== 'lease') throw new Error(acquired.kind);
  const { spec, credential } = acquired.lease;
  return {
    spec,
    credential,
    operation: 'chat',
    model,
    headers: new Headers({
      authorization: 'Bearer tg_mine',
      'x-api-key': 'tg_mine',
      cookie: 'a=b',
      'x-forwarded-for': '10.0.0.1',
      'content-type': 'application/json',
      'x-session-id': 's1',
    }),
    signal: null,
    firstByteMs: 3_000,
    clock: systemClock,
    ...more,
  };
}

const ask = (call: UpstreamCall) => callUpstream(call, JSON.stringify({ model: call.model }));

describe('callUpstream', () => {
  test('an answer keeps its body unread; the caller’s credentials and cookies stay behind', async () => {
    const outcome = await ask(callOf('fine', { query: '?beta=true&key=tg_mine' }));
    if (outcome.kind !== 'answer') throw new Error(outcome.message);
    expect(JSON.parse(await answerText(outcome))).toEqual({ ok: true });
    const request = seen.at(-1);
    expect(request?.path).toBe('/v1/chat/completions?beta=true');
    expect(request?.headers.authorization).toBe('Bearer sk-secret-1234');
    expect(request?.headers['x-session-id']).toBe('s1');
    expect(request?.headers['accept-encoding']).toBe('identity');
    expect(request?.headers['user-agent']).toStartWith('tollgate/');
    expect(JSON.stringify(request)).not.toContain('tg_mine');
    for (const name of ['cookie', 'x-api-key', 'x-forwarded-for'])
      expect(request?.headers[name]).toBeUndefined();
  });

  test('refusals, redirects, silence and a dead port are named failures', async () => {
    const limited = await ask(callOf('limited'));
    expect(limited).toMatchObject({
      kind: 'failure',
      failure: 'rate_limit',
      status: 429,
      retryAfterMs: 7_000,
    });
    const refused = await ask(callOf('wrong-key'));
    expect(refused).toMatchObject({ kind: 'failure', failure: 'authentication', status: 401 });
    expect(JSON.stringify(refused)).not.toContain('sk-secret');
    expect(await ask(callOf('moved'))).toMatchObject({ failure: 'bad_answer', status: 307 });
    expect(await ask(callOf('hang', { firstByteMs: 100 }))).toMatchObject({
      failure: 'timeout_first_byte',
      sent: true,
    });
    const dead = { ...callOf('fine').spec, baseUrl: 'http://127.0.0.1:1' };
    expect(await ask(callOf('fine', { spec: dead }))).toMatchObject({
      failure: 'connection',
      sent: false,
    });
  });

  test('what is no HTTP is a bad answer, and may have been billed', async () => {
    const babbler = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        data: (socket) =>
          void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'),
      },
    });
    const spec = { ...callOf('fine').spec, baseUrl: `http://127.0.0.1:${babbler.port}` };
    expect(await ask(callOf('fine', { spec }))).toMatchObject({
      failure: 'bad_answer',
      status: null,
      sent: true,
    });
    babbler.stop(true);
  });

  test('a provider behind a proxy of the environment is called by the runtime, which knows the way', async () => {
    const plain = callOf('fine');
    const outcome = await ask({ ...plain, spec: { ...plain.spec, viaFetch: true } });
    expect(outcome).toMatchObject({ kind: 'answer', status: 200 });
    if (outcome.kind === 'answer') expect(outcome.headers).toBeInstanceOf(Headers);
  });

  test('a body in parts arrives as one, whoever carries it', async () => {
    const plain = callOf('fine');
    const parts = ['{"model":', '"fine"', ',"text":"größer 😀"}'].map((part) => Buffer.from(part));
    for (const viaFetch of [false, true]) {
      const outcome = await callUpstream({ ...plain, spec: { ...plain.spec, viaFetch } }, parts);
      expect(outcome).toMatchObject({ kind: 'answer', status: 200 });
      expect(seen.at(-1)?.body).toBe('{"model":"fine","text":"größer 😀"}');
      expect(seen.at(-1)?.headers['content-length']).toBe('39');
    }
  });

  test('a caller who goes away ends the call', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    expect(await ask(callOf('hang', { signal: controller.signal }))).toMatchObject({
      failure: 'client_gone',
    });
  });
});
