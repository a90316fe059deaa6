// Counts quarters and days again from the rows, months from the days, and names each difference. Reads only; one snapshot, so traffic may go on.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { MONTH_OF_BUCKET } from './dialect/sqlite/month-start.ts';
import { USAGE_WITH_TAGS } from './dialect/sqlite/tag-rows.ts';
import type { StoreSchema } from './schema.ts';
import { COUNTER_SUMS, ROW_COUNTERS } from './usage-counter-sql.ts';
import { prunedBeforeMs } from './usage-retention.ts';
import { COUNTER_NAMES, DAY_MS, SLOT_MS } from './usage-scopes.ts';

type Db = Kysely<StoreSchema>;

/** Differences told per check; a broken house has more, and the first ones name the cause. */
export const DIFFERENCES_MAX = 100;

/** One sentence each. */
export type Difference = string;

interface ScopeKind {
  readonly kind: string;
  readonly owner: string;
  readonly value: string;
  readonly perSlot: boolean;
}

const USER = "coalesce(e.user_id, '')";
const KEY = "coalesce(e.key_id, '')";
const MODEL = "coalesce(e.model, '')";
const PROVIDER = "coalesce(e.provider, '')";

/** The same kinds as slotScopes and dayScopes in usage-scopes.ts; a test holds them together. */
export const SCOPE_KINDS: readonly ScopeKind[] = [
  { kind: 'all', owner: "''", value: "''", perSlot: true },
  { kind: 'user', owner: "''", value: USER, perSlot: true },
  { kind: 'key', owner: "''", value: KEY, perSlot: true },
  { kind: 'model', owner: "''", value: MODEL, perSlot: true },
  { kind: 'provider', owner: "''", value: PROVIDER, perSlot: true },
  { kind: 'tag', owner: "''", value: 't.value', perSlot: true },
  { kind: 'user_key', owner: USER, value: KEY, perSlot: false },
  { kind: 'user_model', owner: USER, value: MODEL, perSlot: false },
  { kind: 'user_provider', owner: USER, value: PROVIDER, perSlot: false },
  { kind: 'user_tag', owner: USER, value: 't.value', perSlot: false },
  { kind: 'key_model', owner: KEY, value: MODEL, perSlot: false },
  { kind: 'key_provider', owner: KEY, value: PROVIDER, perSlot: false },
  { kind: 'key_tag', owner: KEY, value: 't.value', perSlot: false },
];

export interface VerifyOptions {
  /** Told after each check, for a progress bar. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Empty when every counter equals its rows. Takes a minute per million rows. */
export async function verifyUsage(db: Db, options: VerifyOptions = {}): Promise<Difference[]> {
  const { onProgress = () => {} } = options;
  return db.connection().execute(async (connection) => {
    await sql`BEGIN`.execute(connection);
    try {
      const found = await verifyAttempts(connection);
      const checks = SCOPE_KINDS.flatMap((kind) =>
        kind.perSlot ? [kind, { ...kind, perSlot: false }] : [kind],
      );
      for (const [at, kind] of checks.entries()) {
        onProgress(at + 1, checks.length + 2);
        found.push(...(await verifyKind(connection, kind)));
      }
      onProgress(checks.length + 1, checks.length + 2);
      found.push(...(await verifyMonths(connection)));
      onProgress(checks.length + 2, checks.length + 2);
      return found;
    } finally {
      await sql`COMMIT`.execute(connection);
    }
  });
}

interface Mismatch {
  /** Null where no counter of that name is kept. */
  readonly kind: string | null;
  readonly owner: string | null;
  readonly value: string | null;
  readonly bucket_ms: number;
  readonly [counter: string]: unknown;
}

async function verifyKind(db: Db, kind: ScopeKind): Promise<Difference[]> {
  const table = kind.perSlot ? 'usage_slots' : 'usage_days';
  const horizonMs = Math.max(0, await prunedBeforeMs(db));
  const kept = sql`(SELECT r.* FROM ${sql.table(table)} r JOIN usage_scopes s ON s.id = r.scope_id
    WHERE s.kind = ${kind.kind} AND r.bucket_ms >= ${horizonMs})`;
  const found = await mismatches(db, countedFromRows(kind, horizonMs), kept);
  return found.flatMap((row) => describe(row, { table, source: 'rows' }));
}

/** Days are kept for ever, so all months are judged, those of pruned rows too. */
async function verifyMonths(db: Db): Promise<Difference[]> {
  const counted = sql`SELECT scope_id, month_ms AS bucket_ms, ${COUNTER_SUMS} FROM (
    SELECT ${MONTH_OF_BUCKET} AS month_ms, * FROM usage_days) AS every_day GROUP BY scope_id, month_ms`;
  const found = await mismatches(db, counted, sql`usage_months`);
  return found.flatMap((row) => describe(row, { table: 'usage_months', source: 'days' }));
}

/**
 * Where a table of counters differs from what was counted anew, either way round. Both are laid together and summed: of joins,
 * SQLite runs one side through all of the other when it takes it for small, and a year has 35,000 quarters of an hour.
 */
async function mismatches(
  db: Db,
  counted: RawBuilder<unknown>,
  kept: RawBuilder<unknown>,
): Promise<readonly Mismatch[]> {
  const numbersOf = (side: 'kept' | 'counted', value: (name: string) => RawBuilder<unknown>) =>
    sql.join(COUNTER_NAMES.map((name) => sql`${value(name)} AS ${sql.ref(`${side}_${name}`)}`));
  const own = (name: string) => sql.ref(name);
  const none = () => sql.lit(0);
  const sums = COUNTER_NAMES.flatMap((name) =>
    [`kept_${name}`, `counted_${name}`].map((each) => sql`sum(${sql.ref(each)}) AS ${sql.ref(each)}`),
  );
  const differs = COUNTER_NAMES.map(
    (name) => sql`${sql.ref(`kept_${name}`)} <> ${sql.ref(`counted_${name}`)}`,
  );
  const names = ['kind', 'owner', 'value'].map(
    (name) => sql`(SELECT ${sql.ref(name)} FROM usage_scopes WHERE id = scope_id) AS ${sql.ref(name)}`,
  );
  const result = await sql<Mismatch>`
    WITH laid_together AS (
      SELECT scope_id, bucket_ms, ${numbersOf('kept', own)}, ${numbersOf('counted', none)} FROM ${kept} AS kept
      UNION ALL
      SELECT scope_id, bucket_ms, ${numbersOf('kept', none)}, ${numbersOf('counted', own)} FROM (${counted}) AS counted
    ), summed AS (
      SELECT scope_id, bucket_ms, ${sql.join(sums)} FROM laid_together GROUP BY scope_id, bucket_ms
    )
    SELECT *, ${sql.join(names)} FROM summed WHERE ${sql.join(differs, sql` OR `)} LIMIT ${DIFFERENCES_MAX}
  `.execute(db);
  return result.rows;
}

function countedFromRows(kind: ScopeKind, horizonMs: number): RawBuilder<unknown> {
  const bucketMs = sql.lit(kind.perSlot ? SLOT_MS : DAY_MS);
  const from = kind.kind.endsWith('tag') ? USAGE_WITH_TAGS : sql`usage_events e`;
  return sql`
    SELECT scope_id, bucket_ms, ${COUNTER_SUMS} FROM (
      SELECT coalesce(own.id, other.id) AS scope_id, (e.time_ms / ${bucketMs}) * ${bucketMs} AS bucket_ms, ${ROW_COUNTERS}
      FROM ${from}
      LEFT JOIN usage_scopes own ON own.kind = ${kind.kind} AND own.owner = ${sql.raw(kind.owner)}
        AND own.value = ${sql.raw(kind.value)}
      LEFT JOIN usage_scopes other ON other.kind = ${kind.kind} AND other.owner = '' AND other.value = '(other)'
      WHERE e.time_ms >= ${horizonMs}
    ) AS every_row GROUP BY scope_id, bucket_ms`;
}

function describe(row: Mismatch, facts: { readonly table: string; readonly source: string }): Difference[] {
  const { table, source } = facts;
  const owner = row.owner ? ` of ${row.owner}` : '';
  const where = `${table}, ${row.kind ?? 'a name'} '${row.value ?? '(no counter)'}'${owner}, ${new Date(row.bucket_ms).toISOString()}`;
  return COUNTER_NAMES.filter((name) => (row[`kept_${name}`] ?? 0) !== (row[`counted_${name}`] ?? 0)).map(
    (name) =>
      `${where}: ${name} is ${row[`kept_${name}`] ?? 0}, the ${source} say ${row[`counted_${name}`] ?? 0}`,
  );
}

const SUMMED = ['prompt_tokens', 'completion_tokens', 'cost_nano_usd'] as const;

/**
 * What was billed must be the sum of what each attempt used. Imported rows have no attempts. One that lies in the row of its
 * event used what the event did, and has no row of its own besides.
 */
async function verifyAttempts(db: Db): Promise<Difference[]> {
  const isLone = sql`(e.attempt_started_ms IS NOT NULL)`;
  const sums = SUMMED.map((name) => {
    const billed = sql`coalesce(${sql.ref(`e.${name}`)}, 0)`;
    return sql`${billed} AS ${sql.ref(name)},
      coalesce(sum(${sql.ref(`a.${name}`)}), 0) + CASE WHEN ${isLone} THEN ${billed} ELSE 0 END AS ${sql.ref(`found_${name}`)}`;
  });
  const differs = ['attempts', ...SUMMED].map((name) => sql`${sql.ref(name)} <> ${sql.ref(`found_${name}`)}`);
  const result = await sql<Record<string, string | number | null>>`
    SELECT * FROM (
      SELECT e.id AS id, e.attempts AS attempts,
        count(a.id) + CASE WHEN ${isLone} THEN 1 ELSE 0 END AS found_attempts, ${sql.join(sums)}
      FROM usage_events e LEFT JOIN usage_attempt_rows a ON a.event_id = e.id
      WHERE e.attempts > 0 GROUP BY e.id
    ) AS summed WHERE ${sql.join(differs, sql` OR `)} LIMIT ${DIFFERENCES_MAX}
  `.execute(db);
  return result.rows.flatMap((row) =>
    ['attempts', ...SUMMED]
      .filter((name) => row[name] !== row[`found_${name}`])
      .map(
        (name) =>
          `usage_events, ${row.id}: ${name} is ${row[name]}, its attempts say ${row[`found_${name}`]}`,
      ),
  );
}
