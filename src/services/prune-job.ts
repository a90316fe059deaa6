// A prune that runs on while nobody waits for it, one at a time, and says how far it is.
import type { Doer } from '../core/principal.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Store } from '../store/open-store.ts';
import { pruneUsage } from './prune-usage.ts';

export interface PruneState {
  readonly phase: 'running' | 'done' | 'failed';
  readonly retentionDays: number;
  readonly deleted: number;
}

export interface PruneJob {
  /** Null when none has run since the start of this process. */
  readonly state: () => PruneState | null;
  /** False when one is running already. */
  readonly start: (act: { readonly doer: Doer; readonly retentionDays: number }) => boolean;
}

export function createPruneJob(parts: { store: Store; clock: Clock; log: Log }): PruneJob {
  let state: PruneState | null = null;

  async function run(act: { readonly doer: Doer; readonly retentionDays: number }): Promise<void> {
    const { retentionDays } = act;
    const onProgress = (deleted: number) => {
      state = { phase: 'running', retentionDays, deleted };
    };
    onProgress(0);
    try {
      const deleted = await pruneUsage(parts, { ...act, onProgress });
      state = { phase: 'done', retentionDays, deleted };
    } catch (error) {
      state = { phase: 'failed', retentionDays, deleted: state?.deleted ?? 0 };
      parts.log.error({ error: String(error) }, 'a prune from the dashboard failed');
    }
  }

  return {
    state: () => state,
    start: (act) => {
      if (state?.phase === 'running') return false;
      run(act).catch(() => {});
      return true;
    },
  };
}
