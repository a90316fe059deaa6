// Takes a provider key into the store, sealed. Afterwards nobody reads it back: not an admin, not an export.
import { deriveSealingKey, sealSecret } from '../../core/identity/sealed-secret.ts';
import { appError } from '../../errors/app-error.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { maskSecret } from '../../lib/redact-text.ts';
import type { Store } from '../../store/open-store.ts';
import { insertProviderCredential, type ProviderCredentialRow } from '../../store/provider-credentials.ts';
import type { AddressGuard } from '../../upstream/address-guard.ts';
import { baseUrlProblem, canonicalProvider } from '../../upstream/providers/discover.ts';
import { PROVIDER_TABLE } from '../../upstream/providers/table.ts';

export interface CredentialDeps {
  readonly store: Store;
  readonly masterKey: string;
  readonly clock: Clock;
  readonly guard: AddressGuard;
}

export interface NewCredential {
  readonly provider: string;
  readonly secret: string;
  readonly label: string;
  readonly priority: number | null;
  readonly baseUrl: string | null;
  /** Providers that the configuration describes: they need no URL here. */
  readonly knownProviders: readonly string[];
}

const LABEL_CHARS_MAX = 128;
const SECRET_CHARS_MAX = 8_192;

/** Throws AppError `invalid_request` that says what is wrong and what is allowed. */
export async function addCredential(
  deps: CredentialDeps,
  request: NewCredential,
): Promise<ProviderCredentialRow> {
  const provider = canonicalProvider(request.provider.trim());
  const secret = request.secret.trim();
  const problem = judge(provider, secret, request) ?? (await judgeAddress(deps.guard, request.baseUrl));
  if (problem)
    throw appError('invalid_request', { params: { detail: problem.detail }, param: problem.param });
  const id = newId('crd');
  const row: ProviderCredentialRow = {
    id,
    provider,
    label: request.label.trim(),
    sealed: sealSecret(deriveSealingKey(deps.masterKey), id, secret),
    masked: maskSecret(secret),
    priority: request.priority,
    base_url: request.baseUrl,
    created_ms: deps.clock.nowMs(),
  };
  await insertProviderCredential(deps.store.write, row);
  return row;
}

/** Told when the address is saved; every call asks again, because names change their mind. */
async function judgeAddress(guard: AddressGuard, baseUrl: string | null) {
  if (baseUrl === null) return null;
  const pinned = await guard.pin(baseUrl);
  return pinned.kind === 'refused' ? { param: 'base_url', detail: `The base URL ${pinned.reason}.` } : null;
}

function judge(
  provider: string,
  secret: string,
  request: NewCredential,
): { detail: string; param: string } | null {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(provider))
    return { param: 'provider', detail: 'The provider must be lower-case letters, digits and _.' };
  if (secret === '' || secret.length > SECRET_CHARS_MAX || /[\s\p{Cc}]/u.test(secret))
    return { param: 'secret', detail: `The key must be one word of at most ${SECRET_CHARS_MAX} characters.` };
  const label = request.label.trim();
  if (label === '' || label.length > LABEL_CHARS_MAX || /\p{Cc}/u.test(label))
    return { param: 'label', detail: `The label must have 1 to ${LABEL_CHARS_MAX} characters.` };
  if (
    request.priority !== null &&
    !(Number.isInteger(request.priority) && request.priority >= 0 && request.priority < 1e6)
  )
    return { param: 'priority', detail: 'The priority must be a whole number from 0; lower goes first.' };
  const urlProblem = request.baseUrl === null ? null : baseUrlProblem(request.baseUrl);
  if (urlProblem) return { param: 'base_url', detail: `The base URL ${urlProblem}.` };
  const row = PROVIDER_TABLE.find((each) => each.name === provider);
  const known = request.knownProviders.includes(provider) || (row !== undefined && row.baseUrl !== '');
  if (request.baseUrl === null && !known)
    return { param: 'base_url', detail: `No provider is called '${provider}'. Give its base URL.` };
  return null;
}
