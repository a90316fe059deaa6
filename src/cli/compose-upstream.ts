// Providers and their keys from the configuration: the pool, the demo provider while nothing else is there, the catalogue.
import type { Config } from '../config/load-config.ts';
import type { ModelCatalogue } from '../gateway/models.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { startDemoProvider } from '../upstream/demo/start-demo-provider.ts';
import { createPool } from '../upstream/pool/create-pool.ts';
import type { Pool } from '../upstream/pool/lease.ts';
import { discoverProviders } from '../upstream/providers/discover.ts';

export interface ComposedUpstream {
  readonly pool: Pool;
  readonly catalogue: ModelCatalogue;
  readonly notices: readonly string[];
  /** Takes over a new configuration; requests under way finish with the old one. */
  readonly reconfigure: (config: Config) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export function composeUpstream(config: Config, log: Log): ComposedUpstream {
  const found = discoverProviders(config.environment);
  for (const notice of found.notices) log.warn({}, notice);
  const wanted = config.settings.DEMO_PROVIDER;
  const demo =
    wanted === 'on' || (wanted === 'auto' && found.specs.length === 0) ? startDemoProvider() : null;
  const pool = createPool({
    specs: [...found.specs, ...(demo ? [demo.spec] : [])],
    credentials: [...found.credentials, ...(demo ? [demo.credential] : [])],
    clock: systemClock,
  });
  const models = (demo?.models ?? []).map((id) => ({ id, provider: 'demo', createdS: 1_767_225_600 }));
  return {
    pool,
    catalogue: { list: () => models },
    notices: demo ? ['no provider key is set: the demo models are on (demo/echo, demo/story, …)'] : [],
    reconfigure: async () => {},
    stop: async () => {
      await demo?.stop();
    },
  };
}
