// Guarantee: a provider whose TLS and HTTP are of another make (Node on OpenSSL) is served by kept connections as well, in both
// versions of TLS: large bodies whole, streams in order, idle connections that it closes. Run by over-https.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { OutboundRequest, RawAnswer } from '../../../src/upstream/send-by-fetch.ts';
import { openConnections, sendByConnection } from '../../../src/upstream/wire/send-by-connection.ts';

const SUPPORT = join(import.meta.dir, '../../support');
const LONG = 'é and more of it. '.repeat(300_000);

async function send(url: string, body: string): Promise<string> {
  const request: OutboundRequest = {
    url,
    method: 'POST',
    headers: new Map(),
    body,
    host: null,
    serverName: null,
  };
  const answer = await new Promise<RawAnswer>((answered, failed) => {
    sendByConnection(request, { answered, failed });
  });
  expect(answer.status).toBe(200);
  let text = '';
  return new Promise((resolve, reject) =>
    answer.body.attach({
      data: (bytes) => {
        text += new TextDecoder().decode(bytes);
      },
      end: () => resolve(text),
      fail: reject,
    }),
  );
}

for (const version of ['TLSv1.2', 'TLSv1.3'])
  describe(version, () => {
    let child: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;
    let url = '';

    beforeAll(async () => {
      child = Bun.spawn(
        ['node', join(SUPPORT, 'node-https-server.cjs'), join(SUPPORT, 'certificates'), version],
        {
          stdin: 'ignore',
          stdout: 'pipe',
          stderr: 'inherit',
        },
      );
      const { value } = await child.stdout.getReader().read();
      url = `https://localhost:${/\d+/.exec(new TextDecoder().decode(value))?.[0]}`;
    });
    afterAll(async () => {
      child.kill();
      await child.exited;
    });

    test('one request after another over one connection', async () => {
      for (let each = 0; each < 30; each++)
        expect(JSON.parse(await send(url, `${each}`))).toEqual({
          sha256: new Bun.CryptoHasher('sha256').update(`${each}`).digest('hex'),
          connections: 1,
          protocol: version,
        });
    });

    test('a body of megabytes arrives whole, several at once', async () => {
      const sha256 = new Bun.CryptoHasher('sha256').update(LONG).digest('hex');
      const answers = await Promise.all(Array.from({ length: 4 }, () => send(url, LONG)));
      for (const answer of answers) expect(JSON.parse(answer)).toMatchObject({ sha256 });
    });

    test('a stream arrives in order and whole', async () => {
      const expected = Array.from({ length: 50 }, (_, index) => `data: ${index}\n\n`).join('');
      const texts = await Promise.all(Array.from({ length: 8 }, () => send(`${url}/stream`, '{}')));
      for (const text of texts) expect(text).toBe(expected);
    });

    test('connections that it closes are not missed', async () => {
      await send(`${url}/close`, '{}');
      await send(url, '{}');
      await Bun.sleep(1_500);
      expect(openConnections()).toBe(0);
      // Right at its limit, where its end and our request may cross.
      for (let each = 0; each < 8; each++) {
        await send(url, '{}');
        await Bun.sleep(285 + each * 5);
      }
      expect(JSON.parse(await send(url, '{}'))).toMatchObject({ protocol: version });
    });
  });
