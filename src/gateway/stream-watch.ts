// One timer for all streams: it finds those whose provider has gone silent and those whose caller has stopped reading.
// Per-chunk timers would cost more than the chunks.
import type { Clock } from '../lib/clock.ts';
import { Linked, LinkedList } from '../lib/linked-list.ts';

/** How often the streams are looked at; limits are met to within this. */
const SWEEP_MS = 250;

/** After the event that ends a stream the provider gets this long to end the connection, so that it can be reused. */
const TRAILER_MS = 1_000;

/** Which side a stream waits for: the provider's next bytes, the caller's taking them, or the end of what is complete. */
export type Waiting = 'provider' | 'caller' | 'trailer' | 'nobody';

export abstract class WatchedStream extends Linked {
  abstract waitingFor(): Waiting;
  /** Monotonic time since which we wait. */
  abstract since(): number;
  abstract onProviderSilent(): void;
  abstract onCallerStalled(): void;
  abstract onTrailerLate(): void;
  /** The grace time of a shutdown is over. */
  abstract onShutdown(): void;
}

export interface StreamWatch {
  readonly add: (stream: WatchedStream) => void;
  readonly remove: (stream: WatchedStream) => void;
  readonly size: () => number;
  /** Ends every stream that is still running, each with its error event and its settlement. */
  readonly endAll: () => void;
  readonly stop: () => void;
}

export function createStreamWatch(options: {
  readonly clock: Clock;
  readonly readIdleMs: number;
  readonly writeIdleMs: number;
}): StreamWatch {
  const { clock, readIdleMs, writeIdleMs } = options;
  const streams = new LinkedList<WatchedStream>();
  const timer = setInterval(() => {
    const nowMs = clock.monotonicMs();
    for (const stream of streams) {
      const waitedMs = nowMs - stream.since();
      const waitingFor = stream.waitingFor();
      if (waitingFor === 'provider' && waitedMs >= readIdleMs) stream.onProviderSilent();
      else if (waitingFor === 'caller' && waitedMs >= writeIdleMs) stream.onCallerStalled();
      else if (waitingFor === 'trailer' && waitedMs >= TRAILER_MS) stream.onTrailerLate();
    }
  }, SWEEP_MS);
  timer.unref();
  return {
    add: (stream) => streams.add(stream),
    remove: (stream) => {
      streams.remove(stream);
    },
    size: () => streams.size,
    endAll: () => {
      for (const stream of [...streams]) stream.onShutdown();
    },
    stop: () => clearInterval(timer),
  };
}
