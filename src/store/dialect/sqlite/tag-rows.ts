// One row per tag of a usage event: JSON is taken apart differently by each database.
import { type RawBuilder, sql } from 'kysely';

/** A FROM clause of `usage_events e` with each of its tags as `t.value`. */
export const USAGE_WITH_TAGS: RawBuilder<unknown> = sql`usage_events e, json_each(e.tags) t`;
