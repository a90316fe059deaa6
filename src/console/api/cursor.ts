// Cursors of pages: where the last page ended, opaque to the caller. A cursor grants nothing: filters are asked again.
import { asArray, parseJson } from '../../lib/json.ts';
import { ValidationFault } from './api-error.ts';

export interface CursorPlace {
  readonly createdMs: number;
  readonly id: string;
}

export function writeCursor(place: CursorPlace): string {
  return Buffer.from(JSON.stringify([place.createdMs, place.id])).toString('base64url');
}

/** Throws ValidationFault for a cursor that no answer of ours contained. */
export function readCursor(text: string | undefined): CursorPlace | undefined {
  if (text === undefined) return undefined;
  const parts = asArray(parseJson(Buffer.from(text, 'base64url').toString('utf8')));
  const [createdMs, id] = parts ?? [];
  if (typeof createdMs === 'number' && Number.isSafeInteger(createdMs) && typeof id === 'string') {
    return { createdMs, id };
  }
  throw new ValidationFault([
    {
      type: 'cursor',
      loc: ['query', 'cursor'],
      msg: 'Not a cursor of this list; take next_cursor of an answer',
    },
  ]);
}

/** Cuts rows fetched with one more than `limit` to the page and its cursor; null on the last page. */
export function cutPage<T extends { readonly id: string; readonly created_ms: number }>(
  rows: readonly T[],
  limit: number,
): { readonly page: readonly T[]; readonly nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { page, nextCursor: more ? writeCursor({ createdMs: last.created_ms, id: last.id }) : null };
}
