// What admins do with provider keys: add, switch off and on, delete. Each act stands in the audit log, without the secret.

import type { AuditAction } from '../../core/audit-action.ts';
import { type Doer, doerOf, type Principal, type RequestOrigin } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import {
  deleteProviderCredential,
  disableCredential,
  enableCredential,
  listProviderCredentials,
} from '../../store/provider-credentials.ts';
import { recordAudit } from '../record-audit.ts';
import { addCredential, type CredentialDeps, type NewCredential } from './add-credential.ts';

/** Who does it: somebody signed in, or a command. */
export type CredentialAct =
  | { readonly principal: Principal; readonly origin: RequestOrigin }
  | { readonly doer: Doer };

export interface CredentialTarget {
  readonly id: string;
  /** For the log: what people call it. */
  readonly label: string;
}

/** Gives the new key's id. Throws AppError `invalid_request` with the field at fault. */
export async function addProviderKey(
  deps: CredentialDeps,
  act: CredentialAct,
  request: NewCredential,
): Promise<string> {
  // Names are looked up before the transaction: nobody else may wait for somebody's slow name server.
  const pinned = request.baseUrl === null ? null : await deps.guard.pin(request.baseUrl);
  const guard = pinned ? { ...deps.guard, pin: async () => pinned } : deps.guard;
  return deps.store.write.transaction().execute(async (trx) => {
    const row = await addCredential({ ...deps, guard, store: { ...deps.store, write: trx } }, request);
    const after = {
      provider: row.provider,
      label: row.label,
      base_url: row.base_url,
      priority: row.priority,
    };
    const told = { action: 'provider_create' as const, target: { id: row.id, label: row.label }, after };
    await audit(deps, act, { db: trx, ...told });
    return row.id;
  });
}

/** Holds for keys of every source, those of the environment included. */
export async function setProviderKeyEnabled(
  deps: CredentialDeps,
  act: CredentialAct,
  change: CredentialTarget & { readonly enabled: boolean },
): Promise<void> {
  const { enabled, ...target } = change;
  await deps.store.write.transaction().execute(async (trx) => {
    if (enabled) await enableCredential(trx, target.id);
    else await disableCredential(trx, { credential_id: target.id, disabled_ms: deps.clock.nowMs() });
    const told = { before: { enabled: !enabled }, after: { enabled } };
    await audit(deps, act, { db: trx, action: 'provider_update', target, ...told });
  });
}

/** Throws `object_not_found`, also for a key of the environment: that one is removed where it was set. */
export async function removeProviderKey(
  deps: CredentialDeps,
  act: CredentialAct,
  credentialId: string,
): Promise<void> {
  await deps.store.write.transaction().execute(async (trx) => {
    const row = (await listProviderCredentials(trx)).find((each) => each.id === credentialId);
    if (!row) throw appError('object_not_found', { params: { what: 'Provider key' } });
    await deleteProviderCredential(trx, credentialId);
    const target = { id: row.id, label: row.label };
    await audit(deps, act, {
      db: trx,
      action: 'provider_delete',
      target,
      before: { provider: row.provider },
    });
  });
}

async function audit(
  deps: CredentialDeps,
  act: CredentialAct,
  facts: {
    readonly db: CredentialDeps['store']['write'];
    readonly action: AuditAction;
    readonly target: CredentialTarget;
    readonly before?: Record<string, unknown>;
    readonly after?: Record<string, unknown>;
  },
): Promise<void> {
  const { db, target, ...told } = facts;
  await recordAudit(db, {
    nowMs: deps.clock.nowMs(),
    doer: 'doer' in act ? act.doer : doerOf(act.principal, act.origin),
    target: { kind: 'provider_key', id: target.id, name: target.label },
    ...told,
  });
}
