// One bite of retention, on the writer's thread: the oldest rows and their attempts, in one transaction.
import type { Database } from 'bun:sqlite';
import { systemClock } from '../../../lib/clock.ts';

export interface PruneBite {
  readonly beforeMs: number;
  readonly rowsMax: number;
}

export interface PruneReport {
  readonly deleted: number;
  /** How long the write lock was held. */
  readonly tookMs: number;
}

export function pruneUsage(db: Database, { beforeMs, rowsMax }: PruneBite): PruneReport {
  const select = db.query('SELECT id FROM usage_events WHERE time_ms < ? ORDER BY time_ms LIMIT ?');
  const ids = select.all(beforeMs, rowsMax) as { id: string }[];
  const list = JSON.stringify(ids.map(({ id }) => id));
  let startedMs = 0;
  db.transaction(() => {
    startedMs = systemClock.monotonicMs();
    db.query(
      `INSERT INTO usage_state (name, value) VALUES ('pruned_before_ms', ?)
        ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`,
    ).run(beforeMs);
    db.query('DELETE FROM usage_attempt_rows WHERE event_id IN (SELECT value FROM json_each(?))').run(list);
    db.query('DELETE FROM usage_events WHERE id IN (SELECT value FROM json_each(?))').run(list);
  }).immediate();
  return { deleted: ids.length, tookMs: systemClock.monotonicMs() - startedMs };
}
