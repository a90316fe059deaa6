// T31: a provider address that an admin typed in cannot reach the inside of the network: not when it is saved, not when
// it is used, not by a name that changes its mind, not by a redirect. Default configuration throughout.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/lib/clock.ts';
import { createAddressGuard } from '../../src/upstream/address-guard.ts';
import { callUpstream, type UpstreamCall } from '../../src/upstream/call-upstream.ts';
import { customProvider } from '../../src/upstream/providers/discover.ts';
import type { Credential, ProviderSpec } from '../../src/upstream/providers/provider-spec.ts';
import { answerText } from '../support/answer-text.ts';
import { ManualClock } from '../support/manual-clock.ts';
import {
  chatCompletion,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';

const SECRET = 'sk-canary-outbound-0001';
const credential: Credential = {
  id: 'crd_1',
  provider: 'typed',
  secret: SECRET,
  source: 'store',
  label: 'typed in',
  priority: 1,
};
let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream(() => jsonAnswer(chatCompletion('hello')));
});
afterAll(() => upstream.stop());

const REFUSED = [
  'http://127.0.0.1/',
  'http://127.8.8.8/',
  'http://0.0.0.0/',
  'http://0/',
  'http://[::]/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::127.0.0.1]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://[fd00:ec2::254]/',
  'http://[fe80::1]/',
  'http://10.0.0.1/',
  'http://172.16.0.1/',
  'http://172.31.255.255/',
  'http://192.168.1.1/',
  'http://100.64.0.1/',
  'http://198.18.0.1/',
  'http://192.0.0.170/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://[2002:7f00:1::]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[64:ff9b:1::1]/',
  'http://[fec0::1]/',
  'http://[ff02::1]/',
  'http://[2001:db8::1]/',
  'http://[2001::1]/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://127.1/',
  'http://127.0.1/',
  'http://①②⑦.⓪.⓪.①/',
  'http://１２７.0.0.1/',
  'http://127。0。0。1/',
  'http://127.0.0.1./',
  'http://localhost/',
  'http://localhost./',
  'http://LOCALHOST/',
  'http://a.localhost/',
  'http://inside.example/',
  'http://half.example/',
  'http://nowhere.example/',
  'http://outside.example./',
  'http://user:password@outside.example/',
  'http://127.0.0.1#@outside.example/',
  'http://outside.example@127.0.0.1/',
  'http://outside.example\\@127.0.0.1/',
  'file:///etc/passwd',
  'gopher://outside.example/',
  's3://bucket/key',
  'data:text/plain,hello',
  'blob:http://outside.example/1',
  'unix:/var/run/docker.sock',
  'ftp://outside.example/',
  'outside.example',
  '',
];
const NAMES: Record<string, readonly string[]> = {
  localhost: ['127.0.0.1'],
  'a.localhost': ['127.0.0.1'],
  'inside.example': ['10.1.2.3'],
  'half.example': ['93.184.216.34', '10.1.2.3'],
  'outside.example': ['93.184.216.34'],
};
const resolve = async (name: string) => {
  const found = NAMES[name];
  if (!found) throw new Error('ENOTFOUND');
  return found;
};

describe('T31: an address typed in by an admin', () => {
  const guard = createAddressGuard({ allowPrivate: [], clock: systemClock, resolve });
  for (const url of REFUSED) {
    test(`is refused: ${url || '(nothing)'}`, async () =>
      expect((await guard.pin(url)).kind).toBe('refused'));
  }

  test('that is public is dialled by the address that was checked', async () => {
    expect(await guard.pin('https://outside.example:8443/v1/chat?a=b')).toEqual({
      kind: 'pinned',
      url: 'https://93.184.216.34:8443/v1/chat?a=b',
      host: 'outside.example:8443',
      serverName: 'outside.example',
    });
    expect((await guard.pin('https://[2606:4700::1111]/')).kind).toBe('pinned');
    expect((await guard.pin('https://1.1.1.1/')).kind).toBe('pinned');
  });
});

function callTyped(baseUrl: string, more: Pick<ProviderSpec, 'auth' | 'guard'>) {
  const call: UpstreamCall = {
    spec: { ...customProvider('typed', baseUrl), ...more },
    credential,
    operation: 'chat',
    model: 'm',
    headers: null,
    signal: null,
    firstByteMs: 5_000,
    clock: systemClock,
  };
  return callUpstream(call, '{}');
}

test('T31: a call to a refused address sends nothing and says why', async () => {
  const before = upstream.requests.length;
  const guard = createAddressGuard({ allowPrivate: [], clock: systemClock });
  const outcome = await callTyped(`${upstream.url}/v1`, { auth: 'bearer', guard });
  expect(outcome).toMatchObject({ kind: 'failure', sent: false });
  expect(outcome.kind === 'failure' && outcome.message).toContain('ALLOW_PRIVATE_UPSTREAMS');
  expect(upstream.requests.length).toBe(before);
});

test('T31: a name that was public when saved and is private when used is refused (rebinding)', async () => {
  const clock = new ManualClock();
  let answers = ['93.184.216.34'];
  const guard = createAddressGuard({ allowPrivate: [], clock, resolve: async () => answers });
  const port = new URL(upstream.url).port;
  expect((await guard.pin(`http://rebind.example:${port}/`)).kind).toBe('pinned');
  answers = ['127.0.0.1'];
  // Within the pin's life the checked address is dialled, not the new one.
  expect(await guard.pin(`http://rebind.example:${port}/`)).toMatchObject({
    url: `http://93.184.216.34:${port}/`,
  });
  clock.advance(31_000);
  const now = await guard.pin(`http://rebind.example:${port}/`);
  expect(now).toMatchObject({ kind: 'refused', reason: expect.stringContaining('127.0.0.1') });
  const before = upstream.requests.length;
  expect((await callTyped(`http://rebind.example:${port}/v1`, { auth: 'bearer', guard })).kind).toBe(
    'failure',
  );
  expect(upstream.requests.length).toBe(before);
});

test('T31: an allowed private range is dialled at the checked address under its own name', async () => {
  const guard = createAddressGuard({
    allowPrivate: ['127.0.0.0/8'],
    clock: systemClock,
    resolve: async () => ['127.0.0.1'],
  });
  const port = new URL(upstream.url).port;
  const outcome = await callTyped(`http://ollama.example:${port}/v1`, { auth: 'bearer', guard });
  expect(outcome.kind).toBe('answer');
  if (outcome.kind === 'answer') await answerText(outcome);
  expect(upstream.requests.at(-1)?.headers.host).toBe(`ollama.example:${port}`);
  expect((await guard.pin('http://ollama.example/')).kind).toBe('pinned');
  const other = createAddressGuard({
    allowPrivate: ['127.0.0.0/8'],
    clock: systemClock,
    resolve: async () => ['10.0.0.1'],
  });
  expect((await other.pin('http://ollama.example/')).kind).toBe('refused');
});

test('T31: a redirect is never followed and no credential goes to its goal', async () => {
  const evil = await startScriptedUpstream(() => jsonAnswer(chatCompletion('stolen')));
  const guard = createAddressGuard({
    allowPrivate: ['127.0.0.0/8'],
    clock: systemClock,
    resolve: async () => ['127.0.0.1'],
  });
  for (const status of [301, 302, 303, 307, 308]) {
    upstream.play(() => ({ status, headers: { location: `${evil.url}/v1/chat/completions` }, steps: [] }));
    for (const each of [guard, null]) {
      const port = new URL(upstream.url).port;
      const outcome = each
        ? await callTyped(`http://hop.example:${port}/v1`, { auth: 'bearer', guard: each })
        : await callTyped(`${upstream.url}/v1`, { auth: 'x-api-key' });
      expect(outcome).toMatchObject({ kind: 'failure', status });
    }
  }
  expect(evil.requests).toEqual([]);
  upstream.play(() => jsonAnswer(chatCompletion('hello')));
  await evil.stop();
});
