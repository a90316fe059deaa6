// Speaks to a server in raw bytes, as no HTTP client would, and tells what came back.
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly text: string;
  /** Status of each answer, in order. */
  readonly statuses: readonly number[];
  /** True when the server closed the connection. */
  readonly closed: boolean;
}

export interface RawRequest {
  /** Written one after another, each as a packet of its own. Characters are bytes. */
  readonly parts: readonly string[];
  /** Stops waiting as soon as this is true of what came. */
  readonly until?: (text: string) => boolean;
  /** Pause between parts. */
  readonly gapMs?: number;
  readonly waitMs?: number;
}

/** Resolves when the server closes, when `until` holds, or after `waitMs` (5 s). */
export function sendRaw(port: number, request: RawRequest): Promise<RawAnswer> {
  const { parts, until, gapMs = 5, waitMs = 5_000 } = request;
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => finish(false), waitMs);
    const finish = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      const statuses = [...text.matchAll(/(?:^|\r\n|\})HTTP\/1\.[01] (\d{3})/g)].map((match) =>
        Number(match[1]),
      );
      resolve({ text, statuses, closed });
    };
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (until?.(text)) finish(false);
    });
    socket.on('error', () => {});
    socket.on('close', () => finish(true));
    socket.on('connect', () => void writeAll(socket, parts, gapMs));
  });
}

async function writeAll(socket: Socket, parts: readonly string[], gapMs: number): Promise<void> {
  for (const part of parts) {
    if (socket.destroyed) return;
    socket.write(part, 'latin1');
    if (gapMs > 0) await Bun.sleep(gapMs);
  }
}
