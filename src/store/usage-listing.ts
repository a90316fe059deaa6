// Usage rows one by one: pages for people and for exports, and one request with its attempts. Pages by key, never by offset.
import type { Kysely, Selectable, SelectQueryBuilder } from 'kysely';
import { containsText } from './contains-text.ts';
import type { StoreSchema } from './schema.ts';
import { EVENT_COLUMNS } from './usage-row.ts';
import type { UsageAttemptTable, UsageEventTable } from './usage-schema.ts';

type Db = Kysely<StoreSchema>;
export type UsageEventRow = Pick<Selectable<UsageEventTable>, (typeof EVENT_COLUMNS)[number]>;
export type UsageAttemptRow = Selectable<UsageAttemptTable>;

export interface UsageFilter {
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly userId?: string | undefined;
  readonly keyId?: string | undefined;
  /** As counted, `provider/model`. */
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly outcome?: UsageEventRow['outcome'] | undefined;
  readonly tag?: string | undefined;
  /** Part of a request id, a model name or an error text. */
  readonly text?: string | undefined;
}

/** Where a page ended: the last row's time and id. */
export interface UsageCursor {
  readonly timeMs: number;
  readonly id: string;
}

export interface UsagePage {
  readonly filter: UsageFilter;
  readonly limit: number;
  readonly after?: UsageCursor | undefined;
  readonly order: 'newest' | 'oldest';
}

export async function listUsage(
  db: Db,
  { filter, limit, after, order }: UsagePage,
): Promise<UsageEventRow[]> {
  const direction = order === 'newest' ? 'desc' : 'asc';
  const beyond = order === 'newest' ? '<' : '>';
  let query = filtered(db.selectFrom('usage_events').select(EVENT_COLUMNS), filter)
    .orderBy('time_ms', direction)
    .orderBy('id', direction)
    .limit(limit);
  if (after) {
    // The plain comparison of times comes first: it is what the index can use.
    query = query
      .where('time_ms', order === 'newest' ? '<=' : '>=', after.timeMs)
      .where((eb) => eb.or([eb('time_ms', beyond, after.timeMs), eb('id', beyond, after.id)]));
  }
  return query.execute();
}

export async function countUsage(db: Db, filter: UsageFilter): Promise<number> {
  const query = db.selectFrom('usage_events').select((eb) => eb.fn.countAll<number>().as('rows'));
  return (await filtered(query, filter).executeTakeFirstOrThrow()).rows;
}

function filtered<T>(
  query: SelectQueryBuilder<StoreSchema, 'usage_events', T>,
  filter: UsageFilter,
): SelectQueryBuilder<StoreSchema, 'usage_events', T> {
  let narrowed = query;
  if (filter.sinceMs !== undefined) narrowed = narrowed.where('time_ms', '>=', filter.sinceMs);
  if (filter.untilMs !== undefined) narrowed = narrowed.where('time_ms', '<', filter.untilMs);
  if (filter.userId !== undefined) narrowed = narrowed.where('user_id', '=', filter.userId);
  if (filter.keyId !== undefined) narrowed = narrowed.where('key_id', '=', filter.keyId);
  if (filter.model !== undefined) narrowed = narrowed.where('model', '=', filter.model);
  if (filter.provider !== undefined) narrowed = narrowed.where('provider', '=', filter.provider);
  if (filter.outcome !== undefined) narrowed = narrowed.where('outcome', '=', filter.outcome);
  // Tags are a JSON list of strings, so a tag stands in it between quotes.
  if (filter.tag !== undefined) narrowed = narrowed.where(containsText('tags', JSON.stringify(filter.tag)));
  const { text } = filter;
  if (text !== undefined) {
    const columns = ['id', 'request_id', 'model', 'model_asked', 'error_message'];
    narrowed = narrowed.where((eb) => eb.or(columns.map((column) => containsText(column, text))));
  }
  return narrowed;
}
