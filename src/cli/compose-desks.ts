// What only the running server knows, as the pages ask for it: live requests, providers, models with prices, settings.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/load-config.ts';
import { SETTINGS, type SettingName } from '../config/settings.ts';
import type { LiveRequests, ModelDesk, PageParts, SettingsDesk } from '../console/pages/page-parts.ts';
import { priceLines } from '../console/pages/price-lines.ts';
import type { Check } from '../console/pages/settings-page.tsx';
import { NANO_USD_PER_USD } from '../core/price.ts';
import type { Exchange } from '../gateway/exchange.ts';
import type { Ledger } from '../ledger/create-ledger.ts';
import { BUNDLED_EDITION } from '../ledger/prices/bundled-prices.ts';
import type { PriceBook } from '../ledger/prices/price-book.ts';
import { systemClock } from '../lib/clock.ts';
import type { WatchedList } from '../lib/watched-list.ts';
import { checkFiles } from '../services/doctor/check-files.ts';
import { checkProviders } from '../services/doctor/check-providers.ts';
import type { Finding } from '../services/doctor/finding.ts';
import type { CredentialDeps } from '../services/provider-credentials/add-credential.ts';
import { namesOfKeys } from '../store/api-keys.ts';
import type { Store } from '../store/open-store.ts';
import { createAddressGuard } from '../upstream/address-guard.ts';
import { providerDesk } from './compose-provider-desk.ts';
import type { ComposedUpstream } from './compose-upstream.ts';

export interface DeskDeps {
  readonly config: Config;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly upstream: ComposedUpstream;
  readonly prices: PriceBook;
  readonly live: WatchedList<Exchange>;
}

export type Desks = Pick<PageParts, 'live' | 'providers' | 'models' | 'settings'>;

export function composeDesks(deps: DeskDeps): Desks {
  return {
    live: liveDesk(deps),
    providers: providerDesk({ upstream: deps.upstream, credentials: credentialDeps(deps) }),
    models: modelDesk(deps),
    settings: settingsDesk(deps),
  };
}

function credentialDeps({ config, store }: DeskDeps): CredentialDeps {
  const allowPrivate = config.settings.ALLOW_PRIVATE_UPSTREAMS;
  const guard = createAddressGuard({ allowPrivate, clock: systemClock });
  return { store, masterKey: config.secrets.masterKey, clock: systemClock, guard };
}

function liveDesk({ live, store }: DeskDeps): LiveRequests {
  return {
    total: () => live.size(),
    watch: live.watch,
    list: async (limit) => {
      const oldest: Exchange[] = [];
      for (const exchange of live.values()) {
        if (oldest.length >= limit) break;
        oldest.push(exchange);
      }
      const ids = oldest.flatMap(({ actor }) => (actor.keyId === null ? [] : [actor.keyId]));
      const names = await namesOfKeys(store.read, [...new Set(ids)]);
      return oldest.map((exchange) => ({
        id: exchange.id,
        who: exchange.actor.name,
        keyName: names.get(exchange.actor.keyId ?? '') ?? null,
        model: exchange.facts.model,
        endpoint: exchange.endpoint.name,
        startedMs: exchange.timeMs,
        streamed: exchange.facts.stream,
        phase: exchange.firstByteAtMs === null ? 'waiting' : 'answering',
      }));
    },
  };
}

function modelDesk({ upstream, prices, config }: DeskDeps): ModelDesk {
  const usd = (nano: number | null | undefined) =>
    nano === null || nano === undefined ? null : nano / NANO_USD_PER_USD;
  return {
    names: async () =>
      upstream.catalogue
        .list()
        .map((model) => model.id)
        .toSorted(),
    list: async () =>
      upstream.catalogue.list().map(({ id, provider }) => {
        const name = id.slice(provider.length + 1);
        const price = prices.find({ provider, model: name });
        const rates = price?.tiers[0].rates;
        return {
          id,
          provider,
          inputUsd: usd(rates?.input),
          outputUsd: usd(rates?.output),
          cachedUsd: usd(rates?.cached),
          contextTokens: prices.contextTokens(provider, name),
          isOverridden: price !== null && !price.version.includes(BUNDLED_EDITION),
        };
      }),
    aliases: () => Object.entries(config.yaml.aliases).map(([name, target]) => ({ name, targets: [target] })),
    fallbacks: () => Object.entries(config.yaml.fallbacks).map(([name, targets]) => ({ name, targets })),
    lines: (event) => {
      const last = event.attempts.at(-1);
      const asked =
        last ?? (event.provider ? { provider: event.provider, model: event.modelServed ?? '' } : null);
      const price = asked
        ? prices.find({ provider: asked.provider, model: asked.model, served: event.modelServed })
        : null;
      return priceLines(event, price);
    },
  };
}

function settingsDesk(deps: DeskDeps): SettingsDesk {
  const { config } = deps;
  return {
    checks: async () => checks(deps),
    settings: () =>
      (Object.keys(SETTINGS) as SettingName[]).map((name) => ({ name, value: shownValue(config, name) })),
  };
}

function shownValue({ settings }: Config, name: SettingName): string {
  const value = settings[name];
  if (value === null) return 'not set';
  if (SETTINGS[name].secret) return 'set, hidden';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

function checks({ config, ledger, upstream, store }: DeskDeps): readonly Check[] {
  const { failure } = ledger.stats;
  const real = upstream.pool.providers().filter((spec) => spec.name !== 'demo');
  const bytes = statSync(store.path, { throwIfNoEntry: false })?.size ?? 0;
  return [
    {
      name: 'Ledger',
      level: failure === null ? 'ok' : 'fail',
      text: failure ?? 'Usage is written down and drained into the database.',
    },
    {
      name: 'Database',
      level: 'ok',
      text: `${(bytes / 1024 / 1024).toFixed(1)} MB in ${join(config.dataDir)}.`,
    },
    {
      name: 'Providers',
      level: real.length > 0 ? 'ok' : 'warn',
      text:
        real.length > 0
          ? `${real.length} configured.`
          : 'Only the demo models answer. Add a provider key under Providers.',
    },
    {
      name: 'Production',
      level: config.production ? 'ok' : 'warn',
      text: config.production
        ? 'APP_ENV is prod: secrets are given and cookies are secure.'
        : 'APP_ENV is not prod. Fine for one machine; set APP_ENV=prod before others reach this server.',
    },
    ...[...checkFiles(config.dataDir), ...checkProviders(config)].map(toCheck),
    ...config.warnings.map((text): Check => ({ name: 'Configuration', level: 'warn', text })),
  ];
}

/** As the doctor on the command line says it, with the mend behind. */
function toCheck({ subject, level, text, mend }: Finding): Check {
  const says = mend === null ? text : `${text}; ${mend}`;
  return { name: subject, level: level === 'ok' ? 'ok' : level === 'note' ? 'warn' : 'fail', text: says };
}
