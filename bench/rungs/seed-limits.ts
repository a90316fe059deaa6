// Gives the bench's key one limit of each kind, high enough never to bite, so that all of admission's work is done.
import { Database } from 'bun:sqlite';

const KINDS: readonly (readonly [kind: string, amount: number, period: string | null])[] = [
  ['requests_per_minute', 1_000_000_000, null],
  ['tokens_per_minute', 1_000_000_000_000, null],
  ['concurrent_requests', 1_000_000, null],
  ['budget_money', 9_000_000_000_000_000, 'month'],
  ['budget_tokens', 9_000_000_000_000_000, 'month'],
];

/** To be called while no server has the database open. */
export function seedLimits(databasePath: string): void {
  const db = new Database(databasePath);
  const key = db.query('SELECT id FROM api_keys LIMIT 1').get() as { id: string } | null;
  const add = db.prepare(
    `INSERT INTO limits (id, scope, scope_id, kind, amount, period, time_zone, warn_percent, allow_unpriced,
      raised_amount, raised_until_ms, created_ms, updated_ms)
      VALUES (?, 'key', ?, ?, ?, ?, 'UTC', 80, 1, NULL, NULL, 0, 0)`,
  );
  for (const [kind, amount, period] of KINDS)
    add.run(`lim_bench_${kind}`, key?.id ?? null, kind, amount, period);
  db.close();
}
