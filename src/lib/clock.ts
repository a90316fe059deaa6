// The only owner of time. Everything else takes a Clock, so that tests can move it.

/** Wall time for records and windows; monotonic time for durations and deadlines. */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. May jump when the system clock is set. */
  readonly nowMs: () => number;
  /** Milliseconds from an arbitrary start, fractional; never goes back. */
  readonly monotonicMs: () => number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** Waits `ms` milliseconds; rejects with the signal's reason when it is aborted first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    function onAbort() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Waits for the first of the promises, at most `ms`, and leaves no timer behind that would keep the process alive. */
export async function waitAtMost(ms: number, ...promises: readonly Promise<unknown>[]): Promise<void> {
  const over = new AbortController();
  const timeUp = sleep(ms, over.signal).catch(() => undefined);
  try {
    await Promise.race([...promises, timeUp]);
  } finally {
    over.abort();
  }
}
