// The provider table that holds: environment, tollgate.yaml and stored keys together. The same for `serve` and for the
// commands that show it.
import { existsSync } from 'node:fs';
import type { Config } from '../config/load-config.ts';
import { systemClock } from '../lib/clock.ts';
import { loadCredentials } from '../services/provider-credentials/load-credentials.ts';
import { openStore, type Store } from '../store/open-store.ts';
import { createAddressGuard } from '../upstream/address-guard.ts';
import { assembleProviders, type ProviderSet } from '../upstream/providers/assemble-providers.ts';

/** Stored keys that cannot be opened are among the notices. `store` is null before the first start. */
export async function effectiveProviders(config: Config, store: Store | null): Promise<ProviderSet> {
  const loaded = store ? await loadCredentials(store, config.secrets.masterKey) : null;
  const set = assembleProviders({
    env: config.environment,
    file: config.yaml.providers,
    stored: loaded?.stored ?? [],
    disabled: loaded?.disabled ?? new Set(),
    guard: createAddressGuard({ allowPrivate: config.settings.ALLOW_PRIVATE_UPSTREAMS, clock: systemClock }),
    tolerance: config.settings.ROTATION_TOLERANCE,
    exhaustionMs: config.settings.EXHAUSTION_COOLDOWN_THRESHOLD,
    byFetch: config.settings.UPSTREAM_CLIENT === 'fetch',
  });
  return { ...set, notices: [...set.notices, ...(loaded?.problems ?? [])] };
}

/** For commands that only look: makes no database where there is none. */
export async function readEffectiveProviders(config: Config): Promise<ProviderSet> {
  if (!existsSync(config.databasePath)) return effectiveProviders(config, null);
  const store = await openStore({ path: config.databasePath, mode: 'inline' });
  try {
    return await effectiveProviders(config, store);
  } finally {
    await store.close();
  }
}
