// The explorer's table: use split by one dimension or by two. Crossing two works through owners (users or keys),
// because the roll-ups are kept by owner; how many are looked into is bounded, and the page says so.
import type { TimeRange } from '../../core/time-zone.ts';
import type { Store } from '../../store/open-store.ts';
import type { Dimension, SplitSubject } from '../../store/usage-reading.ts';
import type { ExplorerRow } from './usage-page.tsx';
import { type NamedShare, readShares } from './usage-source.ts';

/** Users or keys looked into for one table. */
export const OWNERS_MAX = 20;
const ROWS_MAX = 2_000;

export interface TableQuestion {
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
  if (only?.kind === 'user' || only?.kind === 'key') {
    return splitOf(store, { ...question, subject: { kind: only.kind, value: only.value } });
  }
  if (only) return shareInOwners(store, question, { kind: only.kind, value: only.value });
  if (and === null) return splitOf(store, question);
  const owner = ownerDimension(by, and);
  return owner === null ? splitOf(store, question) : crossed(store, question, owner);
}

function ownerDimension(by: Dimension, and: Dimension): 'user' | 'key' | null {
  if (by === 'key' || and === 'key') return 'key';
  return by === 'user' || and === 'user' ? 'user' : null;
}

async function splitOf(store: Store, question: TableQuestion): Promise<TableAnswer> {
  const { subject, range, by } = question;
  const shares = await readShares(store, { subject, ...range, by, limit: ROWS_MAX });
  const rows = shares.map((share) => ({ first: share.name, second: null, counters: share.counters }));
  return {
    rows,
    note: question.and === null ? null : 'Narrowed to one of these, it can be split one way only.',
  };
}

/** How much of one model, provider or tag each user or key used. */
async function shareInOwners(
  store: Store,
  question: TableQuestion,
  only: { readonly kind: Dimension; readonly value: string },
): Promise<TableAnswer> {
  const owner = question.by === 'key' ? 'key' : 'user';
  const { owners, note } = await ownersOf(store, question, owner);
  const rows = await Promise.all(
    owners.map(async (each) => {
      const inside = await sharesInside(store, question, { owner, id: each.id, by: only.kind });
      const found = inside.find((share) => share.id === only.value);
      return found ? [{ first: each.name, second: null, counters: found.counters }] : [];
    }),
  );
  return { rows: rows.flat(), note };
}

async function crossed(store: Store, question: TableQuestion, owner: 'user' | 'key'): Promise<TableAnswer> {
  const { by, and } = question;
  const other = by === owner ? and : by;
  if (other === null) return splitOf(store, question);
  const { owners, note } = await ownersOf(store, question, owner);
  const rows = await Promise.all(
    owners.map(async (each) => {
      const inside = await sharesInside(store, question, { owner, id: each.id, by: other });
      return inside.map((share) => ({
        first: by === owner ? each.name : share.name,
        second: by === owner ? share.name : each.name,
        counters: share.counters,
      }));
    }),
  );
  return { rows: rows.flat().slice(0, ROWS_MAX), note };
}

async function ownersOf(
  store: Store,
  { subject, range }: TableQuestion,
  by: 'user' | 'key',
): Promise<{ owners: readonly NamedShare[]; note: string | null }> {
  const all = await readShares(store, { subject, ...range, by, limit: OWNERS_MAX + 1 });
  const note =
    all.length > OWNERS_MAX
      ? `Of the ${OWNERS_MAX} ${by}s that spent most. The CSV has the same rows.`
      : null;
  return { owners: all.slice(0, OWNERS_MAX), note };
}

function sharesInside(
  store: Store,
  { range }: TableQuestion,
  facts: { readonly owner: 'user' | 'key'; readonly id: string; readonly by: Dimension },
): Promise<readonly NamedShare[]> {
  const subject: SplitSubject = { kind: facts.owner, value: facts.id };
  return readShares(store, { subject, ...range, by: facts.by, limit: ROWS_MAX });
}
