// Retention: takes out old usage rows in bites that hold the write lock for a few milliseconds each.
import { type Clock, sleep } from '../lib/clock.ts';
import type { Store } from '../store/open-store.ts';
import { pruneUsageBite, retentionStartMs } from '../store/usage-retention.ts';

export interface PruneOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly retentionDays: number;
  readonly onProgress?: (deleted: number) => void;
  readonly signal?: AbortSignal;
}

/** What a bite may hold the lock for; the next one is made smaller or larger after each. */
const BITE_MS_AIM = 5;
const BITE_ROWS_MIN = 10;
const BITE_ROWS_MAX = 250;
const BITE_ROWS_FIRST = 50;
/** Others write between two bites. */
const PAUSE_MS = 10;

export interface PruneResult {
  readonly deleted: number;
  readonly longestBiteMs: number;
}

/** Whole UTC days only, so that the totals of a day are never of half its rows. */
export async function applyRetention(options: PruneOptions): Promise<PruneResult> {
  const { store, clock, retentionDays, onProgress, signal } = options;
  const beforeMs = retentionStartMs(clock.nowMs(), retentionDays);
  let rowsMax = BITE_ROWS_FIRST;
  let deleted = 0;
  let longestBiteMs = 0;
  while (!signal?.aborted) {
    const bite = await pruneUsageBite(store, { beforeMs, rowsMax });
    deleted += bite.deleted;
    longestBiteMs = Math.max(longestBiteMs, bite.tookMs);
    onProgress?.(deleted);
    if (bite.deleted < rowsMax) break;
    rowsMax = nextBite(rowsMax, bite.tookMs);
    await sleep(PAUSE_MS);
  }
  return { deleted, longestBiteMs };
}

function nextBite(rows: number, tookMs: number): number {
  const scaled = Math.round((rows * BITE_MS_AIM) / Math.max(tookMs, 1));
  return Math.max(BITE_ROWS_MIN, Math.min(BITE_ROWS_MAX, rows * 2, scaled));
}
