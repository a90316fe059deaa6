// The models of all providers: what the operator listed and what the providers say, cached and refreshed in the
// background. A failed refresh keeps the list that was there (the predecessor's E17 kept an empty one for ever).
import type { Clock } from '../lib/clock.ts';
import { parseJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import { callUpstream } from './call-upstream.ts';
import type { Pool } from './pool/pool.ts';
import type { ProviderPool } from './pool/provider-pool.ts';
import type { Credential } from './providers/provider-spec.ts';
import { readBounded } from './read-body.ts';
import { type FoundModel, readModelList } from './read-model-list.ts';

export interface KnownModel {
  /** `provider/model`. */
  readonly id: string;
  readonly provider: string;
  readonly model: string;
  readonly createdS: number;
}

export interface UpstreamCatalogue {
  /** In the order of providers, then of names; only what may be shown. */
  readonly list: () => readonly KnownModel[];
  readonly lists: (provider: string, model: string) => boolean;
  /** Asks every provider that has a list. Resolves with the names of those that did not answer. */
  readonly refresh: () => Promise<readonly string[]>;
  /** Providers or filters have changed. */
  readonly forget: () => void;
}

export interface CatalogueOptions {
  readonly pool: Pick<Pool, 'pools' | 'providers'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Names the operator listed for a provider. */
  readonly listed: (provider: string) => readonly string[];
  readonly offers: (provider: string, model: string) => boolean;
  readonly onChange: () => void;
}

export const MODELS_PER_PROVIDER_MAX = 5_000;
const PAGES_MAX = 10;
const PAGE_BYTES_MAX = 16 * 1024 * 1024;
const PAGE_MS_MAX = 20_000;
/** Providers asked at once. */
const PARALLEL_MAX = 4;

export function createModelCatalogue(options: CatalogueOptions): UpstreamCatalogue {
  const { pool, listed, offers } = options;
  const found = new Map<string, ReadonlyMap<string, FoundModel>>();
  let cached: readonly KnownModel[] | null = null;

  function list(): readonly KnownModel[] {
    cached ??= pool.providers().flatMap((spec) => {
      const models = new Map<string, number>();
      for (const model of listed(spec.name)) models.set(model, 0);
      for (const { model, createdS } of found.get(spec.name)?.values() ?? []) models.set(model, createdS);
      return [...models]
        .filter(([model]) => offers(spec.name, model))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([model, createdS]) => ({ id: `${spec.name}/${model}`, provider: spec.name, model, createdS }));
    });
    return cached;
  }

  async function refreshOne(each: ProviderPool): Promise<boolean> {
    const models = await fetchModels(each, options);
    if (!models) return false;
    found.set(each.spec.name, new Map(models.map((model) => [model.model, model])));
    cached = null;
    options.onChange();
    return true;
  }

  async function refresh(): Promise<string[]> {
    const waiting = pool.pools().filter((each) => each.spec.endpoints.models !== undefined);
    const failed: string[] = [];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift())
        if (!(await refreshOne(next))) failed.push(next.spec.name);
    };
    await Promise.all(Array.from({ length: PARALLEL_MAX }, work));
    return failed;
  }

  return {
    list,
    lists: (provider, model) => found.get(provider)?.has(model) === true,
    refresh,
    forget: () => {
      cached = null;
    },
  };
}

/** Null when the provider did not answer with a list. */
async function fetchModels(each: ProviderPool, options: CatalogueOptions): Promise<FoundModel[] | null> {
  const nowMs = options.clock.monotonicMs();
  const state = each.states.find((one) => !one.disabled && one.lockedUntilMs <= nowMs);
  if (!state) return null;
  const models: FoundModel[] = [];
  let query =
    each.spec.protocol === 'gemini'
      ? 'pageSize=1000'
      : each.spec.protocol === 'anthropic'
        ? 'limit=1000'
        : '';
  for (let page = 0; page < PAGES_MAX && models.length < MODELS_PER_PROVIDER_MAX; page++) {
    const read = await fetchPage(each, state.credential, query, options);
    if (!read) return null;
    models.push(...read.models);
    if (read.next === null) break;
    query = [query.replace(/&?(pageToken|after_id)=[^&]*/, ''), read.next].filter(Boolean).join('&');
  }
  return models.slice(0, MODELS_PER_PROVIDER_MAX);
}

async function fetchPage(
  each: ProviderPool,
  credential: Credential,
  query: string,
  options: CatalogueOptions,
) {
  const outcome = await callUpstream({
    spec: each.spec,
    credential,
    operation: 'models',
    model: '',
    method: 'GET',
    query,
    headers: null,
    signal: null,
    firstByteMs: PAGE_MS_MAX,
    clock: options.clock,
  });
  const { name } = each.spec;
  if (outcome.kind === 'failure') {
    options.log.warn(
      { provider: name, failure: outcome.failure, detail: outcome.message },
      'no list of models',
    );
    return null;
  }
  const { body: answerBody } = outcome;
  const read = await readBounded({ body: answerBody, bytesMax: PAGE_BYTES_MAX, timeoutMs: PAGE_MS_MAX });
  const body = read.kind === 'whole' ? parseJson(new TextDecoder().decode(read.bytes)) : undefined;
  if (body !== undefined) return readModelList(body);
  options.log.warn({ provider: name }, 'the list of models cannot be read');
  return null;
}
