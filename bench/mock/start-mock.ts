// The mock provider: a raw TCP server that answers OpenAI chat requests from buffers made at the start.
// It must be several times quicker than what it stands behind, so it parses no JSON and allocates little.
import type { Socket } from 'bun';
import type { Certificate } from '../system/make-certificate.ts';
import { MessageParser } from '../wire/message-parser.ts';
import { Outbox } from '../wire/outbox.ts';
import { type Answers, type MockOptions, makeAnswers } from './answers.ts';
import { createSchedule, type Schedule } from './schedule.ts';

export interface MockCounts {
  readonly requests: number;
  readonly connections: number;
  readonly open: number;
  readonly openMost: number;
  readonly streamsCut: number;
  readonly chunksSent: number;
}

export interface Mock {
  readonly port: number;
  /** The same behind TLS; null without a certificate. */
  readonly tlsPort: number | null;
  readonly counts: () => MockCounts;
  readonly stop: () => void;
}

interface Peer {
  readonly parser: MessageParser;
  readonly outbox: Outbox;
  /** The end of the body piece before, so that a marker split over two pieces is still found. */
  tail: string;
  target: string;
  stream: boolean;
  usage: boolean;
  streaming: boolean;
  closed: boolean;
}

const STREAM_MARK = /"stream"\s*:\s*true/;
const USAGE_MARK = /"include_usage"\s*:\s*true/;
const MARK_CHARS = 40;
/** Bodies are searched for their flags in pieces up to this size; the bench puts the flags first and last. */
const SEARCH_BYTES_MAX = 4 * 1024;

export function startMock(options: MockOptions, certificate: Certificate | null = null): Mock {
  const answers = makeAnswers(options);
  const schedule = createSchedule();
  const counts = { requests: 0, connections: 0, open: 0, openMost: 0, streamsCut: 0, chunksSent: 0 };
  const socket: Bun.SocketHandler<Peer> = {
    open: (socket) => {
      counts.connections += 1;
      counts.open += 1;
      counts.openMost = Math.max(counts.openMost, counts.open);
      socket.data = createPeer(() => answer({ socket, options, answers, schedule, counts }));
    },
    data: (socket, bytes) => socket.data.parser.push(bytes),
    drain: (socket) => socket.data.outbox.flush(socket),
    close: (socket) => {
      counts.open -= 1;
      if (socket.data.streaming) counts.streamsCut += 1;
      socket.data.closed = true;
    },
  };
  const hostname = '127.0.0.1';
  const server = Bun.listen<Peer>({ hostname, port: options.port, socket });
  const secure = certificate && Bun.listen<Peer>({ hostname, port: 0, socket, tls: filesOf(certificate) });
  return {
    port: server.port,
    tlsPort: secure?.port ?? null,
    counts: () => ({ ...counts }),
    stop: () => {
      schedule.stop();
      server.stop(true);
      secure?.stop(true);
    },
  };
}

function filesOf({ certificatePath, keyPath }: Certificate) {
  return { cert: Bun.file(certificatePath), key: Bun.file(keyPath) };
}

function createPeer(onRequest: () => void): Peer {
  const peer: Peer = {
    parser: new MessageParser(
      {
        onHead: (head) => {
          peer.target = head.slice(0, head.indexOf('\r\n'));
          peer.stream = false;
          peer.usage = false;
          peer.tail = '';
        },
        onBody: (bytes) => readFlags(peer, bytes),
        onEnd: onRequest,
      },
      'request',
    ),
    outbox: new Outbox(),
    tail: '',
    target: '',
    stream: false,
    usage: false,
    streaming: false,
    closed: false,
  };
  return peer;
}

function readFlags(peer: Peer, bytes: Buffer): void {
  const large = bytes.length > SEARCH_BYTES_MAX;
  const start = large
    ? bytes.toString('latin1', 0, SEARCH_BYTES_MAX)
    : bytes.toString('latin1', 0, bytes.length);
  const text =
    peer.tail +
    start +
    (large ? bytes.toString('latin1', bytes.length - SEARCH_BYTES_MAX, bytes.length) : '');
  peer.stream ||= STREAM_MARK.test(text);
  peer.usage ||= USAGE_MARK.test(text);
  peer.tail = text.slice(-MARK_CHARS);
}

interface Turn {
  readonly socket: Socket<Peer>;
  readonly options: MockOptions;
  readonly answers: Answers;
  readonly schedule: Schedule;
  readonly counts: { requests: number; streamsCut: number; chunksSent: number };
}

function answer(turn: Turn): void {
  const { socket, options, answers, counts } = turn;
  const peer = socket.data;
  if (peer.target.startsWith('GET /counts')) {
    sendCounts(turn);
    return;
  }
  counts.requests += 1;
  const failure = options.errorRate > 0 ? failureOrdinal(counts.requests, options.errorRate) : 0;
  if (failure > 0) wholeAnswer(turn, failure % 2 === 0 ? answers.rateLimited : answers.broken);
  else if (peer.stream) streamAnswer(turn);
  else wholeAnswer(turn, answers.whole);
}

function wholeAnswer(turn: Turn, bytes: Buffer): void {
  const { socket, options, schedule } = turn;
  const peer = socket.data;
  if (options.delayMs === 0) {
    peer.outbox.send(socket, bytes);
    return;
  }
  schedule.at(performance.now() + options.delayMs, () => {
    if (!peer.closed) peer.outbox.send(socket, bytes);
  });
}

/** Spreads failures evenly, every n-th request, so that runs are comparable. The how-many-eth it is, or 0 for none. */
function failureOrdinal(ordinal: number, rate: number): number {
  const failures = Math.floor(ordinal * rate);
  return failures === Math.floor((ordinal - 1) * rate) ? 0 : failures;
}

function streamAnswer(turn: Turn): void {
  const { socket, options, answers, schedule, counts } = turn;
  const peer = socket.data;
  const tail = peer.usage ? answers.tailWithUsage : answers.tail;
  const startMs = performance.now();
  let index = 0;
  peer.streaming = true;

  function step(): void {
    while (!peer.closed) {
      if (peer.outbox.full) {
        schedule.at(performance.now() + 1, step);
        return;
      }
      if (index === 0) peer.outbox.send(socket, answers.streamHead);
      const chunk = answers.chunks[index];
      if (!chunk) break;
      peer.outbox.send(socket, chunk);
      counts.chunksSent += 1;
      index += 1;
      if (options.gapMs > 0) {
        schedule.at(startMs + options.ttftMs + index * options.gapMs, step);
        return;
      }
    }
    if (peer.closed) return;
    peer.streaming = false;
    peer.outbox.send(socket, tail);
  }

  schedule.at(startMs + options.ttftMs, step);
}

function sendCounts(turn: Turn): void {
  const text = JSON.stringify(turn.counts);
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n`;
  turn.socket.data.outbox.send(turn.socket, Buffer.from(head + text));
}
