// Route: GET /api/admin/audit, the audit log newest first. There is no route that writes it.
import { z } from 'zod';
import { AUDIT_ACTIONS } from '../../core/audit-action.ts';
import { asObject, parseJson } from '../../lib/json.ts';
import { type AuditRow, listAudit } from '../../store/audit-log.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { defineRoute, type Route } from './route.ts';
import { isoTime, pageCursor, time } from './schemas.ts';

const AUDIT_PAGE_MAX = 500;

const auditItem = z
  .object({
    id: z.string(),
    time,
    actor: z.object({
      kind: z.enum(['user', 'system', 'anonymous']),
      id: z.string().nullable(),
      name: z.string(),
      api_key_id: z.string().nullable(),
    }),
    action: z.string(),
    target: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string().nullable() }).nullable(),
    before: z.record(z.string(), z.unknown()).nullable(),
    after: z.record(z.string(), z.unknown()).nullable(),
    address: z.string().nullable(),
    request_id: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });

export function auditRoutes(parts: ConsoleParts): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/admin/audit',
      access: 'admin',
      tag: 'Audit',
      summary: 'Who did what to whom, when and from where; newest first',
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(AUDIT_PAGE_MAX).default(100),
        cursor: pageCursor,
        actor_id: z.string().max(64).optional(),
        target_id: z.string().max(64).optional(),
        action: z.enum(AUDIT_ACTIONS).optional(),
        since: time.optional(),
        until: time.optional(),
      }),
      answer: z.object({ entries: z.array(auditItem), next_cursor: z.string().nullable() }),
      handle: async ({ query }) => {
        const { limit, cursor, since, until } = query;
        const rows = await listAudit(parts.store.read, {
          actorId: query.actor_id,
          targetId: query.target_id,
          action: query.action,
          sinceMs: since === undefined ? undefined : Date.parse(since),
          untilMs: until === undefined ? undefined : Date.parse(until),
          beforeId: readCursor(cursor)?.id,
          limit: limit + 1,
        });
        const page = rows.slice(0, limit);
        const last = page.at(-1);
        const more = rows.length > limit && last !== undefined;
        const next_cursor = more ? writeCursor({ createdMs: last.time_ms, id: last.id }) : null;
        return { entries: page.map(showEntry), next_cursor };
      },
    }),
  ];
}

function showEntry(row: AuditRow): z.input<typeof auditItem> {
  const target = { kind: row.target_kind ?? '', id: row.target_id, name: row.target_name };
  return {
    id: row.id,
    time: isoTime(row.time_ms),
    actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name, api_key_id: row.key_id },
    action: row.action,
    target: row.target_kind === null ? null : target,
    before: readFields(row.before_json),
    after: readFields(row.after_json),
    address: row.address,
    request_id: row.request_id,
  };
}

function readFields(text: string | null): Record<string, unknown> | null {
  return text === null ? null : asObject(parseJson(text));
}
