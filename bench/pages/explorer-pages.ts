// The usage explorer's pages for the bench: a year and more crossed by every pair of dimensions it offers, for the house
// and for one person, plain and narrowed to one value of each dimension; each to the end of today in UTC, and ragged: to the
// middle of a month on the clock of a zone between the hours, so that months, days and quarters of an hour are all cut.
import { DIMENSIONS, type Dimension, pairOf } from '../../src/store/usage-scopes.ts';

export interface BenchPage {
  readonly path: string;
  readonly timeZone: string;
}

/** Begins longer ago than the explorer shows, so that it shows all it can. */
const SINCE = '2020-01-01';
const RAGGED_ZONE = 'Asia/Kathmandu';
/** What the filled store has, by dimension. */
const VALUES: Readonly<Record<Dimension, string>> = {
  user: 'usr_0',
  key: 'key_0',
  model: 'openai/gpt-5',
  provider: 'openrouter',
  tag: 'team-0',
};

/** By name; the middle of the month is the last 15th before `nowMs`. */
export function explorerPages(nowMs: number): Record<string, BenchPage> {
  const pages: Record<string, BenchPage> = {};
  const add = (name: string, base: string, query: Record<string, string>) => {
    const path = `${base}?${new URLSearchParams({ ...query, since: SINCE })}`;
    pages[name] = { path, timeZone: 'UTC' };
    pages[`${name}, ragged`] = { path: `${path}&until=${lastMiddle(nowMs)}`, timeZone: RAGGED_ZONE };
  };
  for (const [by, and] of pairsOf(DIMENSIONS)) add(`house ${by} x ${and}`, '/ui/admin/usage', { by, and });
  for (const [by, and] of pairsOf(DIMENSIONS.filter((each) => each !== 'user'))) {
    add(`me ${by} x ${and}`, '/ui/usage', { by, and });
  }
  for (const kind of DIMENSIONS) {
    const only = `${kind}:${VALUES[kind]}`;
    for (const by of DIMENSIONS) add(`house ${by}, one ${kind}`, '/ui/admin/usage', { by, only });
  }
  add('house compared', '/ui/admin/usage', { by: 'model', and: 'user', compare: '1' });
  add('house as CSV', '/ui/admin/usage.csv', { by: 'key', and: 'model' });
  return pages;
}

function lastMiddle(nowMs: number): string {
  const at = new Date(nowMs);
  if (at.getUTCDate() <= 15) at.setUTCMonth(at.getUTCMonth() - 1, 15);
  else at.setUTCDate(15);
  return at.toISOString().slice(0, 10);
}

/** Every ordered pair that the explorer offers. */
function pairsOf(dimensions: readonly Dimension[]): (readonly [Dimension, Dimension])[] {
  return dimensions.flatMap((by) =>
    dimensions.filter((and) => pairOf(by, and) !== null).map((and) => [by, and] as const),
  );
}
