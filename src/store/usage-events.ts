// Usage rows: written only by the ledger. Readers are in usage-reading.ts.
import { CompiledQuery } from 'kysely';
import type { UsageEvent } from '../core/usage-event.ts';
import { encodeUsageEvent } from '../core/usage-record.ts';
import type { JournalStretch, StretchReport } from './dialect/sqlite/insert-journal.ts';
import type { InsertReport } from './dialect/sqlite/insert-usage.ts';
import type { Store } from './open-store.ts';

export type { InsertReport, JournalStretch, StretchReport };

/**
 * Stores the events in a stretch of a journal file, read by the database's own thread, in one transaction. An id that is
 * there already changes nothing. Rejects when the file cannot be read or none could be stored.
 */
export async function insertUsageJournal(store: Store, stretch: JournalStretch): Promise<StretchReport> {
  const result = await store.write.executeQuery<StretchReport>(
    CompiledQuery.raw('CALL insert_journal(?)', [stretch]),
  );
  const report = result.rows[0];
  if (!report) throw new Error('the database answered nothing to insert_journal');
  return report;
}

/**
 * Stores the events of a JSON array (UTF-8), their attempts and their counters in one transaction.
 * An id that is there already changes nothing. Rejects with the database's error when none could be stored.
 */
export async function insertUsageJson(store: Store, json: Uint8Array): Promise<InsertReport> {
  const result = await store.write.executeQuery<InsertReport>(
    CompiledQuery.raw('CALL insert_usage(?)', [json]),
  );
  const report = result.rows[0];
  if (!report) throw new Error('the database answered nothing to insert_usage');
  return report;
}

/** As insertUsageJson, for callers that hold objects: imports and synthetic data. */
export function insertUsageEvents(store: Store, events: readonly UsageEvent[]): Promise<InsertReport> {
  return insertUsageJson(store, new TextEncoder().encode(`[${events.map(encodeUsageEvent).join(',')}]`));
}
