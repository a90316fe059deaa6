// The UTC month of a bucket as SQL: calendars are written differently by each database. The same as monthStartMs.
import { type RawBuilder, sql } from 'kysely';

export const MONTH_OF_BUCKET: RawBuilder<number> = sql`unixepoch(bucket_ms / 1000, 'unixepoch', 'start of month') * 1000`;
