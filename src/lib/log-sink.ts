// Writes log lines to stderr without ever waiting for whoever reads them: a reader that has stopped must not stop the
// server. Bounded: what does not fit is dropped and counted, and the count is told when the reader is back.
import { write } from 'node:fs';

/** About a thousand lines; a reader that lags further behind than this is gone. */
const QUEUE_BYTES_MAX = 1024 * 1024;
const STDERR = 2;

export interface LogSink {
  readonly write: (line: string) => void;
  /** True when everything was written within `waitMs`; false when the reader does not take it. */
  readonly flush: (waitMs: number) => Promise<boolean>;
}

type WriteBytes = (bytes: Buffer, done: (error: Error | null, written: number) => void) => void;

export function createLogSink(
  writeBytes: WriteBytes = (bytes, done) => write(STDERR, bytes, 0, bytes.length, null, done),
  queueBytesMax = QUEUE_BYTES_MAX,
): LogSink {
  let queue: string[] = [];
  let queuedBytes = 0;
  let dropped = 0;
  let writing = false;
  let idle: (() => void)[] = [];

  function next(): void {
    if (dropped > 0 && queuedBytes < queueBytesMax) {
      queue.push(`{"level":"warn","dropped":${dropped},"msg":"log lines were dropped: nobody took them"}\n`);
      dropped = 0;
    }
    if (queue.length === 0) {
      writing = false;
      for (const tell of idle) tell();
      idle = [];
      return;
    }
    writing = true;
    const bytes = Buffer.from(queue.join(''));
    queue = [];
    send(bytes);
  }

  function send(bytes: Buffer): void {
    writeBytes(bytes, (error, written) => {
      if (!error && written < bytes.length) return send(bytes.subarray(written));
      // A closed stderr cannot be told of anything: its lines are lost, the server goes on.
      queuedBytes = queue.reduce((sum, line) => sum + line.length, 0);
      next();
    });
  }

  return {
    write: (line) => {
      if (queuedBytes + line.length > queueBytesMax) {
        dropped += 1;
        return;
      }
      queue.push(line);
      queuedBytes += line.length;
      if (!writing) next();
    },
    flush: async (waitMs) => {
      if (!writing) return true;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), waitMs);
      idle.push(() => resolve(true));
      return promise.finally(() => clearTimeout(timer));
    },
  };
}

/** All loggers of a process share one: lines never mix. */
export const stderrSink = createLogSink();
