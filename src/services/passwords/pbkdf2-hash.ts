// Reads the predecessor's password hashes, `pbkdf2_sha256$<iterations>$<salt>$<digest>`. Never writes one.
import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);
const PREFIX = 'pbkdf2_sha256';
/** The predecessor wrote 200,000; a stored number far above it would only burn our CPU. */
export const PBKDF2_ITERATIONS_MAX = 2_000_000;
const DIGEST_BYTES_MAX = 64;

interface Pbkdf2Hash {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly digest: Buffer;
}

export function isPbkdf2Hash(stored: string): boolean {
  return stored.startsWith(`${PREFIX}$`);
}

/** The parts of a stored hash, or null when it is not one we can verify. */
export function parsePbkdf2Hash(stored: string): Pbkdf2Hash | null {
  const [kind, iterationsText, saltText, digestText, ...rest] = stored.split('$');
  if (kind !== PREFIX || rest.length > 0 || !saltText || !digestText) return null;
  if (!/^[1-9]\d{0,9}$/.test(iterationsText ?? '')) return null;
  const iterations = Number(iterationsText);
  const salt = Buffer.from(saltText, 'base64');
  const digest = Buffer.from(digestText, 'base64');
  if (iterations > PBKDF2_ITERATIONS_MAX || salt.length === 0) return null;
  if (digest.length < 16 || digest.length > DIGEST_BYTES_MAX) return null;
  return { iterations, salt, digest };
}

/** Works beside the event loop. False for a wrong password and for an unreadable hash alike. */
export async function verifyPbkdf2(password: string, stored: string): Promise<boolean> {
  const parsed = parsePbkdf2Hash(stored);
  if (!parsed) return false;
  const { iterations, salt, digest } = parsed;
  const found = await derive(Buffer.from(password, 'utf8'), salt, iterations, digest.length, 'sha256');
  return timingSafeEqual(found, digest);
}
