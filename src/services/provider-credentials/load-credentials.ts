// Opens the stored provider credentials for the pool. A secret that cannot be opened is left out and said, never guessed.
import { deriveSealingKey, openSecret } from '../../core/identity/sealed-secret.ts';
import type { Store } from '../../store/open-store.ts';
import { listDisabledCredentials, listProviderCredentials } from '../../store/provider-credentials.ts';
import type { StoredCredential } from '../../upstream/providers/assemble-providers.ts';

export interface LoadedCredentials {
  readonly stored: readonly StoredCredential[];
  readonly disabled: ReadonlySet<string>;
  /** One sentence per credential that could not be opened, with the mend. */
  readonly problems: readonly string[];
}

export async function loadCredentials(store: Store, masterKey: string): Promise<LoadedCredentials> {
  const [rows, disabled] = await Promise.all([
    listProviderCredentials(store.read),
    listDisabledCredentials(store.read),
  ]);
  const sealing = deriveSealingKey(masterKey);
  const stored: StoredCredential[] = [];
  const problems: string[] = [];
  for (const row of rows) {
    const opened = openSecret(sealing, row.id, row.sealed);
    if (opened.kind === 'open') {
      const { id, provider, label, priority, base_url: baseUrl } = row;
      stored.push({ id, provider, label, priority, baseUrl, secret: opened.secret });
      continue;
    }
    problems.push(
      opened.kind === 'other_key'
        ? `The stored key '${row.label}' was sealed under another MASTER_KEY. Start with that one, or add the key again.`
        : `The stored key '${row.label}' is damaged. Remove it and add it again.`,
    );
  }
  return { stored, disabled: new Set(disabled.map((row) => row.credential_id)), problems };
}
