// Clockwork of the provider keys: asks resting ones whether they work again, and writes down what the pool knows, so
// that a restart neither forgets a quarantine nor asks a limited key before its time.
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Store } from '../store/open-store.ts';
import { readPoolStates, writePoolStates } from '../store/provider-credentials.ts';
import type { Pool } from '../upstream/pool/pool.ts';
import { readState, writeState } from '../upstream/pool/pool-state.ts';
import { recheckCredentials } from '../upstream/recheck-credentials.ts';

const SAVE_MS = 15_000;
/** How often it is looked whether a resting key is due to be asked about. */
const RECHECK_MS = 60_000;

export interface PoolKeeper {
  /** Lays what was saved over the pool's fresh states. Once, before the first request. */
  readonly restore: () => Promise<void>;
  /** Writes down what has changed since the last time. */
  readonly save: () => Promise<void>;
  /** Stops the clockwork and saves a last time. */
  readonly stop: () => Promise<void>;
}

export interface KeepPoolOptions {
  readonly pool: Pool;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

export function keepPool({ pool, store, clock, log }: KeepPoolOptions): PoolKeeper {
  const saved = new Map<string, string>();
  let running: Promise<void> = Promise.resolve();
  const moment = () => ({ nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() });

  async function save(): Promise<void> {
    const at = moment();
    const rows = pool.pools().flatMap(({ spec, states }) =>
      states
        // What was never used has nothing to remember.
        .filter((state) => state.tally.requests > 0 || state.lockedUntilMs > 0)
        .filter((state) => state.credential.source !== 'demo')
        .map((state) => ({
          credential_id: state.credential.id,
          provider: spec.name,
          state: writeState(state, at),
          saved_ms: at.nowMs,
        })),
    );
    const changed = rows.filter((row) => saved.get(row.credential_id) !== row.state);
    await writePoolStates(store.write, changed);
    for (const row of changed) saved.set(row.credential_id, row.state);
  }

  async function restore(): Promise<void> {
    const rows = new Map((await readPoolStates(store.read)).map((row) => [row.credential_id, row.state]));
    const at = moment();
    for (const { states } of pool.pools()) {
      for (const state of states) {
        const text = rows.get(state.credential.id);
        if (text !== undefined) readState(state, text, at);
      }
    }
  }

  async function recheck(): Promise<void> {
    const result = await recheckCredentials({ pool, clock });
    if (result.recovered > 0) log.info({ recovered: result.recovered }, 'resting provider keys work again');
  }

  const queue = (what: string, act: () => Promise<void>) => {
    running = running
      .then(act)
      .catch((error) => log.warn({ error: String(error) }, `${what} failed; tried again later`));
  };
  const timers = [
    setInterval(() => queue('saving the state of provider keys', save), SAVE_MS),
    setInterval(() => queue('checking resting provider keys', recheck), RECHECK_MS),
  ];
  for (const timer of timers) timer.unref();
  return {
    restore,
    save,
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      queue('saving the state of provider keys', save);
      await running;
    },
  };
}
