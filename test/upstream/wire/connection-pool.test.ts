// Guarantee: connections to providers are kept and used again, one request at a time; a dead one costs a request nothing;
// a slow reader makes its provider wait; what is given up frees its socket. Real sockets on loopback, in `npm run test:https` over TLS.
import { afterEach, describe, expect, test } from 'bun:test';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { systemClock } from '../../../src/lib/clock.ts';
import type { BodySink } from '../../../src/upstream/answer-body.ts';
import type { OutboundBody, RawAnswer } from '../../../src/upstream/send-by-fetch.ts';
import { STALE_MS_MAX } from '../../../src/upstream/wire/connection.ts';
import {
  ConnectionPool,
  IDLE_MS_MAX,
  SECURE_IDLE_MS_MAX,
} from '../../../src/upstream/wire/connection-pool.ts';
import type { Address } from '../../../src/upstream/wire/dial.ts';
import { Exchange } from '../../../src/upstream/wire/exchange.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { localhostCertificate, ON_HTTPS } from '../../support/on-https.ts';

const servers: Server[] = [];
const open: Socket[] = [];
afterEach(() => {
  // One that a failed test left would keep the run from ending.
  for (const socket of open.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A provider's side of a connection. */
function listenFor(onSocket: (socket: Socket) => void): Server {
  const taken = (socket: Socket) => {
    open.push(socket);
    socket.on('error', () => {});
    onSocket(socket);
  };
  return ON_HTTPS ? createSecureServer(localhostCertificate(), taken) : createServer(taken);
}

/** Its server listens. */
function addressOf(server: Server): Address {
  const { port } = server.address() as { port: number };
  const serverName = ON_HTTPS ? 'localhost' : null;
  return { key: `p${port}`, host: `localhost:${port}`, hostname: '127.0.0.1', port, serverName };
}

interface Peer {
  readonly address: Address;
  readonly sockets: Socket[];
}

/** A provider that answers each request it has read whole by calling `answer`. */
async function peer(answer: (socket: Socket, request: string, ordinal: number) => void): Promise<Peer> {
  const sockets: Socket[] = [];
  let ordinal = 0;
  const server = listenFor((socket) => {
    sockets.push(socket);
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (;;) {
        const end = text.indexOf('\r\n\r\n');
        const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0);
        if (end < 0 || text.length < end + 4 + length) return;
        const request = text.slice(0, end + 4 + length);
        text = text.slice(end + 4 + length);
        ordinal += 1;
        answer(socket, request, ordinal);
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: addressOf(server), sockets };
}

const ask = (body = '') => `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const ok = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

function send(pool: ConnectionPool, address: Address, head = ask(), body: OutboundBody = '') {
  let exchange!: Exchange;
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    const bodyBytes = Buffer.byteLength(typeof body === 'string' ? body : Buffer.concat(body));
    exchange = new Exchange({ head, body, bodyBytes }, { answered: resolve, failed: reject });
    pool.send(address, exchange);
  });
  answer.catch(() => {});
  return { exchange, answer };
}

function bodyOf(answer: RawAnswer, on: Partial<BodySink> = {}): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) =>
    answer.body.attach({
      data: (bytes) => {
        text += Buffer.from(bytes).toString('latin1');
        on.data?.(bytes);
      },
      end: () => resolve(text),
      fail: reject,
    }),
  );
}

describe('a kept connection', () => {
  test('carries one request after another, and two at once go over two', async () => {
    const far = await peer((socket, _request, ordinal) => socket.write(ok(`answer ${ordinal}`)));
    const pool = new ConnectionPool(systemClock);
    for (const each of [1, 2, 3]) {
      const { answer } = send(pool, far.address);
      expect(await bodyOf(await answer)).toBe(`answer ${each}`);
    }
    expect(far.sockets.length).toBe(1);
    await Promise.all([1, 2].map(async () => bodyOf(await send(pool, far.address).answer)));
    expect(far.sockets.length).toBe(2);
    expect([pool.openCount, pool.idleCount]).toEqual([2, 2]);
  });

  test('that has been idle for too long is closed and not used again', async () => {
    const far = await peer((socket) => socket.write(ok('a')));
    const clock = new ManualClock();
    const pool = new ConnectionPool(clock);
    await bodyOf(await send(pool, far.address).answer);
    clock.advance((ON_HTTPS ? SECURE_IDLE_MS_MAX : IDLE_MS_MAX) - 1);
    await bodyOf(await send(pool, far.address).answer);
    expect(far.sockets.length).toBe(1);
    clock.advance((ON_HTTPS ? SECURE_IDLE_MS_MAX : IDLE_MS_MAX) + 1);
    await bodyOf(await send(pool, far.address).answer);
    expect(far.sockets.length).toBe(2);
    expect(pool.openCount).toBe(1);
  });

  test('that its provider closed while idle is not used again', async () => {
    const far = await peer((socket) => socket.write(ok('a')));
    const pool = new ConnectionPool(systemClock);
    await bodyOf(await send(pool, far.address).answer);
    far.sockets[0]?.end();
    await Bun.sleep(50);
    expect([pool.openCount, pool.idleCount]).toEqual([0, 0]);
    expect(await bodyOf(await send(pool, far.address).answer)).toBe('a');
  });

  test('that its provider closes as the request arrives: the request goes out once more on a new one', async () => {
    let dies = false;
    const far = await peer((socket) => {
      if (dies) socket.destroy();
      else socket.write(ok('a'));
      dies = !dies;
    });
    const pool = new ConnectionPool(systemClock);
    await bodyOf(await send(pool, far.address).answer);
    expect(await bodyOf(await send(pool, far.address).answer)).toBe('a');
    expect(far.sockets.length).toBe(2);
  });

  test('that closes once the provider has had the request for a while: a failed call, sent once', async () => {
    let requests = 0;
    const far = await peer((socket, request) => {
      requests += 1;
      if (!request.includes('lost')) socket.write(ok('a'));
    });
    const clock = new ManualClock();
    const pool = new ConnectionPool(clock);
    await bodyOf(await send(pool, far.address).answer);
    const { answer } = send(pool, far.address, ask('lost'));
    while (requests < 2) await Bun.sleep(1);
    clock.advance(STALE_MS_MAX);
    far.sockets[0]?.destroy();
    await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect([requests, far.sockets.length, pool.openCount]).toEqual([2, 1, 0]);
  });

  test('a new connection that closes without an answer is a failure, not tried again', async () => {
    const far = await peer((socket) => socket.destroy());
    const pool = new ConnectionPool(systemClock);
    await expect(send(pool, far.address).answer).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(far.sockets.length).toBe(1);
    expect(pool.openCount).toBe(0);
  });

  test('an answer before the request was taken leaves a connection that is not used again', async () => {
    const far = await peer(() => {});
    servers[0]?.on(ON_HTTPS ? 'secureConnection' : 'connection', (socket: Socket) => {
      socket.pause();
      socket.write(ok('too large'));
    });
    const pool = new ConnectionPool(systemClock);
    const { answer } = send(pool, far.address, ask('x'.repeat(20_000_000)));
    expect(await bodyOf(await answer)).toBe('too large');
    expect([pool.openCount, pool.idleCount]).toEqual([0, 0]);
  });
});

describe('failures', () => {
  test('a port where nobody listens names the system’s reason', async () => {
    const pool = new ConnectionPool(systemClock);
    const serverName = ON_HTTPS ? 'localhost' : null;
    const dead = { key: 'dead', host: 'localhost:1', hostname: '127.0.0.1', port: 1, serverName };
    const { answer } = send(pool, dead);
    await expect(answer).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(pool.openCount).toBe(0);
  });

  test('a body that is cut fails; one that is no HTTP is refused; neither connection stays', async () => {
    const far = await peer((socket, request) => {
      if (request.includes('cut')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
      else socket.write('220 mail.example ESMTP\r\n\r\n');
    });
    const pool = new ConnectionPool(systemClock);
    const cut = await send(pool, far.address, ask('cut')).answer;
    await expect(bodyOf(cut)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(send(pool, far.address).answer).rejects.toThrow(/status line/);
    expect(pool.openCount).toBe(0);
  });

  test('giving up frees the socket before the answer, in its body, and does no harm after it', async () => {
    const far = await peer((socket, request) => {
      if (request.includes('body')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
      if (request.includes('whole')) socket.write(ok('abc'));
    });
    const pool = new ConnectionPool(systemClock);
    const silent = send(pool, far.address, ask('silent'));
    await Bun.sleep(30);
    silent.exchange.cancel();
    await expect(silent.answer).rejects.toMatchObject({ code: 'ABORT_ERR' });
    const begun = send(pool, far.address, ask('body'));
    await begun.answer;
    begun.exchange.cancel();
    await Bun.sleep(30);
    expect(pool.openCount).toBe(0);
    expect(far.sockets.every((socket) => socket.destroyed || socket.readableEnded)).toBe(true);
    const whole = send(pool, far.address, ask('whole'));
    await bodyOf(await whole.answer);
    whole.exchange.cancel();
    expect([pool.openCount, pool.idleCount]).toEqual([1, 1]);
  });
});

describe('the pace', () => {
  test('a paused body makes its provider wait; resumed, nothing is lost', async () => {
    const size = 30_000_000;
    let written = 0;
    const far = await peer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
      const piece = Buffer.alloc(100_000, 'x');
      const pump = () => {
        while (written < size) {
          written += piece.length;
          if (!socket.write(piece)) {
            socket.once('drain', pump);
            return;
          }
        }
      };
      pump();
    });
    const pool = new ConnectionPool(systemClock);
    const { exchange, answer } = send(pool, far.address);
    let bytes = 0;
    const ended = bodyOf(await answer, {
      data: (piece) => {
        bytes += piece.byteLength;
        exchange.pause();
      },
    });
    await Bun.sleep(200);
    const whilePaused = bytes;
    expect(whilePaused).toBeLessThan(2_000_000);
    expect(written).toBeLessThan(size);
    const resume = setInterval(() => exchange.resume(), 1);
    await ended;
    clearInterval(resume);
    expect(bytes).toBe(size);
  });

  test('a body that nobody takes yet is held within a bound', async () => {
    const far = await peer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 30000000\r\n\r\n');
      socket.write(Buffer.alloc(30_000_000, 'x'));
    });
    const pool = new ConnectionPool(systemClock);
    const { exchange, answer } = send(pool, far.address);
    const head = await answer;
    await Bun.sleep(200);
    let atOnce = 0;
    head.body.attach({
      data: (piece) => {
        atOnce += piece.byteLength;
      },
      end: () => {},
      fail: () => {},
    });
    expect(atOnce).toBeGreaterThan(0);
    expect(atOnce).toBeLessThan(2_000_000);
    exchange.cancel();
  });

  for (const form of ['one text', 'parts'])
    test(`a large request goes out whole to a provider that reads slowly, as ${form}`, async () => {
      const text = Array.from({ length: 1_200_000 }, (_, index) => `é${index}`).join('');
      const bytes = Buffer.from(text);
      const head = `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes.length}\r\n\r\n`;
      let received = 0;
      const hash = new Bun.CryptoHasher('sha256');
      const server = listenFor((socket) => {
        socket.on('error', () => {});
        socket.on('data', (read) => {
          received += read.length;
          hash.update(read);
          socket.pause();
          setTimeout(() => socket.resume(), 1);
          if (received >= head.length + bytes.length) socket.write(ok('got it'));
        });
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const pool = new ConnectionPool(systemClock);
      const cuts = [0, 1, 100, 5_000_000, 5_000_000, bytes.length - 3, bytes.length];
      const parts = cuts.slice(1).map((cut, index) => bytes.subarray(cuts[index], cut));
      const body = form === 'parts' ? parts : text;
      const { answer } = send(pool, addressOf(server), head, body);
      expect(await bodyOf(await answer)).toBe('got it');
      expect(received).toBe(head.length + bytes.length);
      expect(hash.digest('hex')).toBe(new Bun.CryptoHasher('sha256').update(head + text).digest('hex'));
      expect(pool.idleCount).toBe(1);
    });
});
