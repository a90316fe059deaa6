// Guarantee: bad input is told what is wrong, in OpenAI's shape with the request id, and leaves no usage event and no call upstream.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { revokeKeyRow } from '../../src/store/api-keys.ts';
import { updateUser } from '../../src/store/users.ts';
import {
  chatCompletion,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const CHAT = '/v1/chat/completions';
const GOOD = { model: 'up/m', messages: [{ role: 'user', content: 'hi' }] };

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;

beforeAll(async () => {
  upstream = await startScriptedUpstream(() => jsonAnswer(chatCompletion('ok')));
  tollgate = await startTollgate({
    UP_API_KEY: 'sk-up',
    UP_API_BASE: `${upstream.url}/v1`,
    BODY_BYTES_MAX: '20000',
    BODY_READ_SECONDS: '1',
  });
});

afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

interface Refusal {
  readonly name: string;
  readonly send: () => Promise<Response>;
  readonly status: number;
  readonly code: string;
  readonly says: string | RegExp;
}

const post = (body: unknown, headers: Record<string, string> = {}) => tollgate.post(CHAT, body, headers);
const deep = `{"model":"up/m","messages":[],"x":${'['.repeat(600)}${']'.repeat(600)}}`;

const REFUSALS: readonly Refusal[] = [
  {
    name: 'invalid JSON',
    send: () => post('{"model": '),
    status: 400,
    code: 'invalid_json',
    says: 'not valid JSON',
  },
  { name: 'an empty body', send: () => post(''), status: 400, code: 'invalid_json', says: 'it is empty' },
  {
    name: 'a list',
    send: () => post('[1]'),
    status: 400,
    code: 'invalid_request',
    says: 'must be a JSON object',
  },
  {
    name: 'bytes that are no UTF-8',
    send: () => postBytes(Uint8Array.of(0x7b, 0xff, 0x7d)),
    status: 400,
    code: 'invalid_json',
    says: 'UTF-8',
  },
  {
    name: 'model null',
    send: () => post({ ...GOOD, model: null }),
    status: 400,
    code: 'invalid_request',
    says: "'model'",
  },
  {
    name: 'no messages',
    send: () => post({ model: 'up/m' }),
    status: 400,
    code: 'invalid_request',
    says: "'messages'",
  },
  {
    name: 'stream that is a word',
    send: () => post({ ...GOOD, stream: 'yes' }),
    status: 400,
    code: 'invalid_request',
    says: "'stream'",
  },
  {
    name: 'two models in one body',
    send: () => post('{"model":"up/m","messages":[],"model":"up/secret"}'),
    status: 400,
    code: 'invalid_request',
    says: 'more than once',
  },
  {
    name: 'two models, one written with an escape',
    send: () => post('{"model":"up/m","messages":[],"\\u006dodel":"up/secret"}'),
    status: 400,
    code: 'invalid_request',
    says: 'more than once',
  },
  {
    name: 'nesting without end',
    send: () => post(deep),
    status: 400,
    code: 'invalid_request',
    says: 'nested deeper',
  },
  {
    name: 'a body over the limit',
    send: () => post({ ...GOOD, pad: 'x'.repeat(30_000) }),
    status: 413,
    code: 'body_too_large',
    says: '20000 bytes',
  },
  {
    name: 'a chunked body over the limit',
    send: () => postChunked(30),
    status: 413,
    code: 'body_too_large',
    says: '20000 bytes',
  },
  {
    name: 'a packed body',
    send: () => post(GOOD, { 'content-encoding': 'gzip' }),
    status: 415,
    code: 'unsupported_media_type',
    says: 'gzip',
  },
  {
    name: 'a form',
    send: () => post('x', { 'content-type': 'multipart/form-data; boundary=x' }),
    status: 415,
    code: 'unsupported_media_type',
    says: 'application/json',
  },
  {
    name: 'an unknown provider',
    send: () => post({ ...GOOD, model: 'nobody/m' }),
    status: 404,
    code: 'model_not_found',
    says: "'nobody/m'",
  },
  {
    name: 'a model without provider',
    send: () => post({ ...GOOD, model: 'gpt' }),
    status: 404,
    code: 'model_not_found',
    says: "'gpt'",
  },
  { name: 'GET', send: () => tollgate.get(CHAT), status: 405, code: 'method_not_allowed', says: 'Use POST' },
  {
    name: 'DELETE on models',
    send: () =>
      fetch(`${tollgate.url}/v1/models`, { method: 'DELETE', headers: { 'x-api-key': tollgate.key } }),
    status: 405,
    code: 'method_not_allowed',
    says: 'Use GET',
  },
  {
    name: 'a path that is not there',
    send: () => tollgate.get('/v1/nothing'),
    status: 404,
    code: 'not_found',
    says: '/v1/nothing',
  },
  {
    name: 'a path in disguise',
    send: () => tollgate.get('/v1/chat%2fcompletions'),
    status: 400,
    code: 'bad_path',
    says: 'plain form',
  },
  {
    name: 'a WebSocket',
    send: () => tollgate.get('/v1/responses', { upgrade: 'websocket', connection: 'upgrade' }),
    status: 426,
    code: 'upgrade_required',
    says: 'HTTP',
  },
];

describe('C4: bad input', () => {
  for (const { name, send, status, code, says } of REFUSALS) {
    test(`${name} is ${status} ${code}`, async () => {
      const before = upstream.requests.length;
      const response = await send();
      const body = (await response.json()) as { error: Record<string, string> };
      expect([response.status, body.error.code]).toEqual([status, code]);
      expect(body.error.message).toMatch(says);
      expect(body.error.request_id).toBe(response.headers.get('x-request-id') ?? 'none');
      expect(upstream.requests.length).toBe(before);
    });
  }

  test('a body that drips is cut off with 408', async () => {
    const { host, port } = new URL(tollgate.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `POST ${CHAT} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${tollgate.key}\r\ncontent-length: 500\r\n\r\n{"mo`,
    );
    const answer = await new Promise<string>((resolve) =>
      socket.on('data', (data) => resolve(data.toString())),
    );
    socket.destroy();
    expect(answer).toStartWith('HTTP/1.1 408');
    expect(answer).toContain('request_timeout');
  });

  test('none of it left a usage event', async () => {
    expect(await tollgate.usageEvents(0)).toEqual([]);
  });
});

describe('credentials', () => {
  const answerTo = async (headers: Record<string, string>) => {
    const response = await fetch(`${tollgate.url}/v1/models`, { headers });
    const body = (await response.json()) as { error?: { code: string } };
    return [response.status, body.error?.code ?? null];
  };

  test('none, unknown, revoked, expired and those of a disabled owner are 401 with their reason', async () => {
    const revoked = await tollgate.issueKey();
    const expired = await tollgate.issueKey({ expiresMs: Date.now() - 1 });
    expect(await answerTo({ 'x-api-key': revoked.token })).toEqual([200, null]);
    await revokeKeyRow(tollgate.store.write, revoked.id, Date.now());
    await tollgate.reload();
    expect(await answerTo({})).toEqual([401, 'missing_api_key']);
    expect(await answerTo({ authorization: 'Bearer tg_nobody' })).toEqual([401, 'invalid_api_key']);
    expect(await answerTo({ authorization: `Bearer ${revoked.token}` })).toEqual([401, 'key_revoked']);
    expect(await answerTo({ authorization: `Bearer ${expired.token}` })).toEqual([401, 'key_expired']);
    await updateUser(tollgate.store.write, tollgate.userId, { is_active: 0 });
    await tollgate.reload();
    expect(await answerTo({ authorization: `Bearer ${tollgate.key}` })).toEqual([401, 'user_disabled']);
    await updateUser(tollgate.store.write, tollgate.userId, { is_active: 1 });
    await tollgate.reload();
  });

  test('every carrier opens every endpoint, the first that authenticates names the actor', async () => {
    for (const name of ['x-api-key', 'x-goog-api-key', 'api-key']) {
      expect(await answerTo({ [name]: tollgate.key })).toEqual([200, null]);
      expect(await answerTo({ [name]: 'sk-left-over', authorization: `bearer ${tollgate.key}` })).toEqual([
        200,
        null,
      ]);
    }
  });

  test('two keys of different callers at once are refused', async () => {
    const other = await tollgate.issueKey();
    expect(await answerTo({ 'x-api-key': tollgate.key, authorization: `Bearer ${other.token}` })).toEqual([
      401,
      'conflicting_credentials',
    ]);
  });

  test('a key in the URL is refused', async () => {
    const response = await fetch(`${tollgate.url}/v1/models?key=${tollgate.key}`);
    expect([response.status, await response.text()]).toEqual([401, expect.stringContaining('key_in_url')]);
  });

  test('a revocation made behind the server’s back is seen within a second', async () => {
    const { token, id } = await tollgate.issueKey();
    await revokeKeyRow(tollgate.store.write, id, Date.now());
    await Bun.sleep(1_000);
    expect(await answerTo({ 'x-api-key': token })).toEqual([401, 'key_revoked']);
  });
});

function postBytes(body: Uint8Array): Promise<Response> {
  const headers = { authorization: `Bearer ${tollgate.key}`, 'content-type': 'application/json' };
  return fetch(`${tollgate.url}${CHAT}`, { method: 'POST', headers, body });
}

function postChunked(kilobytes: number): Promise<Response> {
  let left = kilobytes;
  const body = new ReadableStream({
    pull: (controller) =>
      left-- > 0 ? controller.enqueue(new Uint8Array(1024).fill(32)) : controller.close(),
  });
  const headers = { authorization: `Bearer ${tollgate.key}`, 'content-type': 'application/json' };
  return fetch(`${tollgate.url}${CHAT}`, { method: 'POST', headers, body });
}
