// Limits of a running server: the limiter, the loader that keeps it true to the store, and the upkeep beside it.

import { ConfigError } from '../config/config-error.ts';
import type { TollgateYaml } from '../config/yaml-schema.ts';
import { type Limit, limitFault, moneyText } from '../core/limits/limit.ts';
import { createModelBounds } from '../core/limits/model-bounds.ts';
import type { ModelBounds } from '../core/limits/worst-case.ts';
import { startLimitsUpkeep } from '../jobs/limits-upkeep.ts';
import type { Ledger } from '../ledger/create-ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { configuredLimits } from '../limits/configured-limits.ts';
import type { LimitState } from '../limits/limiter.ts';
import { createLimitsLoader } from '../limits/load-limits.ts';
import { MemoryLimiter } from '../limits/memory-limiter.ts';
import type { Store } from '../store/open-store.ts';

export interface ComposedLimits {
  readonly limiter: MemoryLimiter;
  /** What the configuration says of a `provider/model`. */
  readonly boundsOf: (fullName: string) => ModelBounds;
  /** Puts in force what the store holds now. */
  readonly reload: () => Promise<void>;
  /** As reload, with the limits of a new configuration. Throws ConfigError for one that makes no sense; the old ones stay. */
  readonly reconfigure: (yaml: TollgateYaml) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface ComposeLimitsDeps {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly yaml: TollgateYaml;
}

/** Resolves when all limits are in force; rejects when they cannot be read, and then nothing may be served. */
export async function composeLimits(deps: ComposeLimitsDeps): Promise<ComposedLimits> {
  const { store, ledger, clock, log } = deps;
  const limiter = new MemoryLimiter({ clock, log, onWarning: (state) => warn(log, state) });
  let configured = houseLimits(deps.yaml);
  let bounds = createModelBounds(deps.yaml.models);
  const loader = createLimitsLoader({
    store,
    limiter,
    flush: () => ledger.flush(),
    clock,
    configured: () => configured,
  });
  await loader.reload();
  const upkeep = startLimitsUpkeep({ limiter, store, clock, log });
  return {
    limiter,
    boundsOf: (fullName) => bounds(fullName),
    reload: loader.reload,
    reconfigure: async (yaml) => {
      configured = houseLimits(yaml);
      bounds = createModelBounds(yaml.models);
      await loader.reload();
    },
    stop: upkeep.stop,
  };
}

/** Throws ConfigError that names the setting. */
export function houseLimits({ limits }: Pick<TollgateYaml, 'limits'>): readonly Limit[] {
  const written = configuredLimits(limits.house ?? {});
  const faults = written.map(limitFault).filter((fault) => fault !== null);
  if (faults.length > 0) throw new ConfigError(faults.map((fault) => `limits.house: ${fault}`));
  return written;
}

function warn(log: Log, { limit, used, amount, resetsMs }: LimitState): void {
  const text = limit.kind === 'budget_money' ? moneyText : String;
  log.warn(
    {
      limit_id: limit.id,
      scope: limit.scope,
      scope_id: limit.scopeId,
      used: text(used),
      amount: text(amount),
      resets: resetsMs === null ? null : new Date(resetsMs).toISOString(),
    },
    'a budget is near its end',
  );
}
