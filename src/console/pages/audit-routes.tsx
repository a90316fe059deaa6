// Page of admins: GET /ui/admin/audit, newest first.
import { AUDIT_ACTIONS } from '../../core/audit-action.ts';
import { asObject, parseJson } from '../../lib/json.ts';
import { listAudit, type AuditRow as StoredRow } from '../../store/audit-log.ts';
import {
  type Answer,
  adminPage,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
} from '../serving/page-route.ts';
import { AuditPage, type AuditRow } from './audit-page.tsx';
import type { PageParts } from './page-parts.ts';

const ROWS_PER_PAGE = 100;
const BASE = '/ui/admin/audit';

export function auditPageRoutes(parts: PageParts): PageRoute[] {
  return [adminPage('GET', BASE, (request) => show(parts, request))];
}

async function show(parts: PageParts, { frame, query }: PersonRequest): Promise<Answer> {
  const action = AUDIT_ACTIONS.find((each) => each === query.get('action'));
  const before = query.get('before');
  const rows = await listAudit(parts.store.read, {
    action,
    beforeId: before && before.length <= 64 ? before : undefined,
    limit: ROWS_PER_PAGE + 1,
  });
  const page = rows.slice(0, ROWS_PER_PAGE);
  const filter = action ? { action } : {};
  const last = page.at(-1);
  const later =
    rows.length > ROWS_PER_PAGE && last
      ? `${BASE}?${new URLSearchParams({ ...filter, before: last.id })}`
      : null;
  const model = {
    rows: page.map(auditRow),
    actions: AUDIT_ACTIONS,
    action: action ?? '',
    paging:
      later || before
        ? {
            shown: `${page.length} entries, newest first`,
            earlier: before ? `${BASE}?${new URLSearchParams(filter)}` : null,
            later,
          }
        : null,
  };
  return new PageAnswer(<AuditPage frame={frame} model={model} />);
}

function auditRow(row: StoredRow): AuditRow {
  return {
    id: row.id,
    timeMs: row.time_ms,
    actor: row.key_id === null ? row.actor_name : `${row.actor_name} by key`,
    action: row.action,
    target: row.target_name ?? row.target_id,
    detail: changeText(row.before_json, row.after_json),
    address: row.address,
  };
}

/** `role: user to admin`, field by field. */
export function changeText(beforeJson: string | null, afterJson: string | null): string | null {
  const before = asObject(parseJson(beforeJson ?? 'null')) ?? {};
  const after = asObject(parseJson(afterJson ?? 'null')) ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const told = names
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => {
      const now = plain(after[name]);
      return name in before ? `${name}: ${plain(before[name])} to ${now}` : `${name}: ${now}`;
    });
  return told.length === 0 ? null : told.join('; ');
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
