// Clockwork of the limits: keeps how near each limit came, and ends requests that were lost. Decides no request.
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { MemoryLimiter } from '../limits/memory-limiter.ts';
import { addPeaks } from '../store/limit-peaks.ts';
import type { Store } from '../store/open-store.ts';

/** At most this much of the report is lost when the process dies. */
const UPKEEP_MS = 60_000;
const DAY_MS = 86_400_000;

export interface LimitsUpkeepDeps {
  readonly limiter: MemoryLimiter;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LimitsUpkeep {
  /** One turn now; also what the timer does. */
  readonly run: () => Promise<void>;
  /** Stops the timer and keeps what is known. */
  readonly stop: () => Promise<void>;
}

export function startLimitsUpkeep(deps: LimitsUpkeepDeps): LimitsUpkeep {
  const run = () => turn(deps);
  const timer = setInterval(() => void run(), UPKEEP_MS);
  timer.unref();
  return {
    run,
    stop: async () => {
      clearInterval(timer);
      await run();
    },
  };
}

/** Never rejects: a report that cannot be kept must not hold up anything else. */
async function turn({ limiter, store, clock, log }: LimitsUpkeepDeps): Promise<void> {
  limiter.expire();
  const dayMs = Math.floor(clock.nowMs() / DAY_MS) * DAY_MS;
  const peaks = limiter.takePeaks().map((peak) => ({ ...peak, dayMs }));
  if (peaks.length === 0) return;
  try {
    await addPeaks(store.write, peaks);
  } catch (error) {
    log.warn({ error: String(error), limits: peaks.length }, 'how near limits came could not be kept');
  }
}
