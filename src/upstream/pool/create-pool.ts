// Holds the credentials of every provider and leases them out, one call at a time.
// Never makes a call itself and never shows a secret to anybody but the holder of a lease.
import type { Clock } from '../../lib/clock.ts';
import { randomFraction } from '../../lib/id.ts';
import { canonicalProvider } from '../providers/discover.ts';
import type { Credential, ProviderSpec } from '../providers/provider-spec.ts';
import { createAffinity } from './affinity.ts';
import type { AcquireRequest, Acquisition, Lease, LeaseReport, Pool, WaitOptions } from './lease.ts';
import { defaultPoolSettings, type PoolSettings } from './pool-settings.ts';
import { type Grant, ProviderPool } from './provider-pool.ts';
import { createWaiters, type Waiters } from './waiters.ts';

export interface PoolOptions {
  readonly specs: readonly ProviderSpec[];
  readonly credentials: readonly Credential[];
  readonly clock: Clock;
  /** By provider name; the defaults where absent. */
  readonly settings?: ReadonlyMap<string, PoolSettings>;
  /** In [0, 1), for weighted chance. */
  readonly random?: () => number;
}

/** How long a caller waits for the verdict on an untried credential before it uses it as well. */
const PROVING_WAIT_MS = 500;

interface Group {
  readonly pool: ProviderPool;
  readonly waiters: Waiters;
}

export function createPool(options: PoolOptions): Pool {
  const { specs, clock, random = randomFraction } = options;
  const affinity = createAffinity();
  const groups = new Map<string, Group>();
  for (const spec of specs) {
    const settings = options.settings?.get(spec.name) ?? defaultPoolSettings();
    const credentials = options.credentials
      .filter((each) => each.provider === spec.name)
      .map((each) => ({ ...each, priority: settings.priorities.get(each.label) ?? each.priority }));
    const pool = new ProviderPool({ spec, settings, credentials, affinity });
    groups.set(spec.name, { pool, waiters: createWaiters() });
  }

  function acquire(request: AcquireRequest): Acquisition {
    const group = groups.get(canonicalProvider(request.provider));
    if (!group) return { kind: 'unknown_provider' };
    const taken = group.pool.acquire(request, clock.monotonicMs(), random());
    if ('state' in taken) return { kind: 'lease', lease: createLease(group, taken, request.model) };
    return taken.kind === 'none' ? { kind: 'exhausted' } : taken;
  }

  function createLease(group: Group, grant: Grant, model: string): Lease {
    let released = false;
    return {
      spec: group.pool.spec,
      credential: grant.state.credential,
      model,
      prove: () => {
        const news = !grant.state.proven;
        group.pool.prove(grant);
        if (news) group.waiters.wake(Number.POSITIVE_INFINITY);
      },
      release: (report: LeaseReport) => {
        if (released) return;
        released = true;
        group.pool.release(grant, report, clock.monotonicMs());
        group.waiters.wake(report.kind === 'neutral' ? 1 : 2);
      },
    };
  }

  async function acquireWithin(request: AcquireRequest, wait: WaitOptions): Promise<Acquisition> {
    const group = groups.get(canonicalProvider(request.provider));
    const sinceMs = clock.monotonicMs();
    for (;;) {
      const spentMs = clock.monotonicMs() - sinceMs;
      const insist = spentMs >= PROVING_WAIT_MS;
      const taken = acquire(insist ? { ...request, insist } : request);
      if (!group || (taken.kind !== 'busy' && taken.kind !== 'cooling')) return taken;
      const leftMs = wait.waitMs - spentMs;
      if (leftMs <= 0 || wait.signal?.aborted) return taken;
      if (taken.kind === 'cooling' && taken.waitMs > Math.min(leftMs, wait.coolingMs)) return taken;
      const napMs = taken.kind === 'cooling' ? taken.waitMs + 1 : insist ? leftMs : PROVING_WAIT_MS - spentMs;
      await group.waiters.wait(Math.max(1, Math.min(napMs, leftMs)), wait.signal);
    }
  }

  return {
    acquire,
    acquireWithin,
    providers: () => specs,
    provider: (name) => groups.get(canonicalProvider(name))?.pool.spec ?? null,
  };
}
