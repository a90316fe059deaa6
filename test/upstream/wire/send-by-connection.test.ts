// Guarantee: what goes to a plain provider is one well-formed request, whatever stands in the query or in a header.
// Attack: a line break in a value, or a space in the query, that begins a second request.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createServer, type Server } from 'node:net';
import type { OutboundRequest, RawAnswer } from '../../../src/upstream/send-by-fetch.ts';
import { sendByConnection } from '../../../src/upstream/wire/send-by-connection.ts';

let server: Server;
let port = 0;
let received = '';
let receivedBytes = '';

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('data', (bytes) => {
      received += bytes.toString('utf8');
      receivedBytes += bytes.toString('latin1');
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => server.close());

type Given = Partial<Omit<OutboundRequest, 'headers'>> & { readonly headers?: Record<string, string> };

async function send({ headers, ...more }: Given): Promise<string> {
  received = '';
  receivedBytes = '';
  const request: OutboundRequest = {
    url: `http://127.0.0.1:${port}/v1/chat`,
    method: 'POST',
    headers: new Map(Object.entries(headers ?? {})),
    body: '{}',
    host: null,
    serverName: null,
    ...more,
  };
  await new Promise<RawAnswer>((resolve, reject) => {
    if (sendByConnection(request, { answered: resolve, failed: reject }) === null)
      reject(new Error('not plain'));
  });
  return received;
}

test('the request line, the host, the headers, the length in bytes', async () => {
  const text = await send({
    headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
    body: '"é"',
  });
  expect(text).toBe(
    `POST /v1/chat HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer k\r\ncontent-type: application/json\r\n` +
      'accept: */*\r\ncontent-length: 4\r\n\r\n"é"',
  );
  expect(
    await send({ method: 'GET', body: null, host: 'named.example', headers: { accept: 'text/plain' } }),
  ).toBe('GET /v1/chat HTTP/1.1\r\nhost: named.example\r\naccept: text/plain\r\n\r\n');
});

test('a value with a line break is left out; a query with one is encoded', async () => {
  const text = await send({
    url: `http://127.0.0.1:${port}/v1/chat?a=b c\r\nx: y&d=é`,
    headers: { 'x-bad': 'a\r\nx-evil: 1', 'x-zero': 'a\0b', 'x-good': 'c' },
  });
  const lines = text.split('\r\n');
  expect(lines[0]).toBe('POST /v1/chat?a=b%20cx:%20y&d=%C3%A9 HTTP/1.1');
  expect(lines.filter((line) => line.startsWith('x-'))).toEqual(['x-good: c']);
});

test('a value beyond ASCII keeps its bytes, whatever the size of the body', async () => {
  const long = JSON.stringify('é'.repeat(70_000));
  const parts = [Buffer.from('"'), Buffer.from(long.slice(1))];
  for (const body of ['{}', long, parts]) {
    await send({ headers: { 'x-name': 'Gr\xf6\xdfe' }, body });
    expect(receivedBytes).toContain('\r\nx-name: Gr\xf6\xdfe\r\n');
    const length = body === '{}' ? 2 : 140_002;
    expect(receivedBytes).toContain(`\r\ncontent-length: ${length}\r\n\r\n`);
  }
});

test('a name is called by its plain form, whatever script or letters it is written in', async () => {
  for (const name of ['\uff11\uff12\uff17.0.0.1', '127.1', 'LOCALHOST']) {
    const text = await send({ url: `http://${name}:${port}/v1` });
    expect(text).toContain(`\r\nhost: ${name === 'LOCALHOST' ? 'localhost' : '127.0.0.1'}:${port}\r\n`);
  }
});

test('one host and one length, whatever the configuration says', async () => {
  const headers = {
    host: 'own.example',
    'content-length': '99',
    'transfer-encoding': 'chunked',
    'x-good': 'c',
  };
  const lines = (await send({ headers })).split('\r\n');
  expect(lines).toEqual([
    'POST /v1/chat HTTP/1.1',
    'host: own.example',
    'x-good: c',
    'accept: */*',
    'content-length: 2',
    '',
    '{}',
  ]);
  expect(await send({ headers, host: 'pinned.example' })).toContain('\r\nhost: pinned.example\r\nx-good');
});

test('https, user names and nonsense are not taken', () => {
  const listener = { answered: () => {}, failed: () => {} };
  const base = { method: 'GET', headers: new Map(), body: null, host: null, serverName: null } as const;
  for (const url of ['https://127.0.0.1/', 'http://user@127.0.0.1/', 'http:///v1', 'http://a b/'])
    expect(sendByConnection({ ...base, url }, listener)).toBeNull();
});
