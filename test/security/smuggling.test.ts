// T33: two readers of one byte stream must never disagree about where a request ends. Attack: a request whose body is
// itself a request, framed so that one reader takes it for a body and another for a second request. Raw sockets,
// straight at the server and through nginx where nginx is installed.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { type NginxFront, startNginx } from '../support/nginx-front.ts';
import { sendRaw } from '../support/raw-socket.ts';
import {
  chatCompletion,
  jsonAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

let upstream: ScriptedUpstream;
let tollgate: TestTollgate;
let nginx: NginxFront | null;

beforeAll(async () => {
  upstream = await startScriptedUpstream(() => jsonAnswer(chatCompletion('served')));
  tollgate = await startTollgate({ UP_API_KEY: 'sk-up', UP_API_BASE: `${upstream.url}/v1` });
  nginx = await startNginx(Number(new URL(tollgate.url).port));
});
afterAll(async () => {
  await nginx?.stop();
  if (nginx) rmSync(nginx.folder, { recursive: true, force: true });
  await tollgate?.stop();
  await upstream?.stop();
});

const BODY = JSON.stringify({ model: 'up/plain', messages: [{ role: 'user', content: 'hi' }] });
const HIDDEN = JSON.stringify({ model: 'up/smuggled', messages: [{ role: 'user', content: 'hi' }] });

function head(...more: string[]): string {
  const lines = ['POST /v1/chat/completions HTTP/1.1', 'Host: a', `Authorization: Bearer ${tollgate.key}`];
  return [...lines, 'Content-Type: application/json', ...more, '', ''].join('\r\n');
}

/** A whole request that must never be served as one. */
function hidden(): string {
  return head(`Content-Length: ${HIDDEN.length}`) + HIDDEN;
}

const chunk = (text: string, extension = '') => `${text.length.toString(16)}${extension}\r\n${text}\r\n`;
const LENGTH = `Content-Length: ${BODY.length}`;
const CHUNKED = 'Transfer-Encoding: chunked';

const REFUSED: readonly (readonly [what: string, request: () => string])[] = [
  ['a length and chunks', () => `${head(LENGTH, CHUNKED) + chunk(BODY)}0\r\n\r\n${hidden()}`],
  ['chunks and a length', () => `${head(CHUNKED, 'Content-Length: 4')}0\r\n\r\n${hidden()}`],
  ['two different lengths', () => head(LENGTH, 'Content-Length: 5') + BODY + hidden()],
  ['a list of lengths', () => head(`Content-Length: ${BODY.length}, ${BODY.length}`) + BODY],
  ['an empty length, then another', () => head('Content-Length: ', LENGTH) + BODY + hidden()],
  ['a negative length', () => head('Content-Length: -1') + hidden()],
  ['a length with a sign', () => head(`Content-Length: +${BODY.length}`) + BODY],
  ['a length in hex', () => head('Content-Length: 0x10') + BODY],
  ['a length beyond counting', () => head('Content-Length: 99999999999999999999') + BODY],
  ['an unknown coding', () => `${head('Transfer-Encoding: xchunked')}0\r\n\r\n${hidden()}`],
  ['identity before chunked', () => `${head('Transfer-Encoding: identity, chunked')}0\r\n\r\n${hidden()}`],
  ['chunked twice', () => `${head(CHUNKED, CHUNKED)}0\r\n\r\n${hidden()}`],
  ['a vertical tab in the coding', () => `${head('Transfer-Encoding: \x0bchunked')}0\r\n\r\n${hidden()}`],
  ['chunks in HTTP/1.0', () => `${head(CHUNKED).replace('HTTP/1.1', 'HTTP/1.0')}0\r\n\r\n${hidden()}`],
  ['bare LF in the header', () => head('X-A: b\nContent-Length: 0\nX-C: d') + hidden()],
  ['bare CR in the header', () => head(`X-A: b\rContent-Length: 0`, LENGTH) + BODY],
  ['a folded line', () => head('X-A: b\r\n c', LENGTH) + BODY],
  ['a space before the colon', () => head(`Content-Length : ${BODY.length}`) + hidden()],
  ['a space before the name', () => head(` Content-Length: ${BODY.length}`) + hidden()],
  ['a NUL in a value', () => head('X-A: a\0b', LENGTH) + BODY],
  ['a giant chunk size', () => `${head(CHUNKED)}ffffffffffffffffff\r\n${hidden()}`],
  ['a chunk size at the edge', () => `${head(CHUNKED)}FFFFFFFFFFFFFFFE\r\n${hidden()}`],
  ['a negative chunk size', () => `${head(CHUNKED)}-1\r\n${hidden()}`],
  ['chunks that end in LF', () => `${head(CHUNKED)}${BODY.length.toString(16)}\n${BODY}\n0\n\n${hidden()}`],
  [
    'junk behind a chunk',
    () => `${head(CHUNKED)}${BODY.length.toString(16)}\r\n${BODY}XX0\r\n\r\n${hidden()}`,
  ],
];

describe('T33: smuggling, straight at the server', () => {
  for (const [what, request] of REFUSED) {
    test(`T33: ${what} is refused and the connection closed`, async () => {
      const before = upstream.requests.length;
      const answer = await sendRaw(Number(new URL(tollgate.url).port), { parts: [request()] });
      expect({ closed: answer.closed, statuses: answer.statuses }).toEqual({ closed: true, statuses: [400] });
      expect(modelsSince(before)).toEqual([]);
    });
  }

  test('T33: junk behind the last chunk never becomes a request', async () => {
    const before = upstream.requests.length;
    const parts = [`${head(CHUNKED) + chunk(BODY)}0\r\n\r\nJUNK ${hidden()}`];
    expect((await sendRaw(Number(new URL(tollgate.url).port), { parts })).closed).toBe(true);
    expect(modelsSince(before)).not.toContain('smuggled');
  });

  test('T33: a request in the body of a GET never becomes a request', async () => {
    const before = upstream.requests.length;
    const get = `GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tollgate.key}\r\nContent-Length: ${hidden().length}\r\n\r\n`;
    const parts = [get + hidden()];
    const answer = await sendRaw(Number(new URL(tollgate.url).port), { parts, until: endOfJson });
    expect(answer.statuses).toEqual([200]);
    expect(modelsSince(before)).toEqual([]);
  });

  for (const [what, request] of [
    ['identical lengths', () => head(LENGTH, LENGTH) + BODY],
    ['chunk extensions', () => `${head(CHUNKED) + chunk(BODY, ';a=b')}0\r\n\r\n`],
    ['a body cut into single bytes', () => head(LENGTH) + BODY],
  ] as const) {
    test(`T33: ${what} are read as RFC 9112 says`, async () => {
      const before = upstream.requests.length;
      const parts = what === 'a body cut into single bytes' ? [...request()] : [request()];
      const answer = await sendRaw(Number(new URL(tollgate.url).port), { parts, until: endOfJson, gapMs: 0 });
      expect(answer.statuses).toEqual([200]);
      expect(modelsSince(before)).toEqual(['plain']);
    });
  }

  test('T33: a second request on the same connection, sent after the answer, is a second request', async () => {
    const before = upstream.requests.length;
    const port = Number(new URL(tollgate.url).port);
    const both = head(LENGTH) + BODY;
    const answer = await sendRaw(port, {
      parts: [both, both],
      gapMs: 500,
      until: (text) => text.split('"served"').length === 3,
    });
    expect(answer.statuses).toEqual([200, 200]);
    expect(modelsSince(before)).toEqual(['plain', 'plain']);
  });

  test('T33: a pipelined request is served in order or the connection is closed, never mixed up', async () => {
    const before = upstream.requests.length;
    const port = Number(new URL(tollgate.url).port);
    const answer = await sendRaw(port, {
      parts: [head(LENGTH) + BODY + hidden()],
      until: (text) => text.split('"served"').length === 3,
    });
    // Bun 1.4 closes a connection that sends on while an answer is still being made.
    if (!answer.closed) expect(modelsSince(before)).toEqual(['plain', 'smuggled']);
    else expect(answer.statuses.length).toBeLessThan(2);
  });
});

describe('T33: smuggling, through nginx', () => {
  const hasNginx = Bun.which('nginx') !== null;
  // Without nginx on the machine there is nothing to go through.
  for (const [what, request] of REFUSED) {
    test.skipIf(!hasNginx)(`T33: ${what} never yields a hidden request`, async () => {
      const before = upstream.requests.length;
      await sendRaw(nginx?.port ?? 0, { parts: [request()], waitMs: 400 });
      const seen = modelsSince(before);
      expect(seen.filter((model) => model === 'smuggled').length).toBeLessThanOrEqual(honest(what));
      expect(seen.length).toBeLessThanOrEqual(2);
    });
  }
});

/** What nginx itself reads as a second request, by RFC 9112, is one: it was sent behind a complete first request. */
function honest(what: string): number {
  return what === 'chunks that end in LF' ||
    what === 'bare LF in the header' ||
    what === 'an empty length, then another'
    ? 1
    : 0;
}

function modelsSince(before: number): unknown[] {
  return upstream.requests.slice(before).map((request) => request.json?.model);
}

function endOfJson(text: string): boolean {
  return /\r\n\r\n[\s\S]*\}\s*(\r\n0\r\n\r\n)?$/.test(text);
}
