// What strangers and clumsy clients may cost the data plane: nothing before they are known, and bounded after (T36 to T39).
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { createAuthenticate } from '../../src/services/authenticate-key.ts';
import { sendRaw } from '../support/raw-socket.ts';
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
let port = 0;

beforeAll(async () => {
  upstream = await startScriptedUpstream(() => jsonAnswer(chatCompletion('ok')));
  tollgate = await startTollgate({
    UP_API_KEY: 'sk-up',
    UP_API_BASE: `${upstream.url}/v1`,
    BODY_BYTES_MAX: String(4 * 1024 * 1024),
    BODY_READ_SECONDS: '1',
  });
  port = Number(new URL(tollgate.url).port);
});
afterAll(async () => {
  await tollgate?.stop();
  await upstream?.stop();
});

function head(...more: string[]): string {
  return [`POST ${CHAT} HTTP/1.1`, 'Host: a', `Authorization: Bearer ${tollgate.key}`, ...more, '', ''].join(
    '\r\n',
  );
}

async function servesOthers(): Promise<void> {
  expect((await tollgate.post(CHAT, GOOD)).status).toBe(200);
}

describe('T36: sizes and shapes', () => {
  test('T36: headers over 16 KiB are refused with 431, and so are too many of them', async () => {
    const long = await sendRaw(port, { parts: [head(`X-Long: ${'x'.repeat(17_000)}`)] });
    expect([long.statuses, long.closed]).toEqual([[431], true]);
    const many = Array.from({ length: 400 }, (_, index) => `X-${index}: y`);
    expect((await sendRaw(port, { parts: [head(...many)] })).statuses).toEqual([431]);
  });

  test('T36: a body that declares too much is refused before it is sent', async () => {
    const answer = await sendRaw(port, {
      parts: [head('Content-Type: application/json', 'Content-Length: 5000000')],
      until: (text) => text.includes('body_too_large'),
    });
    expect(answer.statuses).toEqual([413]);
  });

  test('T36: a chunked body over the limit is cut off, not buffered', async () => {
    const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const answer = await sendRaw(port, {
      parts: [
        head('Content-Type: application/json', 'Transfer-Encoding: chunked'),
        ...Array(100).fill(piece),
      ],
      until: (text) => text.includes('body_too_large'),
      gapMs: 1,
    });
    expect(answer.statuses[0]).toBe(413);
  });

  test('T36: a length that lies leaves nothing behind', async () => {
    const before = upstream.requests.length;
    const body = JSON.stringify(GOOD);
    const tooLong = await sendRaw(port, {
      parts: [head('Content-Type: application/json', `Content-Length: ${body.length + 10}`) + body],
      until: (text) => text.includes('HTTP/1.1'),
      waitMs: 8_000,
    });
    expect(tooLong.statuses).toEqual([408]);
    expect(upstream.requests.length).toBe(before);
    await servesOthers();
  });

  test('T36: a compressed body is refused unread: no few kilobytes become gigabytes', async () => {
    for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'gzip, identity']) {
      const bomb = Bun.gzipSync(new Uint8Array(1_000_000));
      const response = await fetch(tollgate.url + CHAT, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${tollgate.key}`,
          'content-encoding': encoding,
          'content-type': 'application/json',
        },
        body: bomb,
      });
      expect(response.status).toBe(415);
    }
  });

  test('T36: depth 10,000, a million keys and a long number are bounded', async () => {
    const pad = (value: string) =>
      `{"model":"up/m","messages":[{"role":"user","content":"hi"}],"x":${value}}`;
    const deep = pad('['.repeat(10_000) + ']'.repeat(10_000));
    expect((await tollgate.post(CHAT, deep)).status).toBe(400);
    const deepObjects = pad(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`);
    expect((await tollgate.post(CHAT, deepObjects)).status).toBe(400);
    const startedMs = performance.now();
    const keys = pad(`{${Array.from({ length: 300_000 }, (_, index) => `"k${index}":0`).join(',')}}`);
    expect([200, 400, 413]).toContain((await tollgate.post(CHAT, keys)).status);
    expect((await tollgate.post(CHAT, pad('9'.repeat(1_000_000)))).status).toBeLessThan(500);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    await servesOthers();
  });

  test('T36: __proto__ and constructor in a body mean nothing', async () => {
    const body = `{"model":"up/m","messages":[{"role":"user","content":"hi"}],"__proto__":{"stream":true,"polluted":1},"constructor":{"prototype":{"polluted":1}}}`;
    const response = await tollgate.post(CHAT, body);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(response.status).toBe(200);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(upstream.requests.at(-1)?.body).toContain('"__proto__":{"stream":true');
  });

  test('T36: of two models in one body neither is served: what is authorised is what the provider reads', async () => {
    const before = upstream.requests.length;
    const { token } = await tollgate.issueKey({ models: ['up/allowed'] });
    for (const models of [
      '"model":"up/forbidden","model":"up/allowed"',
      '"model":"up/allowed","model":"up/forbidden"',
      '"model":"up/allowed","\\u006dodel":"up/forbidden"',
    ]) {
      const response = await tollgate.post(CHAT, `{${models},"messages":[{"role":"user","content":"x"}]}`, {
        authorization: `Bearer ${token}`,
      });
      expect([400, 403]).toContain(response.status);
    }
    expect(upstream.requests.length).toBe(before);
  });
});

describe('T37: slow and idle callers', () => {
  test('T37: a body that drips is cut off by its own deadline while others are served', async () => {
    const drip = sendRaw(port, {
      parts: [head('Content-Type: application/json', 'Content-Length: 100'), ...'{"model":"up/m",'.split('')],
      gapMs: 200,
      until: (text) => text.includes('request_timeout'),
      waitMs: 10_000,
    });
    await servesOthers();
    expect((await drip).statuses).toEqual([408]);
  });

  test('T37: two thousand idle connections and half-sent headers keep nobody waiting', async () => {
    const sockets: Socket[] = [];
    for (let index = 0; index < 2_000; index++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      if (index % 2 === 0) socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Slow: ');
      sockets.push(socket);
    }
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: 20 }, servesOthers));
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    for (const socket of sockets) socket.destroy();
  });
});

describe('T38: strangers', () => {
  test('T38: a stranger is refused before a byte of the body is read, however the body is announced', async () => {
    for (const announced of ['Content-Length: 1000000', 'Transfer-Encoding: chunked']) {
      const parts = [
        `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer tg_wrong\r\nContent-Type: multipart/form-data; boundary=${'b'.repeat(500)}\r\n${announced}\r\n\r\n`,
      ];
      const answer = await sendRaw(port, { parts, until: (text) => text.includes('invalid_api_key') });
      expect(answer.statuses).toEqual([401]);
    }
  });

  test('T38: a flood of wrong keys reaches no provider and costs well under 100 microseconds each', async () => {
    const before = upstream.requests.length;
    const flood = Array.from({ length: 300 }, (_, index) =>
      tollgate.post(CHAT, GOOD, { authorization: `Bearer tg_${index}` }),
    );
    const statuses = await Promise.all(flood.map(async (answer) => (await answer).status));
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(upstream.requests.length).toBe(before);
    const keys = { find: () => 'invalid_api_key' as const, reload: async () => {}, size: () => 0 };
    const authenticate = createAuthenticate({
      keys,
      authMode: 'both',
      masterKey: 'm'.repeat(40),
      pepper: 'p',
    });
    const headers = new Headers({ authorization: `Bearer ${'x'.repeat(500)}` });
    const started = process.cpuUsage();
    let refused = 0;
    for (let index = 0; index < 5_000; index++) {
      try {
        authenticate(headers);
      } catch {
        refused += 1;
      }
    }
    const { user, system } = process.cpuUsage(started);
    expect(refused).toBe(5_000);
    expect((user + system) / 5_000).toBeLessThan(100);
  });
});

describe('T39: one canonical path', () => {
  const IN_DISGUISE = [
    '//v1/models',
    '/v1//models',
    '/v1%2fmodels',
    '/v1/models;x',
    '/v1/models%00',
    '/v1/models%0d%0aX:y',
    '/%76%31/models/..%2f',
  ];
  for (const path of IN_DISGUISE) {
    test(`T39: ${path} is refused, with and without a key`, async () => {
      const withKey = `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tollgate.key}\r\n\r\n`;
      const answer = await sendRaw(port, { parts: [withKey], until: (text) => text.includes('\r\n\r\n') });
      expect(answer.statuses).toEqual([400]);
      expect(answer.text).toContain('bad_path');
      expect(answer.text).not.toContain('"object":"list"');
      const stranger = await sendRaw(port, {
        parts: [`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`],
        until: (text) => text.includes('\r\n\r\n'),
      });
      expect(stranger.text).not.toContain('"object":"list"');
    });
  }

  test('T39: what the runtime resolves before us is judged as the plain path it resolves to', async () => {
    for (const path of ['/v1/%2e%2e/v1/models', '/v1\\models', '/x/../v1/models']) {
      for (const [key, status] of [
        [tollgate.key, 200],
        ['tg_wrong', 401],
      ] as const) {
        const request = `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\n\r\n`;
        const answer = await sendRaw(port, { parts: [request], until: (text) => text.includes('\r\n\r\n') });
        expect([path, ...answer.statuses]).toEqual([path, status]);
      }
    }
  });

  test('T39: dot segments and case never open what the plain path keeps shut', async () => {
    for (const path of [
      '/health/../v1/models',
      '/v1/../api/admin/users',
      '/API/admin/users',
      '/V1/models',
      '/v1/models/',
      '/api/admin/users/',
      '/api/../api/admin/users',
      '/ui/../api/admin/users',
    ]) {
      const answer = await sendRaw(port, {
        parts: [`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`],
        until: (text) => text.includes('\r\n\r\n'),
      });
      expect([path, [301, 302, 400, 401, 403, 404].includes(answer.statuses[0] ?? 0)]).toEqual([path, true]);
    }
  });

  test('T39: a strange Host changes neither routing nor rights', async () => {
    for (const host of ['a/?', 'a#', 'u:p@x', 'evil.example', 'a\\b', 'a,b', '[::1', '']) {
      for (const path of ['/v1/models', '/api/admin/users']) {
        const answer = await sendRaw(port, {
          parts: [`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
          until: (text) => text.includes('\r\n\r\n'),
        });
        expect([host, path, [400, 401].includes(answer.statuses[0] ?? 0)]).toEqual([host, path, true]);
      }
    }
    const twoHosts = `GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\nAuthorization: Bearer ${tollgate.key}\r\n\r\n`;
    const answer = await sendRaw(port, { parts: [twoHosts], until: (text) => text.includes('\r\n\r\n') });
    expect(answer.statuses).toEqual([400]);
    const absolute = 'GET http://evil.example/api/admin/users HTTP/1.1\r\nHost: a\r\n\r\n';
    const viaProxy = await sendRaw(port, { parts: [absolute], until: (text) => text.includes('\r\n\r\n') });
    expect(viaProxy.statuses).toEqual([401]);
  });
});

describe('T20: methods and banners', () => {
  test('T20: TRACE, CONNECT and unknown methods are refused; nothing is echoed', async () => {
    for (const method of ['TRACE', 'CONNECT']) {
      const request = `${method} /v1/models HTTP/1.1\r\nHost: a\r\nX-Secret: canary-echo\r\n\r\n`;
      const answer = await sendRaw(port, { parts: [request], until: (text) => text.includes('}') });
      expect(answer.statuses).toEqual([405]);
      expect(answer.text).not.toContain('canary-echo');
    }
    const unknown = await sendRaw(port, { parts: ['FOO /v1/models HTTP/1.1\r\nHost: a\r\n\r\n'] });
    expect([unknown.statuses, unknown.closed]).toEqual([[], true]);
  });

  test('T20: probes and metrics tell strangers nothing about the house, and no banner names a version', async () => {
    for (const path of ['/health/live', '/health/ready', '/', '/v1/models', '/nothing']) {
      const response = await fetch(tollgate.url + path, { redirect: 'manual' });
      const told = [...response.headers].flat().join('\n') + (await response.text());
      expect(told).not.toMatch(
        /\bbun\/|hono|x-powered-by|sqlite|\d+\.\d+\.\d+|127\.0\.0\.1:\d+.*up\b|sk-up/i,
      );
    }
  });
});
