// Searching for a part of a text. The pattern characters of LIKE mean themselves: `%` must not match everything.
import { type RawBuilder, sql } from 'kysely';

export function containsText(column: string, part: string): RawBuilder<boolean> {
  const pattern = `%${part.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  return sql<boolean>`${sql.ref(column)} LIKE ${pattern} ESCAPE '\\'`;
}
