// Callers that wait for a slot: woken in order when one is given back. Bounded; a caller who leaves is forgotten.

/** More callers than this waiting at once: the next is refused at once. */
export const WAITERS_MAX = 10_000;

export interface Waiters {
  /** Resolves when woken, after `ms`, or when the signal aborts; at once when too many wait. */
  readonly wait: (ms: number, signal: AbortSignal | null) => Promise<void>;
  /** Wakes up to `count`, oldest first. */
  readonly wake: (count: number) => void;
  readonly size: () => number;
}

export function createWaiters(max = WAITERS_MAX): Waiters {
  // A Set keeps the order of arrival and forgets in constant time.
  const waiting = new Set<() => void>();
  return {
    wait: (ms, signal) => {
      if (waiting.size >= max || signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const finish = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', finish);
          waiting.delete(finish);
          resolve();
        };
        const timer = setTimeout(finish, ms);
        signal?.addEventListener('abort', finish, { once: true });
        waiting.add(finish);
      });
    },
    wake: (count) => {
      let left = count;
      for (const finish of waiting) {
        if (left <= 0) return;
        left -= 1;
        finish();
      }
    },
    size: () => waiting.size,
  };
}
