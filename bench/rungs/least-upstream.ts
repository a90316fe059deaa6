// The upstream half of the least gateway (least-server.ts): kept connections, and just as much HTTP as the bench's own mocks
// speak: a length or whole chunks, no trailers, no surprises.

import { pieceOf } from '../../src/lib/piece-of.ts';
import { latin1IndexOf, latin1Slice } from '../../src/lib/raw-text.ts';

export interface AnswerSink {
  readonly head: (status: number, contentType: string) => void;
  readonly data: (bytes: Uint8Array) => void;
  readonly end: () => void;
}

const HEAD_END = '\r\n\r\n';
const LINE_FEED = 10;

class Upstream {
  socket: Bun.Socket<Upstream> | null = null;
  sink: AnswerSink | null = null;
  #kept: Uint8Array | null = null;
  #begun = false;
  /** What of a large request the socket has not taken yet. */
  #unsent: Uint8Array | null = null;
  /** Bytes left of a body with a length; null for chunks. */
  #left: number | null = null;

  ask(request: string, length: number, sink: AnswerSink): void {
    this.sink = sink;
    this.#begun = false;
    const written = this.socket?.write(request) ?? 0;
    if (written < length) this.#unsent = Buffer.from(request).subarray(written);
  }

  drain(): void {
    if (!this.#unsent) return;
    const written = this.socket?.write(this.#unsent) ?? 0;
    this.#unsent = written < this.#unsent.length ? this.#unsent.subarray(written) : null;
  }

  take(input: Uint8Array): void {
    const bytes = this.#kept ? Buffer.concat([this.#kept, input]) : input;
    this.#kept = null;
    let at = this.#begun ? 0 : this.#takeHead(bytes);
    while (at < bytes.length && this.sink) {
      const next = this.#left === null ? this.#takeChunk(bytes, at) : this.#takeCounted(bytes, at);
      if (next < 0) {
        this.#kept = bytes.slice(at);
        return;
      }
      at = next;
    }
  }

  #takeHead(bytes: Uint8Array): number {
    const end = latin1IndexOf(bytes, HEAD_END, 0);
    const head = latin1Slice(bytes, 0, end).toLowerCase();
    const length = /content-length: (\d+)/.exec(head)?.[1];
    this.#begun = true;
    this.#left = length === undefined ? null : Number(length);
    const type = /content-type: ([^\r]*)/.exec(head)?.[1] ?? 'application/json';
    this.sink?.head(Number(head.slice(9, 12)), type);
    return end + HEAD_END.length;
  }

  #takeCounted(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + (this.#left ?? 0));
    this.#left = (this.#left ?? 0) - (end - at);
    this.sink?.data(pieceOf(bytes, at, end));
    if (this.#left === 0) this.#end();
    return end;
  }

  /** Answers -1 when the chunk is not all here. */
  #takeChunk(bytes: Uint8Array, at: number): number {
    const feed = bytes.indexOf(LINE_FEED, at);
    const size = feed < 0 ? Number.NaN : Number.parseInt(latin1Slice(bytes, at, feed), 16);
    const from = feed + 1;
    if (Number.isNaN(size) || from + size + 2 > bytes.length) return -1;
    if (size === 0) this.#end();
    else this.sink?.data(pieceOf(bytes, from, from + size));
    return from + size + 2;
  }

  #end(): void {
    const sink = this.sink;
    this.sink = null;
    // An answer that came before all of its request was out leaves the connection in the middle of a message.
    if (this.#unsent) this.socket?.terminate();
    else idle.push(this);
    sink?.end();
  }

  /** Mocks close what has been idle for long: between the passes of a long run. */
  closed(): void {
    const at = idle.indexOf(this);
    if (at >= 0) idle.splice(at, 1);
  }
}

const idle: Upstream[] = [];

export async function askUpstream(port: number, body: string, sink: AnswerSink): Promise<void> {
  const upstream = idle.pop() ?? (await connect(port));
  const length = Buffer.byteLength(body);
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\nauthorization: Bearer sk-upstream\r\ncontent-length: ${length}\r\n\r\n`;
  upstream.ask(head + body, head.length + length, sink);
}

async function connect(port: number): Promise<Upstream> {
  const upstream = new Upstream();
  upstream.socket = await Bun.connect<Upstream>({
    hostname: '127.0.0.1',
    port,
    data: upstream,
    socket: {
      binaryType: 'uint8array',
      data: (socket, bytes) => socket.data.take(bytes),
      drain: (socket) => socket.data.drain(),
      close: (socket) => socket.data.closed(),
      error: (_, error) => console.error(error),
    },
  });
  return upstream;
}
