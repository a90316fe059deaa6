// Holds the credentials of every provider and leases them out, one call at a time.
// Never makes a call itself and never shows a secret to anybody but the holder of a lease.
import type { Clock } from '../../lib/clock.ts';
import { canonicalProvider } from '../providers/discover.ts';
import type { Credential, ProviderSpec } from '../providers/provider-spec.ts';
import type { AcquireRequest, Acquisition, Lease, LeaseReport, Pool } from './lease.ts';

export interface PoolOptions {
  readonly specs: readonly ProviderSpec[];
  readonly credentials: readonly Credential[];
  readonly clock: Clock;
}

interface Slot {
  readonly credential: Credential;
  inFlight: number;
  notBeforeMs: number;
}

/** Rest of a credential whose failure came without a hint. */
const REST_MS = 10_000;

export function createPool(options: PoolOptions): Pool {
  const { specs, credentials, clock } = options;
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const slots = credentials.map((credential): Slot => ({ credential, inFlight: 0, notBeforeMs: 0 }));

  function acquire(request: AcquireRequest): Acquisition {
    const spec = byName.get(canonicalProvider(request.provider));
    if (!spec) return { kind: 'unknown_provider' };
    const open = slots.filter(
      (slot) => slot.credential.provider === spec.name && !request.exclude?.has(slot.credential.id),
    );
    if (open.length === 0) return { kind: 'exhausted' };
    const nowMs = clock.monotonicMs();
    const rested = open.filter((slot) => slot.notBeforeMs <= nowMs);
    const best = rested.sort((a, b) => a.inFlight - b.inFlight)[0];
    if (best) return { kind: 'lease', lease: lease(spec, best, request.model) };
    return { kind: 'cooling', waitMs: Math.min(...open.map((slot) => slot.notBeforeMs)) - nowMs };
  }

  function lease(spec: ProviderSpec, slot: Slot, model: string): Lease {
    let released = false;
    slot.inFlight += 1;
    const release = (report: LeaseReport) => {
      if (released) return;
      released = true;
      slot.inFlight -= 1;
      if (report.kind === 'failure')
        slot.notBeforeMs = clock.monotonicMs() + (report.retryAfterMs ?? REST_MS);
    };
    return { spec, credential: slot.credential, model, release };
  }

  return {
    acquire,
    providers: () => specs,
    provider: (name) => byName.get(canonicalProvider(name)) ?? null,
  };
}
