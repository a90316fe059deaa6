// Guarantee: an HTTP/1.1 answer is read the same however its bytes were split, and what two readers could read
// differently is refused. Attack: an answer that carries more than one answer, or hides where it ends.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Framing, ResponseHead } from '../../../src/upstream/wire/response-head.ts';
import { HEAD_BYTES_MAX, ResponseParser } from '../../../src/upstream/wire/response-parser.ts';

interface Read {
  status: number | null;
  framing: Framing | null;
  body: string;
  pieces: number;
  ended: 'no' | 'reusable' | 'spent';
}

function reading(): { parser: ResponseParser; read: Read } {
  const read: Read = { status: null, framing: null, body: '', pieces: 0, ended: 'no' };
  const parser = new ResponseParser({
    onHead: (head, framing) => {
      read.status = head.status;
      read.framing = framing;
    },
    onBody: (bytes) => {
      read.body += Buffer.from(bytes).toString('latin1');
      read.pieces += 1;
    },
    onEnd: (reusable) => {
      read.ended = reusable ? 'reusable' : 'spent';
    },
  });
  return { parser, read };
}

function readAll(text: string, cuts: readonly number[] = []): Read {
  const { parser, read } = reading();
  const bytes = Buffer.from(text, 'latin1');
  let from = 0;
  for (const cut of [
    ...cuts.filter((at) => at > 0 && at < bytes.length).sort((a, b) => a - b),
    bytes.length,
  ]) {
    if (cut > from) parser.push(Buffer.from(bytes.subarray(from, cut)));
    from = cut;
  }
  return read;
}

const counted = (body: string, more = '') =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;

function chunked(parts: readonly string[], trailer = ''): string {
  const chunks = parts
    .filter((part) => part !== '')
    .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
  return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n${trailer}\r\n`;
}

/** Index of the first byte behind the head. */
const bodyOf = (text: string) => text.indexOf('\r\n\r\n') + 4;

describe('what is read', () => {
  test('a counted body, however it is split', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60, unit: 'binary-ascii' }), fc.array(fc.nat(160)), (body, cuts) => {
        const read = readAll(counted(body), cuts);
        expect(read).toMatchObject({ status: 200, framing: body.length, body, ended: 'reusable' });
      }),
    );
  });

  test('a chunked body with extensions and trailers, however it is split', () => {
    const part = fc.string({ maxLength: 30, unit: 'binary-ascii' });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.array(fc.nat(300)), (parts, cuts) => {
        const read = readAll(chunked(parts, 'x-took: 5\r\n'), cuts);
        expect(read).toMatchObject({ framing: 'chunked', body: parts.join(''), ended: 'reusable' });
      }),
    );
    expect(
      readAll('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n').body,
    ).toBe('abc');
  });

  test('one whole chunk in each read, as streams come', () => {
    const part = fc.string({ minLength: 1, maxLength: 300, unit: 'binary-ascii' });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const text = chunked(parts);
        const cuts = [bodyOf(text)];
        for (const { length } of parts)
          cuts.push((cuts.at(-1) ?? 0) + length.toString(16).length + length + 4);
        expect(readAll(text, cuts)).toMatchObject({
          body: parts.join(''),
          pieces: parts.length,
          ended: 'reusable',
        });
      }),
    );
  });

  test('chunks that came together go on together', () => {
    expect(readAll(chunked(['one', 'two', 'three']))).toMatchObject({ body: 'onetwothree', pieces: 1 });
  });

  test('a body without a length ends with its connection, which is spent', () => {
    const { parser, read } = reading();
    parser.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\nabc'));
    expect(read).toMatchObject({ framing: 'close', ended: 'no' });
    expect(parser.finish()).toBe(true);
    expect(read).toMatchObject({ body: 'abc', ended: 'spent' });
  });

  test('a connection that ends too soon is told from one that ends in order', () => {
    for (const text of ['HTTP/1.1 200', counted('abc').slice(0, -1), chunked(['abc']).slice(0, -3)]) {
      const { parser } = reading();
      parser.push(Buffer.from(text));
      expect(parser.finish()).toBe(false);
    }
  });

  test('interim answers are passed over; 204 has no body; HTTP/1.0 and close are spent', () => {
    expect(readAll(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${counted('ok')}`).body).toBe('ok');
    expect(readAll('HTTP/1.1 204 No Content\r\n\r\n')).toMatchObject({ framing: 0, ended: 'reusable' });
    expect(readAll(counted('ok', 'Connection: Close\r\n')).ended).toBe('spent');
    expect(readAll(counted('ok').replace('1.1', '1.0')).ended).toBe('spent');
  });

  test('one parser reads one answer after another', () => {
    const { parser, read } = reading();
    for (const body of ['first', 'second']) {
      parser.reset();
      read.body = '';
      parser.push(Buffer.from(counted(body)));
      expect(read.body).toBe(body);
    }
  });
});

describe('what is refused', () => {
  test.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', /status line/],
    ['another version', 'HTTP/2 200\r\n\r\n', /status line/],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', /status line/],
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', /switched protocols/],
    ['two lengths', counted('abc', 'Content-Length: 4\r\n'), /length/],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', /length/],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 3x\r\n\r\nabc', /length/],
    ['a length beside chunks', chunked(['a']).replace('\r\n\r\n', '\r\nContent-Length: 1\r\n\r\n'), /both/],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', /coding/],
    ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n', /two lines/],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', /size/],
    ['an endless chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n', /believe/],
    [
      'a chunk longer than its size',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc',
      /longer/,
    ],
    [
      'a size with other bytes behind it',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3xyabc\r\n',
      /no size/,
    ],
    [
      'a chunk with other bytes at its end',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcde',
      /longer/,
    ],
    ['a bare line feed', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nab', /proper end/],
    ['bytes after the answer', `${counted('abc')}HTTP/1.1 200 OK\r\n\r\n`, /nobody asked/],
  ])('%s', (_, text, message) => {
    expect(() => readAll(text)).toThrow(message);
    // Also where the head came by itself, and what is wrong is all of a read.
    expect(() => readAll(text, [bodyOf(text)])).toThrow(message);
  });

  test('two equal lengths are one', () => {
    expect(readAll(counted('abc', 'Content-Length: 3\r\n')).body).toBe('abc');
  });

  test('heads, size lines and trailers beyond their bounds', () => {
    const long = 'a'.repeat(HEAD_BYTES_MAX);
    expect(() => readAll(`HTTP/1.1 200 OK\r\nx: ${long}\r\n\r\n`)).toThrow(/too large/);
    expect(() => readAll(`HTTP/1.1 200 OK\r\nx: ${long}`)).toThrow(/too large/);
    expect(() => readAll(chunked([]).replace('0\r\n', `0;${long}\r\n`))).toThrow(/too long/);
    const trailers = Array.from({ length: 40 }, () => `x: ${'a'.repeat(1_000)}\r\n`).join('');
    expect(() => readAll(chunked([], trailers))).toThrow(/trailers/);
  });
});

describe('headers', () => {
  const head = new ResponseHead('HTTP/1.1 200 OK\r\nX-One: 1 \r\nx-two:2\r\nX-ONE: 3\r\nDate: a: b');

  test('are found by name in any case, several of one name together, none as null', () => {
    expect(head.get('x-one')).toBe('1, 3');
    expect(head.get('x-two')).toBe('2');
    expect(head.get('date')).toBe('a: b');
    expect(head.get('two')).toBeNull();
  });

  test('are visited once each', () => {
    const seen: [string, string][] = [];
    head.forEach((value, name) => {
      seen.push([name, value]);
    });
    expect(seen).toEqual([
      ['x-one', '1, 3'],
      ['x-two', '2'],
      ['date', 'a: b'],
    ]);
  });
});
