// What Tollgate knows about a provider, as data: where it lives, how it wants to be greeted, what it offers.
import type { ProviderProtocol } from '../../core/wire.ts';
import type { AddressGuard } from '../address-guard.ts';

/** What can be asked of a provider. Each has a path of its own per provider; absent means not offered. */
export type Operation =
  | 'chat'
  | 'completions'
  | 'embeddings'
  | 'responses'
  | 'moderations'
  | 'images'
  | 'speech'
  | 'transcriptions'
  | 'rerank'
  | 'messages'
  | 'count_tokens'
  | 'generate'
  | 'stream_generate'
  | 'models';

/** Which header carries the credential; `none` for servers that ask for no key. */
export type AuthStyle = 'bearer' | 'x-api-key' | 'x-goog-api-key' | 'api-key' | 'none';

export interface ProviderSpec {
  /** The name before the slash in `provider/model`. */
  readonly name: string;
  readonly protocol: ProviderProtocol;
  /** Without a trailing slash; paths are appended to it. */
  readonly baseUrl: string;
  readonly auth: AuthStyle;
  /** Path per operation, `{model}` stands for the provider's model name. */
  readonly endpoints: Readonly<Partial<Record<Operation, string>>>;
  /** Whether `stream_options.include_usage` may be sent (wire fact F8); false where usage comes anyway or is refused. */
  readonly includeUsage: boolean;
  /** A path that answers 401 to a wrong key and costs no tokens; null where the provider has none. */
  readonly keyCheck: string | null;
  /** A server that may run without any key: one credential without a secret is made when its base URL is set. */
  readonly keyless: boolean;
  /** Sent on every call unless the caller sent the same header. */
  readonly headers: Readonly<Record<string, string>>;
  /** Query parameters added to every call. */
  readonly query: Readonly<Record<string, string>>;
  /** Other spellings of the name that must keep working, for example LiteLLM's. */
  readonly aliases: readonly string[];
  /** True for a provider made from `<NAME>_API_BASE` or tollgate.yaml rather than from the table. */
  readonly custom: boolean;
  /** Set where an admin typed the address in at run time: every call is checked and pinned by it. */
  readonly guard?: AddressGuard;
  /** True where the environment names a proxy, which only the runtime's fetch goes through, or the operator wants it so. */
  readonly viaFetch?: boolean;
}

/** One key of one provider. The secret never leaves src/upstream except through the store's encryption. */
export interface Credential {
  /** Stable across restarts: derived from provider and secret, or the store's row id. */
  readonly id: string;
  readonly provider: string;
  readonly secret: string;
  readonly source: 'environment' | 'store' | 'file' | 'demo';
  /** Where it came from, for people: a variable's name or the label given in the dashboard. Never the secret. */
  readonly label: string;
  /** Lower goes first; credentials without a priority share the last tier. */
  readonly priority: number;
}

/** Tier of a credential that was given no priority (the predecessor's number). */
export const PRIORITY_DEFAULT = 999;
