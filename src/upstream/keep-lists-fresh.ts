// Keeps the lists of models fresh once somebody has asked for them: the first asker waits a little, nobody after it does.
// A server whose callers never ask for lists never asks its providers either.
import { sleep } from '../lib/clock.ts';

/** How long the first asker waits; slower lists show up in a later answer. */
const FIRST_WAIT_MS = 5_000;
/** A list that could not be had is asked for again after this time. */
const RETRY_MS = 60_000;

export interface ListKeeper {
  /** Resolves when there is something to show; starts the refreshing. */
  readonly ready: () => Promise<void>;
  /** Providers have changed: ask anew, if anybody has asked before. */
  readonly again: () => void;
  readonly stop: () => void;
}

export function createListKeeper(
  catalogue: { readonly refresh: () => Promise<readonly string[]> },
  intervalMs: number,
): ListKeeper {
  let first: Promise<void> | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let running = false;
  let wanted = false;
  let stopped = false;

  async function round(): Promise<void> {
    if (stopped) return;
    if (running) {
      wanted = true;
      return;
    }
    running = true;
    const failed = await catalogue.refresh().catch(() => ['all']);
    running = false;
    const soon = wanted;
    wanted = false;
    if (stopped) return;
    if (timer) clearTimeout(timer);
    timer = setTimeout(
      () => void round(),
      soon ? 0 : failed.length > 0 ? Math.min(RETRY_MS, intervalMs) : intervalMs,
    );
    timer.unref();
  }

  return {
    ready: () => {
      first ??= Promise.race([round(), sleep(FIRST_WAIT_MS)]);
      return first;
    },
    again: () => {
      if (first) void round();
    },
    stop: () => {
      stopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}
