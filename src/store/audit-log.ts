// The audit log: rows go in and are read. Nothing here, and nothing in the database, changes or removes one.
import type { Insertable, Kysely, Selectable } from 'kysely';
import type { AuditLogTable, StoreSchema } from './schema.ts';

type Db = Kysely<StoreSchema>;
export type AuditRow = Selectable<AuditLogTable>;

export async function insertAudit(db: Db, row: Insertable<AuditLogTable>): Promise<void> {
  await db.insertInto('audit_log').values(row).execute();
}

export interface AuditFilter {
  readonly actorId?: string | undefined;
  readonly targetId?: string | undefined;
  readonly action?: string | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Only rows older than the one with this id. */
  readonly beforeId?: string | undefined;
  readonly limit: number;
}

/** Newest first. Ids sort by time, so the last id of a page is the cursor of the next. */
export async function listAudit(db: Db, filter: AuditFilter): Promise<AuditRow[]> {
  let query = db.selectFrom('audit_log').selectAll().orderBy('id', 'desc').limit(filter.limit);
  if (filter.actorId !== undefined) query = query.where('actor_id', '=', filter.actorId);
  if (filter.targetId !== undefined) query = query.where('target_id', '=', filter.targetId);
  if (filter.action !== undefined) query = query.where('action', '=', filter.action);
  if (filter.sinceMs !== undefined) query = query.where('time_ms', '>=', filter.sinceMs);
  if (filter.untilMs !== undefined) query = query.where('time_ms', '<', filter.untilMs);
  if (filter.beforeId !== undefined) query = query.where('id', '<', filter.beforeId);
  return query.execute();
}
