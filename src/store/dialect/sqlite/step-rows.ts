// Steps of a series as rows: a list handed over as one JSON text, so that the statement stays the same however many there are.
import { type RawBuilder, sql } from 'kysely';

/** A SELECT of `step`, `since_ms`, `until_ms` and `sign` out of a list of such quadruples. */
export function stepRows(steps: readonly (readonly [number, number, number, number])[]): RawBuilder<unknown> {
  return sql`SELECT value ->> 0 AS step, value ->> 1 AS since_ms, value ->> 2 AS until_ms, value ->> 3 AS sign
    FROM json_each(${JSON.stringify(steps)})`;
}
