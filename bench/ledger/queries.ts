// The overview queries of the dashboard over a year of usage, each with its time.
import type { Store } from '../../src/store/open-store.ts';
import { usageTotals } from '../../src/store/usage-reading.ts';
import { DIMENSIONS, PAIRS } from '../../src/store/usage-scopes.ts';
import { usageSeries } from '../../src/store/usage-series.ts';
import { usageCrossing, usageShares } from '../../src/store/usage-shares.ts';
import type { Filled } from './fill-store.ts';
import { tell } from './verdicts.ts';

const DAY_MS = 86_400_000;
const QUERY_MS_MAX = 100;
const ROUNDS = 7;

export interface OverviewQuery {
  readonly what: string;
  readonly ask: () => Promise<unknown>;
}

/** What the overview and the explorer ask, of the house and of one user, in ranges that begin and end anywhere. */
export async function overviewQueries(
  store: Store,
  { sinceMs, untilMs }: Filled,
): Promise<readonly OverviewQuery[]> {
  const all = { kind: 'all' } as const;
  const user = { kind: 'user', value: 'usr_3' } as const;
  const month = { sinceMs: untilMs - 30 * DAY_MS, untilMs };
  const year = { sinceMs, untilMs };
  const timeZone = 'Asia/Kathmandu';
  const totals = (what: string, range: Parameters<typeof usageTotals>[1]): OverviewQuery => ({
    what,
    ask: () => usageTotals(store.read, range),
  });
  const series = (what: string, range: Parameters<typeof usageSeries>[1]): OverviewQuery => ({
    what,
    ask: () => usageSeries(store.read, range),
  });
  const shares = (what: string, range: Parameters<typeof usageShares>[1]): OverviewQuery => ({
    what,
    ask: () => usageShares(store.read, range),
  });
  const queries = [
    totals('totals of the house, a year', { subject: all, ...year }),
    series('days of the house, a year, Kathmandu', { subject: all, ...year, step: 'day', timeZone }),
    series('days of the house, a month', { subject: all, ...month, step: 'day', timeZone }),
    series('hours of the house, a month', { subject: all, ...month, step: 'hour', timeZone }),
    totals('totals of a user, a year', { subject: user, ...year }),
    series('days of a user, a year', { subject: user, ...year, step: 'day', timeZone }),
  ];
  for (const by of DIMENSIONS) {
    queries.push(shares(`house by ${by}, a year`, { subject: all, ...year, by }));
    if (by !== 'user') queries.push(shares(`a user by ${by}, a year`, { subject: user, ...year, by }));
  }
  const ragged = { sinceMs: sinceMs + 17.3 * DAY_MS, untilMs: untilMs - 17.3 * DAY_MS };
  for (const pair of PAIRS) {
    const { rows } = await usageShares(store.read, { subject: all, ...year, by: pair.owner, limit: 20 });
    const owners = rows.map((row) => row.value);
    const cross = (range: typeof year) => () =>
      usageCrossing(store.read, { pair, owners, ...range, limit: 2_000 });
    queries.push({ what: `20 ${pair.owner}s crossed by ${pair.of}, a year`, ask: cross(year) });
    queries.push({ what: `20 ${pair.owner}s crossed by ${pair.of}, ragged`, ask: cross(ragged) });
  }
  return queries;
}

export async function measureQueries(queries: readonly OverviewQuery[]): Promise<void> {
  for (const { what, ask } of queries) {
    const times: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const started = performance.now();
      await ask();
      times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    const [median, slowest] = [times[ROUNDS >> 1] ?? 0, times.at(-1) ?? 0];
    const value = `${median.toFixed(1)} ms (max ${slowest.toFixed(1)})`;
    tell({ what, value, bar: `< ${QUERY_MS_MAX} ms median`, met: median < QUERY_MS_MAX });
  }
}
