// Writes a batch of usage events, their attempts and their roll-ups in one transaction, each event exactly once.
// Runs on the writer's thread with prepared statements: the event loop never sees this work.
import type { Database, Statement } from 'bun:sqlite';
import type { UsageEvent } from '../../../core/usage-event.ts';
import { decodeUsageEvent } from '../../../core/usage-record.ts';
import { errorCode } from '../../../lib/error-code.ts';
import {
  ATTEMPT_COLUMNS,
  attemptCells,
  EVENT_COLUMNS,
  eventCells,
  LONE_ATTEMPT_COLUMNS,
  loneAttempt,
  loneAttemptCells,
  modelLabel,
} from '../../usage-row.ts';
import {
  COUNTER_NAMES,
  countersOf,
  DAY_MS,
  dayScopes,
  floorTo,
  monthStartMs,
  type Scope,
  SLOT_MS,
  slotScopes,
} from '../../usage-scopes.ts';

/**
 * More names than this under one kind are counted together: a caller can invent model names for ever.
 * Users and keys cannot be invented, and budgets begin from their counters after a restart: those are always apart.
 */
export const SCOPES_PER_KIND_MAX = 20_000;
const NEVER_TOGETHER: ReadonlySet<string> = new Set(['all', 'user', 'key']);
export const OTHER_SCOPE = '(other)';
/** Ids of scopes kept in memory: a scope never changes its id, and a busy house counts under the same few thousand. */
const SCOPE_IDS_MAX = 20_000;

export interface InsertReport {
  readonly inserted: number;
  /** Ids that were there already: harmless repeats of a replay. */
  readonly repeated: number;
  /** Positions in the batch that can never be stored, with the reason; the caller sets them aside. */
  readonly rejected: readonly { readonly index: number; readonly reason: string }[];
}

interface Statements {
  readonly event: Statement;
  readonly attempt: Statement;
  readonly dropEvent: Statement;
  readonly dropAttempts: Statement;
  readonly keyUsed: Statement;
  readonly findScope: Statement;
  readonly addScope: Statement;
  readonly countScopes: Statement;
  readonly slot: Statement;
  readonly day: Statement;
  readonly month: Statement;
  readonly scopeIds: Map<string, number>;
}

/** `event` stands for all of its group: they share every scope and bucket. */
type Groups = Map<string, { event: UsageEvent; counters: number[] }>;
type Totals = Map<string, { scope: Scope; bucketMs: number; counters: number[] }>;

const prepared = new WeakMap<Database, Statements>();

/** `json` is the UTF-8 text of a JSON array of usage events. Throws what SQLite throws when nothing could be written. */
export function insertUsage(db: Database, json: Uint8Array): InsertReport {
  return insertRecords(db, JSON.parse(new TextDecoder().decode(json)) as unknown[]);
}

/**
 * As insertUsage, for events that are parsed already, each in either form of core/usage-record.ts. Takes them one by one: a
 * source that parses each when it is asked for never holds a batch of them in memory.
 */
export function insertRecords(db: Database, records: Iterable<unknown>): InsertReport {
  const statements = prepared.get(db) ?? prepare(db);
  try {
    return db.transaction(() => insertAll(statements, records)).immediate();
  } catch (error) {
    // Scopes that were added have gone with the transaction.
    statements.scopeIds.clear();
    throw error;
  }
}

function insertAll(statements: Statements, records: Iterable<unknown>): InsertReport {
  const groups: Groups = new Map();
  const keysUsed = new Map<string, number>();
  const rejected: { index: number; reason: string }[] = [];
  let inserted = 0;
  let repeated = 0;
  let index = -1;
  for (const record of records) {
    index += 1;
    try {
      const event = decodeUsageEvent(record);
      const counters = countersOf(event);
      if (!insertOne(statements, event)) {
        repeated += 1;
        continue;
      }
      inserted += 1;
      gather(groups, event, counters);
      if (event.keyId) keysUsed.set(event.keyId, Math.max(event.timeMs, keysUsed.get(event.keyId) ?? 0));
    } catch (error) {
      if (!isTheRowsFault(error)) throw error;
      rejected.push({ index, reason: String((error as Error).message) });
    }
  }
  const slots: Totals = new Map();
  const days: Totals = new Map();
  for (const { event, counters } of groups.values()) addUp(slots, days, event, counters);
  writeSlots(statements, slots);
  writeDays(statements, days);
  for (const [keyId, timeMs] of keysUsed) statements.keyUsed.run(timeMs, keyId, timeMs);
  return { inserted, repeated, rejected };
}

/** False when its id is there already. Cells are bound as one list: spread into arguments they cost a third more. */
function insertOne(statements: Statements, event: UsageEvent): boolean {
  const lone = loneAttempt(event);
  const attempts = lone ? [] : event.attempts.map((attempt) => attemptCells(event.id, attempt));
  const cells = eventCells(event);
  cells.push(...loneAttemptCells(lone));
  if (statements.event.run(cells).changes === 0) return false;
  try {
    for (const each of attempts) statements.attempt.run(each);
  } catch (error) {
    // Half an event must not stay: rows and counters would differ.
    statements.dropAttempts.run(event.id);
    statements.dropEvent.run(event.id);
    throw error;
  }
  return true;
}

/** Events alike in all they are counted under are summed first: a batch holds many of few kinds. */
function gather(groups: Groups, event: UsageEvent, counters: number[]): void {
  const name = groupName(event);
  const known = groups.get(name);
  if (known) addCounters(known.counters, counters);
  else groups.set(name, { event, counters });
}

/** The model comes last: it is the caller's own text and may hold anything. Null and empty are counted alike. */
function groupName(event: UsageEvent): string {
  const { userId, keyId, provider, tags } = event;
  const tagText = tags.length === 0 ? '' : JSON.stringify(tags);
  const slotMs = floorTo(event.timeMs, SLOT_MS);
  return `${slotMs}\n${userId ?? ''}\n${keyId ?? ''}\n${provider ?? ''}\n${tagText}\n${modelLabel(event) ?? ''}`;
}

function addUp(slots: Totals, days: Totals, event: UsageEvent, counters: readonly number[]): void {
  const slotMs = floorTo(event.timeMs, SLOT_MS);
  const dayMs = floorTo(event.timeMs, DAY_MS);
  for (const scope of slotScopes(event)) {
    add(slots, scope, slotMs, counters);
    add(days, scope, dayMs, counters);
  }
  for (const scope of dayScopes(event)) add(days, scope, dayMs, counters);
}

function add(totals: Totals, scope: Scope, bucketMs: number, counters: readonly number[]): void {
  const name = `${scope.kind}\n${scope.owner}\n${scope.value}\n${bucketMs}`;
  const known = totals.get(name);
  if (!known) {
    totals.set(name, { scope, bucketMs, counters: [...counters] });
    return;
  }
  addCounters(known.counters, counters);
}

function addCounters(into: number[], counters: readonly number[]): void {
  for (let i = 0; i < counters.length; i++) into[i] = (into[i] ?? 0) + (counters[i] ?? 0);
}

function writeSlots(statements: Statements, slots: Totals): void {
  for (const { scope, bucketMs, counters } of slots.values()) {
    statements.slot.run([scopeId(statements, scope), bucketMs, ...counters]);
  }
}

/**
 * What is added to a day is added to its month: one more upsert per scope, however many events the batch holds. In the order
 * of the tables, so that scopes that share a page are written while it is at hand.
 */
function writeDays(statements: Statements, days: Totals): void {
  const rows = Array.from(days.values(), ({ scope, bucketMs, counters }) => ({
    id: scopeId(statements, scope),
    bucketMs,
    counters,
  })).sort((a, b) => a.id - b.id);
  for (const { id, bucketMs, counters } of rows) statements.day.run([id, bucketMs, ...counters]);
  for (const { id, bucketMs, counters } of rows) {
    statements.month.run([id, monthStartMs(bucketMs), ...counters]);
  }
}

/** A scope is looked up for its quarters and for its days in every batch: most of them are known from the one before. */
function scopeId(statements: Statements, scope: Scope): number {
  const { scopeIds } = statements;
  const name = `${scope.kind}\n${scope.owner}\n${scope.value}`;
  const known = scopeIds.get(name);
  if (known !== undefined) return known;
  const id = findOrAddScope(statements, scope);
  if (scopeIds.size >= SCOPE_IDS_MAX) scopeIds.clear();
  scopeIds.set(name, id);
  return id;
}

function findOrAddScope(statements: Statements, { kind, owner, value }: Scope): number {
  const found = statements.findScope.get(kind, owner, value) as { id: number } | null;
  if (found) return found.id;
  const { count, next } = statements.countScopes.get(kind) as { count: number; next: number };
  if (count >= SCOPES_PER_KIND_MAX && value !== OTHER_SCOPE && !NEVER_TOGETHER.has(kind)) {
    return findOrAddScope(statements, { kind, owner: '', value: OTHER_SCOPE });
  }
  statements.addScope.run(next, kind, owner, value);
  return next;
}

/** Constraint and binding errors belong to one row; everything else (busy, full, I/O) to the whole database. */
function isTheRowsFault(error: unknown): boolean {
  const code = errorCode(error);
  if (code?.startsWith('SQLITE_CONSTRAINT') || code === 'SQLITE_MISMATCH' || code === 'SQLITE_TOOBIG')
    return true;
  return error instanceof TypeError || error instanceof RangeError;
}

function prepare(db: Database): Statements {
  const statements: Statements = {
    event: db.prepare(
      `${insertSql('usage_events', [...EVENT_COLUMNS, ...LONE_ATTEMPT_COLUMNS])} ON CONFLICT (id) DO NOTHING`,
    ),
    attempt: db.prepare(insertSql('usage_attempt_rows', ATTEMPT_COLUMNS)),
    dropEvent: db.prepare('DELETE FROM usage_events WHERE id = ?'),
    dropAttempts: db.prepare('DELETE FROM usage_attempt_rows WHERE event_id = ?'),
    keyUsed: db.prepare(
      'UPDATE api_keys SET last_used_ms = ? WHERE id = ? AND coalesce(last_used_ms, 0) < ?',
    ),
    findScope: db.prepare('SELECT id FROM usage_scopes WHERE kind = ? AND owner = ? AND value = ?'),
    addScope: db.prepare('INSERT INTO usage_scopes (id, kind, owner, value) VALUES (?, ?, ?, ?)'),
    countScopes: db.prepare(
      `SELECT (SELECT count(*) FROM usage_scopes WHERE kind = ?) AS count,
        (SELECT coalesce(max(id), 0) + 1 FROM usage_scopes) AS next`,
    ),
    slot: db.prepare(upsertSql('usage_slots')),
    day: db.prepare(upsertSql('usage_days')),
    month: db.prepare(upsertSql('usage_months')),
    scopeIds: new Map(),
  };
  prepared.set(db, statements);
  return statements;
}

function insertSql(table: string, columns: readonly string[]): string {
  const marks = columns.map(() => '?').join(', ');
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`;
}

function upsertSql(table: string): string {
  const sums = COUNTER_NAMES.map((name) => `${name} = ${table}.${name} + excluded.${name}`).join(', ');
  const marks = COUNTER_NAMES.map(() => '?').join(', ');
  return `INSERT INTO ${table} (scope_id, bucket_ms, ${COUNTER_NAMES.join(', ')}) VALUES (?, ?, ${marks})
    ON CONFLICT (scope_id, bucket_ms) DO UPDATE SET ${sums}`;
}
