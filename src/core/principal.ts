// Who acts in the control plane. Callers of the data plane are core/actor.ts: no session is ever one, no plain key is ever this.
import type { Role } from './actor.ts';

/** A signed-in person, or a script with an admin API key, which acts as the key's owner. */
export interface Principal {
  readonly kind: 'session' | 'key';
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
  readonly sessionId: string | null;
  readonly keyId: string | null;
}

/** Where a control-plane request came from. */
export interface RequestOrigin {
  /** The caller's address as the server decided it (trusted proxies considered), or null when unknown. */
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly requestId: string;
}

/** Who did something, for the audit log: a principal, the system itself, or somebody not signed in. */
export interface Doer {
  readonly kind: 'user' | 'system' | 'anonymous';
  readonly id: string | null;
  readonly name: string;
  readonly keyId: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
}

export function doerOf(principal: Principal, origin: RequestOrigin): Doer {
  return {
    kind: 'user',
    id: principal.userId,
    name: principal.username,
    keyId: principal.keyId,
    address: origin.address,
    requestId: origin.requestId,
  };
}

/** A command on the machine itself, a job, or the first start. */
export function systemDoer(name: string): Doer {
  return { kind: 'system', id: null, name, keyId: null, address: null, requestId: null };
}
