// Notices what other processes changed in the database: the fallback for the control socket, and the way replicas learn.
import type { Log } from '../lib/log.ts';
import type { Store } from '../store/open-store.ts';
import { readVersions, type VersionName } from '../store/versions.ts';

/** A change made elsewhere is known here within a second. */
const POLL_MS = 500;

export interface VersionWatch {
  readonly stop: () => void;
}

export function watchVersions(options: {
  readonly store: Store;
  readonly log: Log;
  readonly onChange: Partial<Record<VersionName, () => Promise<void>>>;
}): VersionWatch {
  const { store, log, onChange } = options;
  /** What was taken in. Empty at first: what changed while this process was starting is taken in by the first look. */
  const known = new Map<string, number>();
  let busy = false;

  async function look(): Promise<void> {
    const versions = await readVersions(store.read);
    for (const [name, act] of Object.entries(onChange)) {
      const version = versions.get(name);
      if (version === undefined || version === known.get(name)) continue;
      try {
        await act();
        known.set(name, version);
      } catch (error) {
        log.warn({ what: name, error: String(error) }, 'a change could not be taken in; trying again');
      }
    }
  }

  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    look()
      .catch((error) => log.warn({ error: String(error) }, 'the database could not be asked for changes'))
      .finally(() => {
        busy = false;
      });
  }, POLL_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
