// Writes one line of the audit log, in the same transaction as the act it tells of. Never takes a secret:
// callers give the fields that changed, and no field named here ever holds one.
import type { Kysely } from 'kysely';
import type { AuditAction } from '../core/audit-action.ts';
import type { Doer } from '../core/principal.ts';
import { newId } from '../lib/id.ts';
import { insertAudit } from '../store/audit-log.ts';
import type { StoreSchema } from '../store/schema.ts';

export interface AuditEntry {
  readonly nowMs: number;
  readonly doer: Doer;
  readonly action: AuditAction;
  readonly target?: { readonly kind: string; readonly id: string | null; readonly name: string | null };
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
}

const NAME_CHARS_MAX = 200;

export async function recordAudit(db: Kysely<StoreSchema>, entry: AuditEntry): Promise<void> {
  const { doer, target } = entry;
  await insertAudit(db, {
    id: newId('aud'),
    time_ms: entry.nowMs,
    actor_kind: doer.kind,
    actor_id: doer.id,
    actor_name: doer.name.slice(0, NAME_CHARS_MAX),
    key_id: doer.keyId,
    action: entry.action,
    target_kind: target?.kind ?? null,
    target_id: target?.id ?? null,
    target_name: target?.name?.slice(0, NAME_CHARS_MAX) ?? null,
    before_json: entry.before ? JSON.stringify(entry.before) : null,
    after_json: entry.after ? JSON.stringify(entry.after) : null,
    address: doer.address,
    request_id: doer.requestId,
  });
}
