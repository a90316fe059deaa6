// Which price a call has: overrides first, then the bundled list. Answers from memory on the request path.
import { matchesGlob } from '../../core/limits/model-glob.ts';
import type { Price } from '../../core/price.ts';
import type { Clock } from '../../lib/clock.ts';
import { type BundledEntry, bundledEntry } from './bundled-prices.ts';

/** A price somebody set here, for every `provider/model` that the glob matches. */
export interface PriceOverride {
  readonly pattern: string;
  readonly price: Price;
}

export interface PriceAsked {
  readonly provider: string;
  /** As it was asked of the provider, without the provider's name in front. */
  readonly model: string;
  /** As the provider answered, when it did: routers and fallbacks bill the model that served. */
  readonly served?: string | null;
}

export interface PriceBook {
  /** Null when no price is known. */
  readonly find: (asked: PriceAsked) => Price | null;
  /** The model's context window in tokens, where the list knows it. */
  readonly contextTokens: (provider: string, model: string) => number | null;
  /** Replaces all overrides: of the store first, then of the configuration; the first match counts. */
  readonly setOverrides: (overrides: readonly PriceOverride[]) => void;
  readonly stats: () => { readonly entries: number; readonly overrides: number; readonly lookups: number };
}

/** Resolved names kept; a caller that invents model names cannot make it grow further. */
export const PRICE_CACHE_MAX = 5_000;
/** Some prices depend on the hour or begin on a date, so an answer is looked up again after this. */
const RESOLVED_MS_MAX = 900_000;

interface Resolved {
  readonly entry: BundledEntry | null;
  readonly override: Price | null;
  readonly untilMs: number;
}

export function createPriceBook(options: { clock: Clock; overrides?: readonly PriceOverride[] }): PriceBook {
  const { clock } = options;
  let overrides = options.overrides ?? [];
  let lookups = 0;
  /** By provider, then by model: no name has to be put together to look one up. */
  const resolved = new Map<string, Map<string, Resolved>>();
  let size = 0;

  const resolve = (provider: string, model: string): Resolved => {
    const known = resolved.get(provider)?.get(model);
    if (known && known.untilMs > clock.nowMs()) return known;
    return look(provider, model);
  };

  const look = (provider: string, model: string): Resolved => {
    const nowMs = clock.nowMs();
    const name = model.startsWith(`${provider}/`) ? model : `${provider}/${model}`;
    lookups += 1;
    const fresh: Resolved = {
      entry: bundledEntry(provider, name.slice(provider.length + 1), nowMs),
      override: overrides.find(({ pattern }) => matchesGlob(pattern, name))?.price ?? null,
      untilMs: nowMs + RESOLVED_MS_MAX,
    };
    if (size >= PRICE_CACHE_MAX) forget();
    const ofProvider = resolved.get(provider) ?? new Map<string, Resolved>();
    resolved.set(provider, ofProvider);
    if (!ofProvider.has(model)) size += 1;
    ofProvider.set(model, fresh);
    return fresh;
  };

  const forget = () => {
    resolved.clear();
    size = 0;
  };

  return {
    find: ({ provider, model, served }) => {
      const asked = resolve(provider, model);
      if (asked.override) return asked.override;
      const answered = served && served !== model ? resolve(provider, served) : null;
      return answered?.override ?? answered?.entry?.price ?? asked.entry?.price ?? null;
    },
    contextTokens: (provider, model) => resolve(provider, model).entry?.contextTokens ?? null,
    setOverrides: (fresh) => {
      overrides = fresh;
      forget();
    },
    stats: () => ({ entries: size, overrides: overrides.length, lookups }),
  };
}
