// The explorer's table: use split by one dimension, or by a pair of those that are counted together (PAIRS in
// usage-scopes.ts). A pair is looked into for its largest owners, a bounded number of them, and the page says so.
import type { TimeRange } from '../../core/time-zone.ts';
import type { Store } from '../../store/open-store.ts';
import { type Dimension, type Pair, pairOf } from '../../store/usage-scopes.ts';
import { type SplitSubject, usageCrossing } from '../../store/usage-shares.ts';
import type { ExplorerRow } from './usage-page.tsx';
import { readNames, type ShareReader, toCounters } from './usage-source.ts';

/** Users or keys looked into for one table. */
export const OWNERS_MAX = 20;
export const ROWS_MAX = 2_000;

export interface TableQuestion {
  /** Of the same range, at most ROWS_MAX of each. */
  readonly sharesOf: ShareReader;
  readonly range: TimeRange;
  /** The house or one person. */
  readonly subject: SplitSubject;
  readonly only: { readonly kind: Dimension; readonly value: string } | null;
  readonly by: Dimension;
  readonly and: Dimension | null;
}

export interface TableAnswer {
  readonly rows: readonly ExplorerRow[];
  /** What is not in it, in words; null when all is. */
  readonly note: string | null;
}

export async function readUsageTable(store: Store, question: TableQuestion): Promise<TableAnswer> {
  const { only, by, and } = question;
  const pair = and === null ? null : pairOf(by, and);
  if (only !== null || pair === null) return split(question);
  return crossed(store, question, pair);
}

async function split({ sharesOf, subject, only, by, and }: TableQuestion): Promise<TableAnswer> {
  const shares = await sharesOf(only ?? subject, by);
  const rows = shares.map((share) => ({ first: share.name, second: null, counters: share.counters }));
  return { rows, note: and === null ? null : 'Narrowed to one of these, it can be split one way only.' };
}

async function crossed(store: Store, question: TableQuestion, pair: Pair): Promise<TableAnswer> {
  const { sharesOf, subject, range, by } = question;
  const all = await sharesOf(subject, pair.owner);
  const owners = all.slice(0, OWNERS_MAX);
  const asked = { pair, owners: owners.map((owner) => owner.id), ...range, limit: ROWS_MAX };
  const { rows } = await usageCrossing(store.read, asked);
  const ownerNames = new Map(owners.map((owner) => [owner.id, owner.name]));
  const valueNames = await readNames(store, { by: pair.of, ids: [...new Set(rows.map((row) => row.value))] });
  const told = rows.map((row): ExplorerRow => {
    const owner = ownerNames.get(row.owner) ?? row.owner;
    const value = valueNames.get(row.value) ?? row.value;
    const [first, second] = by === pair.owner ? [owner, value] : [value, owner];
    return { first, second, counters: toCounters(row) };
  });
  const isPart = all.length > OWNERS_MAX;
  const note = `Of the ${OWNERS_MAX} ${pair.owner}s that spent most. The CSV has the same rows.`;
  return { rows: told, note: isPart ? note : null };
}
