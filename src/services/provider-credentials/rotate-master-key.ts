// Seals every stored provider credential anew under another MASTER_KEY, all of them or none.
import { deriveSealingKey, openSecret, sealSecret } from '../../core/identity/sealed-secret.ts';
import { appError } from '../../errors/app-error.ts';
import type { Store } from '../../store/open-store.ts';
import { resealProviderCredentials } from '../../store/provider-credentials.ts';

/** Shorter keys can be guessed; the same floor as for the other secrets. */
export const MASTER_KEY_CHARS_MIN = 32;

/** How many were sealed anew. Throws AppError `conflict` when one cannot be opened under the old key; then none changed. */
export async function rotateMasterKey(store: Store, oldKey: string, newKey: string): Promise<number> {
  if (newKey.length < MASTER_KEY_CHARS_MIN)
    throw appError('invalid_request', {
      params: { detail: `The new MASTER_KEY must have at least ${MASTER_KEY_CHARS_MIN} characters.` },
    });
  const from = deriveSealingKey(oldKey);
  const to = deriveSealingKey(newKey);
  return resealProviderCredentials(store.write, (row) => {
    // Sealed under the new key already: an earlier run was cut before the key itself was changed.
    if (openSecret(to, row.id, row.sealed).kind === 'open') return row.sealed;
    const opened = openSecret(from, row.id, row.sealed);
    if (opened.kind !== 'open')
      throw appError('conflict', {
        params: {
          detail: `The stored key '${row.label}' cannot be opened with the present MASTER_KEY. Nothing was changed.`,
        },
      });
    return sealSecret(to, row.id, opened.secret);
  });
}
