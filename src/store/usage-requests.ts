// Reads single requests for people: a page of them by filters, and one with its attempts. Sums are usage-reading.ts.
import type { Kysely } from 'kysely';
import type { Outcome } from '../core/usage-event.ts';
import type { StoreSchema } from './schema.ts';
import type { UsageAttemptRow, UsageEventRow } from './usage-listing.ts';
import { EVENT_COLUMNS } from './usage-row.ts';

type Db = Kysely<StoreSchema>;

export interface RequestFilter {
  /** Only this user's; undefined for the house. */
  readonly userId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly model?: string | undefined;
  readonly outcome?: Outcome | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Our id of a request, or the client's. */
  readonly id?: string | undefined;
  /** Only requests older than this one, in (time, id) order. */
  readonly before?: { readonly timeMs: number; readonly id: string } | undefined;
  readonly limit: number;
}

const LISTED = [
  'id',
  'time_ms',
  'user_id',
  'key_id',
  'model',
  'model_asked',
  'status',
  'outcome',
  'provenance',
  'prompt_tokens',
  'completion_tokens',
  'cost_nano_usd',
  'unpriced',
  'duration_ms',
  'attempts',
] as const;

export type ListedRequest = Pick<UsageEventRow, (typeof LISTED)[number]>;

/** Newest first. A filter by model or outcome walks the time index, so callers bound it by dates. */
export async function listRequests(db: Db, filter: RequestFilter): Promise<ListedRequest[]> {
  let query = db
    .selectFrom('usage_events')
    .select(LISTED)
    .orderBy('time_ms', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit);
  const { userId, keyId, model, outcome, sinceMs, untilMs, id, before } = filter;
  if (userId !== undefined) query = query.where('user_id', '=', userId);
  if (keyId !== undefined) query = query.where('key_id', '=', keyId);
  if (model !== undefined) query = query.where('model', '=', model);
  if (outcome !== undefined) query = query.where('outcome', '=', outcome);
  if (sinceMs !== undefined) query = query.where('time_ms', '>=', sinceMs);
  if (untilMs !== undefined) query = query.where('time_ms', '<', untilMs);
  if (id !== undefined) query = query.where('id', '=', id);
  if (before) {
    query = query
      .where('time_ms', '<=', before.timeMs)
      .where((eb) => eb.or([eb('time_ms', '<', before.timeMs), eb('id', '<', before.id)]));
  }
  return query.execute();
}

/** One request with its attempts in order, or null. */
export async function findRequest(
  db: Db,
  id: string,
): Promise<{ readonly event: UsageEventRow; readonly attempts: readonly UsageAttemptRow[] } | null> {
  const event = await db
    .selectFrom('usage_events')
    .select(EVENT_COLUMNS)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!event) return null;
  const attempts = await db
    .selectFrom('usage_attempts')
    .selectAll()
    .where('event_id', '=', id)
    .orderBy('ordinal')
    .execute();
  return { event, attempts };
}
