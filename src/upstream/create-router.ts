// From the name a caller asked for to provider specs and models, by the configuration that holds now.
// Knows names, filters and mappings; never credentials.
import { allowsByFilter, OPEN_FILTER } from '../core/routing/model-filter.ts';
import { NO_ROUTES, planTargetNames, type RoutingTable } from '../core/routing/plan-targets.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Pool } from './pool/pool.ts';
import type { ModelRules } from './providers/model-rules.ts';
import type { ProviderSpec } from './providers/provider-spec.ts';

/** One place a request may go to. */
export interface Route {
  readonly spec: ProviderSpec;
  /** The provider's own model name. */
  readonly model: string;
  /** `provider/model` as callers know it, for rights and lists. */
  readonly fullName: string;
  /** Fields the operator adds to requests for this model. */
  readonly options: JsonObject | null;
}

export interface RouterConfig {
  readonly table: RoutingTable;
  readonly rules: ReadonlyMap<string, ModelRules>;
}

export interface Router {
  /** In the order they are to be tried; empty when the name leads nowhere or to a hidden model. */
  readonly routesOf: (asked: string) => readonly Route[];
  /** Whether the model may be shown and used. */
  readonly offers: (provider: string, model: string) => boolean;
  readonly configure: (config: RouterConfig) => void;
  /** Providers or their lists of models have changed. */
  readonly forget: () => void;
}

/** Names whose routes are remembered. */
const KNOWN_NAMES_MAX = 4_096;

export interface RouterOptions {
  readonly pool: Pick<Pool, 'provider' | 'providers'>;
  /** Whether a provider is known to list a model. */
  readonly lists: (provider: string, model: string) => boolean;
}

export function createRouter({ pool, lists }: RouterOptions): Router {
  let config: RouterConfig = { table: NO_ROUTES, rules: new Map() };
  const known = new Map<string, readonly Route[]>();

  const offers = (provider: string, model: string) =>
    allowsByFilter(config.rules.get(provider)?.filter ?? OPEN_FILTER, provider, model);

  function routesOf(asked: string): readonly Route[] {
    const cached = known.get(asked);
    if (cached) return cached;
    const routes = work(asked);
    // Names come from callers: only those that lead somewhere are kept, and only so many.
    if (routes.length > 0 && known.size < KNOWN_NAMES_MAX) known.set(asked, routes);
    return routes;
  }

  function work(asked: string): Route[] {
    const names = planTargetNames(asked, config.table, {
      providerOf: (name) => pool.provider(name)?.name ?? null,
      providers: pool.providers().map((spec) => spec.name),
      lists: (provider, model) =>
        lists(provider, model) || config.rules.get(provider)?.listed.includes(model) === true,
    });
    const [first] = names;
    // A hidden model is not quietly replaced by its fallback: it does not exist here.
    if (!first || !offers(first.provider, first.model)) return [];
    return names.flatMap(({ provider, model }) => {
      const spec = pool.provider(provider);
      if (!spec || !offers(provider, model)) return [];
      const mapped = config.rules.get(provider)?.mapped.get(model);
      const options = mapped && Object.keys(mapped.options).length > 0 ? mapped.options : null;
      return [{ spec, model: mapped?.id ?? model, fullName: `${provider}/${model}`, options }];
    });
  }

  return {
    routesOf,
    offers,
    configure: (next) => {
      config = next;
      known.clear();
    },
    forget: () => known.clear(),
  };
}
