// The only owner of randomness. Ids carry their kind and sort by time (UUIDv7, RFC 9562).
import { randomBytes } from 'node:crypto';

export type IdKind = 'usr' | 'key' | 'req' | 'att' | 'ses' | 'crd' | 'aud' | 'lim' | 'prc' | 'jrn';

/** `kind_` + 32 hex digits of a UUIDv7, for example `req_0192…`. */
export function newId(kind: IdKind): string {
  return `${kind}_${Bun.randomUUIDv7('buffer').toString('hex')}`;
}

/** The id of something that exists at most once for each `id` of another kind: the same digits under its own kind. */
export function derivedId(kind: IdKind, id: string): string {
  return kind + id.slice(id.indexOf('_'));
}

/** `bytes` random bytes from the operating system's CSPRNG, base64url without padding. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** `count` random bytes from the operating system's CSPRNG. */
export function randomByteArray(count: number): Uint8Array {
  return randomBytes(count);
}

/** A random fraction in [0, 1): for jitter and weights, never for secrets. */
export function randomFraction(): number {
  return Math.random();
}
