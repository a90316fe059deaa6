// Guarantee: nothing is sent to a server that has not proven its name, whatever it does instead; a connection that was made for
// one name never serves another; what is given up meanwhile leaves no socket. Run by over-https.test.ts.
import { afterEach, expect, test } from 'bun:test';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { systemClock } from '../../../src/lib/clock.ts';
import type { OutboundRequest, RawAnswer } from '../../../src/upstream/send-by-fetch.ts';
import { Connection } from '../../../src/upstream/wire/connection.ts';
import { ConnectionPool } from '../../../src/upstream/wire/connection-pool.ts';
import { dial } from '../../../src/upstream/wire/dial.ts';
import { Exchange, NeverConnected } from '../../../src/upstream/wire/exchange.ts';
import { sendByConnection } from '../../../src/upstream/wire/send-by-connection.ts';
import { localhostCertificate } from '../../support/on-https.ts';

const HTTP_ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const servers: Server[] = [];
const sockets: Socket[] = [];
let received = '';
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  received = '';
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

function answering(): Server {
  return createSecureServer(localhostCertificate(), (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      socket.write(HTTP_ANSWER);
    });
  });
}

function send(port: number, more: Partial<OutboundRequest> = {}): Promise<RawAnswer> {
  const request: OutboundRequest = {
    url: `https://localhost:${port}/v1`,
    method: 'POST',
    headers: new Map([['authorization', 'Bearer sk-canary']]),
    body: '{}',
    host: null,
    serverName: null,
    ...more,
  };
  return new Promise((resolve, reject) => {
    if (sendByConnection(request, { answered: resolve, failed: reject }) === null)
      reject(new Error('not taken'));
  });
}

function dialled(port: number, handshakeMsMax?: number): Promise<unknown> {
  const owner = { onFree: () => {}, onClosed: () => {}, onStale: () => {}, clock: systemClock };
  const address = { key: 'k', host: 'localhost', hostname: '127.0.0.1', port, serverName: 'localhost' };
  return dial(address, new Connection(owner), handshakeMsMax);
}

test('the request over TLS, the port that is not the scheme’s own in its host', async () => {
  const port = await listen(answering());
  expect((await send(port)).status).toBe(200);
  expect(received).toBe(
    `POST /v1 HTTP/1.1\r\nhost: localhost:${port}\r\nauthorization: Bearer sk-canary\r\naccept: */*\r\ncontent-length: 2\r\n\r\n{}`,
  );
});

test('a connection for one name is not used for another at the same address', async () => {
  const port = await listen(answering());
  const url = `https://127.0.0.1:${port}/v1`;
  const own = await send(port, { url, host: 'localhost', serverName: 'localhost' });
  own.body.attach({ data: () => {}, end: () => {}, fail: () => {} });
  received = '';
  const other = send(port, { url, host: 'other.test', serverName: 'other.test' });
  await expect(other).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  expect(received).toBe('');
});

test('a bare address, user names and nonsense are not taken', async () => {
  for (const url of [
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://user@localhost/',
    'https:///v1',
    'https://a b/',
  ])
    await expect(send(1, { url })).rejects.toThrow('not taken');
});

test('a server that says nothing is waited for within a bound', async () => {
  const port = await listen(createServer((socket) => socket.resume()));
  const dialling = dialled(port, 50);
  await expect(dialling).rejects.toBeInstanceOf(NeverConnected);
  await expect(dialling).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  await Bun.sleep(30);
  expect(sockets[0]?.readableEnded).toBe(true);
});

test('a server that hangs up as the connection is made', async () => {
  const port = await listen(createServer((socket) => socket.end()));
  const dialling = dialled(port);
  await expect(dialling).rejects.toBeInstanceOf(NeverConnected);
  await expect(dialling).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('a server that speaks no TLS gets no request', async () => {
  const plain = createServer((socket) => {
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      socket.write(HTTP_ANSWER);
    });
  });
  const port = await listen(plain);
  const error = await send(port).then(
    () => null,
    (thrown: Error) => thrown,
  );
  expect(String(`${(error as { code?: string }).code} ${error?.message}`)).toMatch(/SSL|TLS/);
  expect(received).not.toContain('sk-canary');
});

test('given up before the name is proven: no request goes out and no socket stays', async () => {
  const port = await listen(answering());
  const pool = new ConnectionPool(systemClock);
  const address = { key: 'k', host: 'localhost', hostname: '127.0.0.1', port, serverName: 'localhost' };
  const failed = Promise.withResolvers<unknown>();
  const listener = { answered: () => failed.resolve(null), failed: failed.resolve };
  const exchange = new Exchange({ head: 'POST / HTTP/1.1\r\n\r\n', body: '', bodyBytes: 0 }, listener);
  pool.send(address, exchange);
  exchange.abort();
  expect(await failed.promise).toMatchObject({ code: 'ABORT_ERR' });
  await Bun.sleep(100);
  expect([pool.openCount, pool.idleCount, received]).toEqual([0, 0, '']);
});
