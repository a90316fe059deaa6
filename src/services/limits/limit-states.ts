// How the limits stand by the store alone: for commands, and for whoever has no running server to ask.
import type { Clock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';
import type { LimitState } from '../../limits/limiter.ts';
import { createLimitsLoader } from '../../limits/load-limits.ts';
import { MemoryLimiter } from '../../limits/memory-limiter.ts';
import type { Store } from '../../store/open-store.ts';

/** Budgets with what their rows add up to; what a running server has not written down yet is not in it. */
export async function readLimitStates(deps: {
  readonly store: Store;
  readonly clock: Clock;
}): Promise<readonly LimitState[]> {
  const { store, clock } = deps;
  const limiter = new MemoryLimiter({ clock, log: silentLog });
  await createLimitsLoader({ store, limiter, flush: async () => {}, clock }).reload();
  return limiter.allStates();
}
