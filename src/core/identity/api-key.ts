// The form of API keys and how they are stored. Keys are 256 random bits, so a keyed hash without salt suffices.
import { createHash } from 'node:crypto';

const PREFIX = 'tg_';
const SECRET_CHARS = 43;
const CHECKSUM_CHARS = 6;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** How much of a key may be shown again: enough to tell two apart, useless to guess from. */
export const SHOWN_PREFIX_CHARS = 12;

/** `tg_` + 43 base-62 characters of 32 random bytes + 6 of their CRC-32, so that scanners can tell a real key from a typo. */
export function formatApiKey(random: Uint8Array): string {
  const secret = base62(BigInt(`0x${Buffer.from(random).toString('hex')}`), SECRET_CHARS);
  return `${PREFIX}${secret}${checksum(secret)}`;
}

/** True when the text has our form and its checksum fits. Says nothing about whether the key exists. */
export function isWellFormedApiKey(text: string): boolean {
  if (!/^tg_[0-9A-Za-z]{49}$/.test(text)) return false;
  const secret = text.slice(PREFIX.length, PREFIX.length + SECRET_CHARS);
  return text.slice(PREFIX.length + SECRET_CHARS) === checksum(secret);
}

/** What may be shown of a key afterwards. */
export function shownPrefix(token: string): string {
  return token.slice(0, SHOWN_PREFIX_CHARS);
}

/** Lower-case hex of HMAC-SHA-256 over the token, keyed by the pepper: the predecessor's current form too. */
export function hashApiKey(token: string, pepper: string): string {
  return new Bun.CryptoHasher('sha256', pepper).update(token).digest('hex');
}

/** The predecessor's older form: hex of SHA-256 over pepper and token. Verified, never written. */
export function hashApiKeyLegacy(token: string, pepper: string): string {
  return createHash('sha256').update(pepper).update(token).digest('hex');
}

function checksum(secret: string): string {
  return base62(BigInt(Bun.hash.crc32(secret)), CHECKSUM_CHARS);
}

function base62(value: bigint, length: number): string {
  let rest = value;
  let text = '';
  while (text.length < length) {
    text = `${ALPHABET[Number(rest % 62n)]}${text}`;
    rest /= 62n;
  }
  return text;
}
