// Makes and checks password hashes, a few at a time. Owns the hash parameters and the gate before them; never says
// whether a user exists. argon2id, 19456 KiB, 2 passes, 1 lane (OWASP Password Storage, ASVS V11.4.2).

import { appError } from '../../errors/app-error.ts';
import { BoundedQueue } from '../../lib/bounded-queue.ts';
import { isPbkdf2Hash, verifyPbkdf2 } from './pbkdf2-hash.ts';

export const ARGON2_MEMORY_KIB = 19_456;
export const ARGON2_PASSES = 2;
/** One hash takes about 20 MiB and one core for 25 ms: two at a time leave the event loop and the memory alone. */
export const HASHES_AT_ONCE_MAX = 2;
/** Waiting beyond this means about half a second; whoever comes later is told to come back. */
export const HASHES_WAITING_MAX = 32;
const BUSY_RETRY_MS = 2_000;

/** A hash of a random password nobody knows: an unknown user costs what a known one costs (security.md T6). */
const DUMMY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$dC75mnZtGebZ4f/Ck3YPkPriJZJhZqd89m6pDNkfVVU$ovj2P0R/GN9AbplYz+Uydo2CnHquZsAuaTj9lRdvMME';

export interface PasswordVerdict {
  readonly ok: boolean;
  /** True when the password is right and its hash is of an older make: store `hash(password)` in its place. */
  readonly outdated: boolean;
}

export interface PasswordHasher {
  readonly hash: (password: string) => Promise<string>;
  /** `stored` null: no such user, or one without a password; costs the same and is never ok. */
  readonly verify: (password: string, stored: string | null) => Promise<PasswordVerdict>;
}

/** Both calls throw AppError `sign_in_busy` when too many are waiting already. */
export function createPasswordHasher(
  bounds: { readonly atOnce?: number; readonly waiting?: number } = {},
): PasswordHasher {
  const pass = createGate(bounds.atOnce ?? HASHES_AT_ONCE_MAX, bounds.waiting ?? HASHES_WAITING_MAX);
  return {
    hash: (password) => pass(() => hashNow(password)),
    verify: (password, stored) => pass(() => verifyNow(password, stored)),
  };
}

/** At least the parameters above; anything else is rehashed at the next sign-in. */
export function isOutdatedHash(stored: string): boolean {
  const found = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/.exec(stored);
  return !found || Number(found[1]) < ARGON2_MEMORY_KIB || Number(found[2]) < ARGON2_PASSES;
}

function hashNow(password: string): Promise<string> {
  return Bun.password.hash(password, {
    algorithm: 'argon2id',
    memoryCost: ARGON2_MEMORY_KIB,
    timeCost: ARGON2_PASSES,
  });
}

async function verifyNow(password: string, stored: string | null): Promise<PasswordVerdict> {
  // Bun.password throws on an empty password and on a hash it cannot read: both are refused sign-ins (security.md B8).
  const given = password === '' ? '\u0000' : password;
  const known = stored ?? DUMMY_HASH;
  const matches = isPbkdf2Hash(known)
    ? await verifyPbkdf2(given, known)
    : await Bun.password.verify(given, known).catch(() => false);
  const ok = matches && stored !== null && password !== '';
  return { ok, outdated: ok && isOutdatedHash(known) };
}

/** Runs at most `atOnce` jobs; the next `waiting` wait in order; the rest are refused. */
function createGate(atOnce: number, waiting: number): <T>(job: () => Promise<T>) => Promise<T> {
  const queue = new BoundedQueue<() => void>(waiting);
  let running = 0;
  return async (job) => {
    if (running >= atOnce) {
      await new Promise<void>((resolve) => {
        if (!queue.push(resolve)) throw appError('sign_in_busy', { retryAfterMs: BUSY_RETRY_MS });
      });
    } else {
      running += 1;
    }
    try {
      return await job();
    } finally {
      const next = queue.take(1)[0];
      if (next) next();
      else running -= 1;
    }
  };
}
