// Counts failed sign-ins in the store, so that the count survives a restart and is shared by replicas (security.md T5).
// An attempt is counted before its password is checked and taken back when it was right: parallel guesses gain nothing.
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { addressBlock } from '../../core/address-block.ts';
import {
  afterFailure,
  THROTTLE_FORGET_MS,
  type ThrottleKind,
  waitMsOf,
} from '../../core/sign-in-throttle.ts';
import { appError } from '../../errors/app-error.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Store } from '../../store/open-store.ts';
import type { StoreSchema } from '../../store/schema.ts';
import {
  clearThrottle,
  clearThrottlePrefix,
  deleteOldThrottles,
  forgiveOne,
  readThrottle,
  writeThrottle,
} from '../../store/sign-in-throttle.ts';

type Db = Kysely<StoreSchema>;

/** Old counters are swept once in so many attempts: the table stays as small as the last hour was busy. */
const SWEEP_EVERY = 100;

export interface Attempt {
  readonly username: string;
  readonly address: string | null;
}

export interface SignInThrottle {
  /** Counts the attempt as failed, or throws AppError `sign_in_throttled` with the wait when it may not be made yet. */
  readonly count: (attempt: Attempt) => Promise<void>;
  /** The attempt was right: the account starts afresh, the address loses this one failure only. */
  readonly forgive: (db: Db, attempt: Attempt) => Promise<void>;
  /** An attempt that was never judged, because the server was busy, is taken back. */
  readonly takeBack: (attempt: Attempt) => Promise<void>;
  /** An admin set a new password: all counters of the account are dropped. */
  readonly release: (db: Db, username: string) => Promise<void>;
}

export function createSignInThrottle(parts: {
  readonly store: Store;
  readonly clock: Clock;
}): SignInThrottle {
  const { store, clock } = parts;
  let attempts = 0;

  async function count(attempt: Attempt): Promise<void> {
    const nowMs = clock.nowMs();
    attempts += 1;
    const sweep = attempts % SWEEP_EVERY === 0;
    const waitMs = await store.write.transaction().execute(async (trx) => {
      if (sweep) await deleteOldThrottles(trx, nowMs - THROTTLE_FORGET_MS);
      const states = [];
      for (const { kind, subject } of subjectsOf(attempt)) {
        states.push({ kind, subject, state: await readThrottle(trx, subject) });
      }
      const wait = Math.max(...states.map(({ kind, state }) => waitMsOf(state, nowMs, kind)));
      if (wait > 0) return wait;
      for (const { kind, subject, state } of states) {
        await writeThrottle(trx, subject, afterFailure(state, nowMs, kind));
      }
      return 0;
    });
    if (waitMs > 0) {
      throw appError('sign_in_throttled', {
        params: { seconds: Math.ceil(waitMs / 1000) },
        retryAfterMs: waitMs,
      });
    }
  }

  async function forgive(db: Db, attempt: Attempt): Promise<void> {
    const [pair, account, address] = subjectsOf(attempt).map((each) => each.subject);
    await clearThrottle(
      db,
      [pair, account].filter((each) => each !== undefined),
    );
    if (address !== undefined) await forgiveOne(db, address);
  }

  async function takeBack(attempt: Attempt): Promise<void> {
    for (const { subject } of subjectsOf(attempt)) await forgiveOne(store.write, subject);
  }

  async function release(db: Db, username: string): Promise<void> {
    await clearThrottle(db, [`account:${digest(username)}`]);
    await clearThrottlePrefix(db, `pair:${digest(username)}:`);
  }

  return { count, forgive, takeBack, release };
}

function subjectsOf(attempt: Attempt): { kind: ThrottleKind; subject: string }[] {
  const account = digest(attempt.username);
  const address = digest(addressBlock(attempt.address));
  return [
    { kind: 'pair', subject: `pair:${account}:${address}` },
    { kind: 'account', subject: `account:${account}` },
    { kind: 'address', subject: `address:${address}` },
  ];
}

/** What was typed as a name may be somebody's password, so it is not kept as typed. */
function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 32);
}
