// Holds the credentials of every provider and leases them out, one call at a time.
// Never makes a call itself and never shows a secret to anybody but the holder of a lease.
import type { Clock } from '../../lib/clock.ts';
import { randomFraction } from '../../lib/id.ts';
import { canonicalProvider } from '../providers/discover.ts';
import type { Credential, ProviderSpec } from '../providers/provider-spec.ts';
import { type Affinity, createAffinity } from './affinity.ts';
import type { AcquireRequest, Acquisition, Lease, LeaseReport, WaitOptions } from './lease.ts';
import type { Pool, PoolSet } from './pool.ts';
import { defaultPoolSettings } from './pool-settings.ts';
import { type Grant, ProviderPool } from './provider-pool.ts';
import { waitForLease } from './wait-for-lease.ts';
import { createWaiters, type Waiters } from './waiters.ts';

export interface PoolOptions extends PoolSet {
  readonly clock: Clock;
  /** In [0, 1), for weighted chance. */
  readonly random?: () => number;
}

interface Group {
  readonly pool: ProviderPool;
  readonly waiters: Waiters;
}

export function createPool(options: PoolOptions): Pool {
  const { clock, random = randomFraction } = options;
  const affinity = createAffinity();
  let groups = new Map<string, Group>();
  replace(options);

  function replace(set: PoolSet): void {
    const before = groups;
    groups = buildGroups(set, before, affinity);
    for (const group of before.values()) group.waiters.wake(Number.POSITIVE_INFINITY);
  }

  function acquire(request: AcquireRequest): Acquisition {
    const group = groups.get(request.provider) ?? groups.get(canonicalProvider(request.provider));
    if (!group) return { kind: 'unknown_provider' };
    const taken = group.pool.acquire(request, clock.monotonicMs(), random());
    if ('state' in taken)
      return { kind: 'lease', lease: new GroupLease(group, taken, { model: request.model, clock }) };
    if (taken.kind === 'none') return { kind: 'exhausted' };
    if (taken.kind === 'busy') return taken;
    return { ...taken, reason: group.pool.restReason(request.model, clock.monotonicMs()) };
  }

  async function acquireWithin(request: AcquireRequest, wait: WaitOptions): Promise<Acquisition> {
    const waiters = groups.get(canonicalProvider(request.provider))?.waiters;
    return waiters ? waitForLease({ request, wait, waiters, acquire, clock }) : acquire(request);
  }

  const find = (name: string) => groups.get(canonicalProvider(name))?.pool ?? null;
  return {
    acquire,
    acquireWithin,
    providers: () => [...groups.values()].map((group) => group.pool.spec),
    provider: (name) => find(name)?.spec ?? null,
    size: (name) => find(name)?.states.filter((state) => !state.disabled).length ?? 0,
    replace,
    wake: () => {
      for (const group of groups.values()) group.waiters.wake(Number.POSITIVE_INFINITY);
    },
    pools: () => [...groups.values()].map((group) => group.pool),
  };
}

/** A class, so that a lease is one object. */
class GroupLease implements Lease {
  readonly spec: ProviderSpec;
  readonly credential: Credential;
  readonly model: string;
  readonly #group: Group;
  readonly #grant: Grant;
  readonly #clock: Clock;
  #released = false;

  constructor(
    group: Group,
    grant: Grant,
    { model, clock }: { readonly model: string; readonly clock: Clock },
  ) {
    this.spec = group.pool.spec;
    this.credential = grant.state.credential;
    this.model = model;
    this.#group = group;
    this.#grant = grant;
    this.#clock = clock;
  }

  prove(): void {
    const news = !this.#grant.state.proven;
    this.#group.pool.prove(this.#grant);
    if (news) this.#group.waiters.wake(Number.POSITIVE_INFINITY);
  }

  release(report: LeaseReport): void {
    if (this.#released) return;
    this.#released = true;
    this.#group.pool.release(this.#grant, report, this.#clock.monotonicMs());
    this.#group.waiters.wake(report.kind === 'neutral' ? 1 : 2);
  }
}

function buildGroups(
  set: PoolSet,
  before: ReadonlyMap<string, Group>,
  affinity: Affinity,
): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const spec of set.specs) {
    const settings = set.settings?.get(spec.name) ?? defaultPoolSettings();
    const credentials = set.credentials
      .filter((each) => each.provider === spec.name)
      .map((each) => ({ ...each, priority: settings.priorities.get(each.label) ?? each.priority }));
    const old = before.get(spec.name);
    const known = new Map((old?.pool.states ?? []).map((state) => [state.credential.id, state]));
    const disabled = set.disabled ?? new Set();
    const pool = new ProviderPool({ spec, settings, credentials, affinity, disabled, known });
    groups.set(spec.name, { pool, waiters: old?.waiters ?? createWaiters() });
  }
  return groups;
}
