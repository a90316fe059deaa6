// Clockwork: prunes old usage at the start and once a day. A failure is logged and tried again with the next round.
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { applyRetention } from '../services/apply-retention.ts';
import type { Store } from '../store/open-store.ts';

const FIRST_ROUND_MS = 60_000;
const ROUND_MS = 86_400_000 / 4;

export interface RetentionJob {
  readonly stop: () => Promise<void>;
}

export function startRetention(options: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly retentionDays: number;
}): RetentionJob {
  const { log, ...rest } = options;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  const round = async (): Promise<void> => {
    try {
      const result = await applyRetention({ ...rest, signal: stopping.signal });
      if (result.deleted > 0) log.info(result, 'old usage rows pruned; their totals stay');
    } catch (error) {
      log.warn({ error: String(error) }, 'old usage rows could not be pruned; tried again later');
    }
  };
  const start = () => {
    running = running.then(round);
  };
  const first = setTimeout(start, FIRST_ROUND_MS);
  const timer = setInterval(start, ROUND_MS);
  first.unref();
  timer.unref();
  return {
    stop: async () => {
      clearTimeout(first);
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}
