// Reads by many ids in several queries, each below SQLite's bound on parameters.

/** Ids asked for at once. */
const IDS_PER_QUERY = 500;

/** All rows that `read` finds for the ids, part by part. */
export async function readInParts<Row>(
  ids: readonly string[],
  read: (part: readonly string[]) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let at = 0; at < ids.length; at += IDS_PER_QUERY) {
    rows.push(...(await read(ids.slice(at, at + IDS_PER_QUERY))));
  }
  return rows;
}
