// The sign-in throttle's counters. What they mean is core/sign-in-throttle.ts.
import type { Kysely } from 'kysely';
import { NO_FAILURES, type ThrottleState } from '../core/sign-in-throttle.ts';
import type { StoreSchema } from './schema.ts';

type Db = Kysely<StoreSchema>;

export async function readThrottle(db: Db, subject: string): Promise<ThrottleState> {
  const row = await db
    .selectFrom('sign_in_throttle')
    .selectAll()
    .where('subject', '=', subject)
    .executeTakeFirst();
  if (!row) return NO_FAILURES;
  return { failures: row.failures, lastMs: row.last_ms, blockedUntilMs: row.blocked_until_ms };
}

export async function writeThrottle(db: Db, subject: string, state: ThrottleState): Promise<void> {
  const values = { failures: state.failures, last_ms: state.lastMs, blocked_until_ms: state.blockedUntilMs };
  await db
    .insertInto('sign_in_throttle')
    .values({ subject, ...values })
    .onConflict((conflict) => conflict.column('subject').doUpdateSet(values))
    .execute();
}

export async function clearThrottle(db: Db, subjects: readonly string[]): Promise<void> {
  if (subjects.length === 0) return;
  await db.deleteFrom('sign_in_throttle').where('subject', 'in', subjects).execute();
}

/** `prefix` is made of hex digits and colons: nothing in it is a pattern. */
export async function clearThrottlePrefix(db: Db, prefix: string): Promise<void> {
  await db.deleteFrom('sign_in_throttle').where('subject', 'like', `${prefix}%`).execute();
}

/** Takes one failure back: the attempt that was counted in advance turned out right. */
export async function forgiveOne(db: Db, subject: string): Promise<void> {
  await db
    .updateTable('sign_in_throttle')
    .set((eb) => ({ failures: eb('failures', '-', 1), blocked_until_ms: 0 }))
    .where('subject', '=', subject)
    .where('failures', '>', 0)
    .execute();
}

/** Counters nobody added to since `lastBeforeMs` mean nothing any more. */
export async function deleteOldThrottles(db: Db, lastBeforeMs: number): Promise<void> {
  await db.deleteFrom('sign_in_throttle').where('last_ms', '<', lastBeforeMs).execute();
}
