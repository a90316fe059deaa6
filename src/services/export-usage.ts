// Usage as text, row by row, in constant memory: for the command line and for the admin's download.
import { csvCell } from '../core/csv.ts';
import type { Store } from '../store/open-store.ts';
import { listUsage, type UsageCursor, type UsageEventRow, type UsageFilter } from '../store/usage-listing.ts';
import { EVENT_COLUMNS } from '../store/usage-row.ts';

export type ExportFormat = 'csv' | 'ndjson';

export interface ExportChunk {
  readonly text: string;
  readonly rows: number;
}

/** Rows held in memory at once. */
const PAGE_ROWS = 500;

/** Oldest first. Rows that arrive while it runs may or may not be in it. */
export async function* exportUsage(
  store: Store,
  options: { readonly format: ExportFormat; readonly filter: UsageFilter },
): AsyncGenerator<ExportChunk> {
  const { format, filter } = options;
  if (format === 'csv') yield { text: `${EVENT_COLUMNS.join(',')}\n`, rows: 0 };
  let after: UsageCursor | undefined;
  while (true) {
    const rows = await listUsage(store.read, { filter, limit: PAGE_ROWS, order: 'oldest', after });
    const last = rows.at(-1);
    if (!last) return;
    after = { timeMs: last.time_ms, id: last.id };
    const toLine = format === 'csv' ? csvLine : jsonLine;
    yield { text: rows.map(toLine).join(''), rows: rows.length };
  }
}

function jsonLine(row: UsageEventRow): string {
  return `${JSON.stringify({ ...row, tags: JSON.parse(row.tags), streamed: row.streamed === 1, unpriced: row.unpriced === 1 })}\n`;
}

function csvLine(row: UsageEventRow): string {
  return `${EVENT_COLUMNS.map((column) => csvCell(row[column])).join(',')}\n`;
}
