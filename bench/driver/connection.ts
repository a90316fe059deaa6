// One keep-alive client connection: sends a request as bytes, tells what comes back and when it broke.
import type { Socket } from 'bun';
import { MessageParser } from '../wire/message-parser.ts';
import { Outbox } from '../wire/outbox.ts';

export interface ResponseEvents {
  readonly onHead?: (status: number, head: string) => void;
  readonly onBody?: (bytes: Buffer) => void;
  readonly onEnd: (status: number) => void;
  /** The connection broke before the response ended. */
  readonly onBroken: () => void;
}

export interface Connection {
  readonly busy: () => boolean;
  readonly open: () => boolean;
  readonly send: (request: Uint8Array, events: ResponseEvents) => void;
  readonly close: () => void;
}

interface Wire {
  socket: Socket<undefined> | null;
  readonly outbox: Outbox;
  current: ResponseEvents | null;
  status: number;
}

export async function connect(port: number): Promise<Connection> {
  const wire: Wire = { socket: null, outbox: new Outbox(), current: null, status: 0 };
  const parser = createParser(wire);
  const broken = () => {
    wire.socket = null;
    const current = wire.current;
    wire.current = null;
    current?.onBroken();
  };
  wire.socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      data: (_, bytes) => parser.push(bytes),
      drain: (socket) => wire.outbox.flush(socket),
      close: broken,
      error: broken,
    },
  });
  return {
    busy: () => wire.current !== null,
    open: () => wire.socket !== null,
    send: (request, events) => {
      if (!wire.socket) return events.onBroken();
      wire.current = events;
      wire.outbox.send(wire.socket, request);
    },
    close: () => {
      wire.current = null;
      wire.socket?.terminate();
    },
  };
}

function createParser(wire: Wire): MessageParser {
  return new MessageParser(
    {
      onHead: (head) => {
        wire.status = Number(head.slice(9, 12));
        wire.current?.onHead?.(wire.status, head);
      },
      onBody: (bytes) => wire.current?.onBody?.(bytes),
      onEnd: () => {
        const current = wire.current;
        wire.current = null;
        current?.onEnd(wire.status);
      },
    },
    'response',
  );
}

export interface RequestParts {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request as it goes over the wire. */
export function requestBytes(parts: RequestParts): Buffer {
  const lines = Object.entries(parts.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = Buffer.byteLength(parts.body);
  return Buffer.from(
    `POST ${parts.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${lines.join('')}Content-Length: ${length}\r\n\r\n${parts.body}`,
  );
}
