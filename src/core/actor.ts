// Who is calling the data plane, with everything the gateway needs to decide, ready in memory.

import type { AddressList, ModelList } from './limits/access-list.ts';

export type Role = 'admin' | 'user';

/** A caller of /v1. The master key has role admin and neither user nor key id. */
export interface Actor {
  readonly kind: 'key' | 'master';
  readonly userId: string | null;
  readonly keyId: string | null;
  readonly role: Role;
  /** Name for logs and for the caller's own eyes: user name, or `master`. */
  readonly name: string;
  /** `use` opens /v1; `admin` opens the admin API to scripts. */
  readonly scopes: readonly ('use' | 'admin')[];
  /** Model globs this actor may use (`openai/*`); null means all. */
  readonly models: ModelList | null;
  /** Addresses or CIDR ranges this actor may call from; null means all. */
  readonly addresses: AddressList | null;
  readonly tags: readonly string[];
  /** What happens upstream when this caller hangs up: cut it, or read on for exact usage. */
  readonly onHangUp: 'cancel' | 'drain';
}
