// Asks, at a price of no tokens, whether credentials that rest work again. Never guesses about rate limits:
// a list of models says nothing about them.
import { FAILURE_RULES } from '../core/failure-rules.ts';
import type { FailureKind } from '../core/usage-event.ts';
import type { Clock } from '../lib/clock.ts';
import { checkCredential } from './check-credential.ts';
import { quarantineMs } from './pool/cool-down.ts';
import type { CredentialState } from './pool/credential-state.ts';
import type { Pool } from './pool/pool.ts';
import type { ProviderPool } from './pool/provider-pool.ts';

export interface Recheck {
  readonly pool: Pick<Pool, 'pools' | 'wake'>;
  readonly clock: Clock;
  /** Which credentials; all that a check can say something about when absent. */
  readonly only?: (pool: ProviderPool, state: CredentialState) => boolean;
}

export interface RecheckResult {
  readonly checked: number;
  readonly recovered: number;
  /** One sentence per credential that does not work, without its secret. */
  readonly errors: readonly string[];
}

/** Checks at once. */
const PARALLEL_MAX = 4;

export async function recheckCredentials({
  pool,
  clock,
  only = worthAsking(clock),
}: Recheck): Promise<RecheckResult> {
  const waiting = pool
    .pools()
    .flatMap((each) =>
      each.states.filter((state) => !state.disabled && only(each, state)).map((state) => ({ each, state })),
    );
  const checked = waiting.length;
  const errors: string[] = [];
  let recovered = 0;
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { each, state } = next;
      const check = await checkCredential(each.spec, state.credential, clock);
      const nowMs = clock.monotonicMs();
      if (check.kind === 'works') {
        each.recover(state, (reason) => provesWell(each, reason));
        recovered += 1;
      } else if (check.kind !== 'not_offered') {
        if (check.failure === 'authentication') each.quarantine(state, nowMs);
        errors.push(`${each.spec.name} ${state.credential.label}: ${check.message || check.failure}`);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_MAX }, work));
  if (recovered > 0) pool.wake();
  return { checked, recovered, errors };
}

/** Rests whose end a list of models can show. */
function worthAsking(clock: Clock): (pool: ProviderPool, state: CredentialState) => boolean {
  return (pool, state) => {
    const nowMs = clock.monotonicMs();
    if (pool.spec.keyCheck === null && pool.spec.endpoints.models === undefined) return false;
    if (state.lockedUntilMs > nowMs && provesWell(pool, state.lockReason) && isDue(state, nowMs)) return true;
    return [...state.scopes.values()].some(
      (scope) =>
        scope.rest && scope.rest.untilMs > nowMs && !scope.rest.hinted && provesWell(pool, scope.rest.reason),
    );
  };
}

/** A refused key is asked about after a fifth of its quarantine, less and less often: providers count refusals, too. */
function isDue(state: CredentialState, nowMs: number): boolean {
  if (state.refusals === 0) return true;
  const lockMs = quarantineMs(state.refusals);
  return nowMs - (state.lockedUntilMs - lockMs) >= lockMs / 5;
}

/** An answered list shows that the way is open, and where it needs the key, that the key is good. */
function provesWell({ spec }: ProviderPool, reason: FailureKind | null): boolean {
  if (reason === null) return false;
  if (FAILURE_RULES[reason].cools === 'quarantine') return spec.keyCheck !== null;
  return reason === 'connection' || reason === 'tls';
}
