// Providers and their keys from the configuration and the store: pool, router, catalogue; the demo provider while
// nothing else is there. Replaced as a whole on reload; requests under way finish with what they began with.
import { ConfigError } from '../config/config-error.ts';
import type { Config } from '../config/load-config.ts';
import { keepPool } from '../jobs/keep-pool.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Store } from '../store/open-store.ts';
import { createRouter, type Router } from '../upstream/create-router.ts';
import { type DemoProvider, startDemoProvider } from '../upstream/demo/start-demo-provider.ts';
import { createListKeeper } from '../upstream/keep-lists-fresh.ts';
import { createModelCatalogue, type UpstreamCatalogue } from '../upstream/model-catalogue.ts';
import { createPool } from '../upstream/pool/create-pool.ts';
import type { Pool } from '../upstream/pool/pool.ts';
import type { ProviderSet } from '../upstream/providers/assemble-providers.ts';
import { effectiveProviders } from './effective-providers.ts';

export interface ComposedUpstream {
  readonly pool: Pool;
  readonly router: Router;
  readonly catalogue: UpstreamCatalogue & { readonly ready: () => Promise<void> };
  readonly notices: readonly string[];
  /** Takes over a new configuration; throws ConfigError and changes nothing when it cannot be used. */
  readonly reconfigure: (config: Config) => Promise<void>;
  /** Reads the stored credentials anew, under the configuration that holds. */
  readonly reloadCredentials: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Throws ConfigError that names every wrong provider setting. */
export async function composeUpstream(config: Config, store: Store, log: Log): Promise<ComposedUpstream> {
  let current = config;
  let set = await readProviders(config, store, log);
  let demo: DemoProvider | null = null;
  const pool = createPool({ specs: [], credentials: [], clock: systemClock });
  const router = createRouter({ pool, lists: (provider, model) => catalogue.lists(provider, model) });
  const catalogue: UpstreamCatalogue = createModelCatalogue({
    pool,
    clock: systemClock,
    log,
    listed: (provider) => set.rules.get(provider)?.listed ?? (provider === 'demo' ? demoModels(demo) : []),
    offers: (provider, model) => router.offers(provider, model),
    onChange: () => router.forget(),
  });
  const lists = createListKeeper(catalogue, config.settings.MODEL_INFO_REFRESH_INTERVAL);

  async function take(next: Config, nextSet: ProviderSet): Promise<void> {
    const wanted = next.settings.DEMO_PROVIDER;
    const wantsDemo = wanted === 'on' || (wanted === 'auto' && nextSet.credentials.length === 0);
    const ending = wantsDemo ? null : demo;
    demo = wantsDemo ? (demo ?? startDemoProvider()) : null;
    const isNew = fingerprint(set) !== fingerprint(nextSet);
    current = next;
    set = nextSet;
    pool.replace({
      ...nextSet,
      specs: [...nextSet.specs, ...(demo ? [demo.spec] : [])],
      credentials: [...nextSet.credentials, ...(demo ? [demo.credential] : [])],
    });
    const table = {
      aliases: new Map(Object.entries(next.yaml.aliases)),
      fallbacks: new Map(Object.entries(next.yaml.fallbacks)),
    };
    router.configure({ table, rules: nextSet.rules });
    catalogue.forget();
    if (isNew) lists.again();
    await ending?.stop();
  }

  await take(config, set);
  const keeper = keepPool({ pool, store, clock: systemClock, log });
  await keeper.restore();
  return {
    pool,
    router,
    catalogue: { ...catalogue, ready: lists.ready },
    notices: demo ? ['no provider key is set: the demo models are on (demo/echo, demo/story, …)'] : [],
    reconfigure: async (next) => take(next, await readProviders(next, store, log)),
    reloadCredentials: async () => take(current, await readProviders(current, store, null)),
    stop: async () => {
      lists.stop();
      await keeper.stop();
      await demo?.stop();
    },
  };
}

/** Throws ConfigError. */
async function readProviders(config: Config, store: Store, log: Log | null): Promise<ProviderSet> {
  const set = await effectiveProviders(config, store);
  if (set.problems.length > 0) throw new ConfigError(set.problems);
  for (const notice of set.notices) log?.warn({}, notice);
  return set;
}

function demoModels(demo: DemoProvider | null): readonly string[] {
  return (demo?.models ?? []).map((name) => name.replace(/^demo\//, ''));
}

/** What a change of would make lists of models worth asking for anew. */
function fingerprint({ specs, credentials }: ProviderSet): string {
  const places = specs.map((spec) => `${spec.name} ${spec.baseUrl}`);
  return [...places, ...credentials.map((each) => each.id)].join('\n');
}
