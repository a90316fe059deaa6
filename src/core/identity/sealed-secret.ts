// Encrypts provider secrets at rest: AES-256-GCM under a key derived from MASTER_KEY for this purpose alone.
// The row's id and the purpose are authenticated with the text, so that two rows cannot swap their secrets.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { randomByteArray } from '../../lib/id.ts';

/** One purpose, one key (CVE-2026-114612 was one secret for two): never shared with sessions or key hashes. */
const PURPOSE = 'tollgate provider credential v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface SealingKey {
  readonly key: Buffer;
  /** Tells keys apart without revealing them; stored beside what they sealed. */
  readonly keyId: string;
}

export function deriveSealingKey(masterKey: string): SealingKey {
  const bytes = Buffer.from(hkdfSync('sha256', masterKey, '', PURPOSE, 40));
  return { key: bytes.subarray(0, 32), keyId: bytes.subarray(32).toString('hex') };
}

/** `v1.<key id>.<base64url of iv, text and tag>`. */
export function sealSecret(sealing: SealingKey, rowId: string, secret: string): string {
  const iv = Buffer.from(randomByteArray(IV_BYTES));
  const cipher = createCipheriv('aes-256-gcm', sealing.key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(rowId));
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return `v1.${sealing.keyId}.${Buffer.concat([iv, text, cipher.getAuthTag()]).toString('base64url')}`;
}

export type Opened =
  | { readonly kind: 'open'; readonly secret: string }
  /** Sealed under another MASTER_KEY. */
  | { readonly kind: 'other_key' }
  /** Changed, moved to another row, or not one of ours. */
  | { readonly kind: 'damaged' };

export function openSecret(sealing: SealingKey, rowId: string, sealed: string): Opened {
  const [version, keyId, payload] = sealed.split('.');
  if (version !== 'v1' || payload === undefined) return { kind: 'damaged' };
  if (keyId !== sealing.keyId) return { kind: 'other_key' };
  const bytes = Buffer.from(payload, 'base64url');
  if (bytes.length < IV_BYTES + TAG_BYTES) return { kind: 'damaged' };
  const iv = bytes.subarray(0, IV_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', sealing.key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(associated(rowId));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    return { kind: 'open', secret: text.toString('utf8') };
  } catch {
    return { kind: 'damaged' };
  }
}

function associated(rowId: string): Buffer {
  return Buffer.from(`${PURPOSE}\0${rowId}`, 'utf8');
}
