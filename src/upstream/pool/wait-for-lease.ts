// Waits for a slot or for a short rest to end, within a bound. Wakes with every slot that is given back.
import type { Clock } from '../../lib/clock.ts';
import type { AcquireRequest, Acquisition, WaitOptions } from './lease.ts';
import type { Waiters } from './waiters.ts';

/** How long a caller waits for the verdict on an untried credential before it uses it as well. */
const PROVING_WAIT_MS = 500;

export interface WaitForLease {
  readonly request: AcquireRequest;
  readonly wait: WaitOptions;
  readonly waiters: Waiters;
  readonly acquire: (request: AcquireRequest) => Acquisition;
  readonly clock: Clock;
}

/** The lease, or the last refusal once time is up, a rest is too long to wait out, or the caller has gone. */
export async function waitForLease(of: WaitForLease): Promise<Acquisition> {
  const { request, wait, waiters, acquire, clock } = of;
  const sinceMs = clock.monotonicMs();
  for (;;) {
    const spentMs = clock.monotonicMs() - sinceMs;
    const insist = spentMs >= PROVING_WAIT_MS;
    const taken = acquire(insist ? { ...request, insist } : request);
    if (taken.kind !== 'busy' && taken.kind !== 'cooling') return taken;
    const leftMs = wait.waitMs - spentMs;
    if (leftMs <= 0 || wait.signal?.aborted) return taken;
    if (taken.kind === 'cooling' && taken.waitMs > Math.min(leftMs, wait.coolingMs)) return taken;
    const napMs = taken.kind === 'cooling' ? taken.waitMs + 1 : insist ? leftMs : PROVING_WAIT_MS - spentMs;
    await waiters.wait(Math.max(1, Math.min(napMs, leftMs)), wait.signal);
  }
}
