// What a pool offers. Types alone; create-pool.ts makes one.
import type { Credential, ProviderSpec } from '../providers/provider-spec.ts';
import type { AcquireRequest, Acquisition, WaitOptions } from './lease.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { ProviderPool } from './provider-pool.ts';

/** What a pool is made of. */
export interface PoolSet {
  readonly specs: readonly ProviderSpec[];
  readonly credentials: readonly Credential[];
  /** By provider name; the defaults where absent. */
  readonly settings?: ReadonlyMap<string, PoolSettings>;
  /** Ids of credentials that are switched off. */
  readonly disabled?: ReadonlySet<string>;
}

export interface Pool {
  /** At once, without waiting. */
  readonly acquire: (request: AcquireRequest) => Acquisition;
  /** As acquire, but waits for a slot or a short rest. Resolves with the last refusal when time is up. */
  readonly acquireWithin: (request: AcquireRequest, options: WaitOptions) => Promise<Acquisition>;
  /** The providers that can be called now, in order. */
  readonly providers: () => readonly ProviderSpec[];
  /** The spec by name or by one of its aliases, or null. */
  readonly provider: (name: string) => ProviderSpec | null;
  /** Credentials of a provider that are switched on, resting or not. */
  readonly size: (provider: string) => number;
  /** Takes over another set of providers; what is known of credentials that stay is kept, leases run on. */
  readonly replace: (set: PoolSet) => void;
  /** Something has recovered: whoever waits may look again. */
  readonly wake: () => void;
  /** The pools themselves, for the room's own reports, background checks and state keeping. */
  readonly pools: () => readonly ProviderPool[];
}
