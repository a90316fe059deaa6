// How long the drain's inserts take into a store with millions of rows: alone, and beside whatever else wants the database.
// Requests wait for none of them: their events are in the journal by then.
import { join } from 'node:path';
import { applyRetention } from '../../src/services/apply-retention.ts';
import type { Store } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { eventAt, type Filled } from './fill-store.ts';
import type { OverviewQuery } from './queries.ts';
import { tell } from './verdicts.ts';

const PAUSE_MS_MAX = 50;
/** SQLite asks for a lock again after a tenth of a second at the most. */
const LOCK_ASKED_MS = 100;
const ALONE_MS = 10_000;
const BESIDE_QUERIES_MS = 20_000;
const KEPT_DAYS = 335;
const BATCH = 20;
const BUN = join(import.meta.dir, '../../bin/bun');

interface Inserts {
  readonly count: number;
  readonly longestMs: number;
  readonly medianMs: number;
}

export interface MeasuredStore {
  readonly store: Store;
  readonly path: string;
  readonly filled: Filled;
  /** Events it holds; those that follow have higher numbers. */
  readonly rows: number;
}

/** The last of it leaves a database that the product refuses: it says that a newer one wrote it. */
export async function measureInserts(
  measured: MeasuredStore,
  queries: readonly OverviewQuery[],
): Promise<void> {
  const insertWhile = createInserter(measured);
  const alone = await insertWhile(until(ALONE_MS));
  await besideQueries(queries, insertWhile, alone);
  await besidePrune(measured, insertWhile, alone);
  await besideMigration(measured, insertWhile);
}

type InsertWhile = (goesOn: () => boolean) => Promise<Inserts>;

/** As the drain does it: a batch every few milliseconds, each after the one before. */
function createInserter({ store, filled, rows }: MeasuredStore): InsertWhile {
  let next = rows;
  return async (goesOn) => {
    const tookMs: number[] = [];
    while (goesOn()) {
      const events = Array.from({ length: BATCH }, () => eventAt(next++, filled.untilMs));
      const started = performance.now();
      await insertUsageEvents(store, events);
      tookMs.push(performance.now() - started);
      await Bun.sleep(2);
    }
    tookMs.sort((a, b) => a - b);
    return {
      count: tookMs.length,
      longestMs: tookMs.at(-1) ?? 0,
      medianMs: tookMs[tookMs.length >> 1] ?? 0,
    };
  };
}

function until(durationMs: number): () => boolean {
  const endMs = performance.now() + durationMs;
  return () => performance.now() < endMs;
}

/** One dashboard query after another, as fast as they are answered. */
async function besideQueries(
  queries: readonly OverviewQuery[],
  insertWhile: InsertWhile,
  alone: Inserts,
): Promise<void> {
  const goesOn = until(BESIDE_QUERIES_MS);
  let asked = 0;
  const asking = (async () => {
    while (goesOn()) {
      for (const { ask } of queries) await ask();
      asked += queries.length;
    }
  })();
  const beside = await insertWhile(goesOn);
  await asking;
  console.log(`${asked} queries beside ${beside.count} inserts`);
  tellInserts('during dashboard queries', beside, alone);
}

async function besidePrune(
  { store, filled }: MeasuredStore,
  insertWhile: InsertWhile,
  alone: Inserts,
): Promise<void> {
  const clock = { nowMs: () => filled.untilMs, monotonicMs: () => performance.now() };
  let pruning = true;
  const prune = applyRetention({ store, clock, retentionDays: KEPT_DAYS }).finally(() => {
    pruning = false;
  });
  const beside = await insertWhile(() => pruning);
  const { deleted, longestBiteMs } = await prune;
  console.log(
    `pruned ${deleted} rows beside ${beside.count} inserts; longest bite ${longestBiteMs.toFixed(1)} ms`,
  );
  tellInserts('during a prune', beside, alone);
}

function tellInserts(during: string, beside: Inserts, alone: Inserts): void {
  for (const [which, name] of [
    ['longest', 'longestMs'],
    ['median', 'medianMs'],
  ] as const) {
    const value = `${beside[name].toFixed(1)} ms (alone ${alone[name].toFixed(1)})`;
    const met = beside[name] < PAUSE_MS_MAX;
    tell({ what: `${which} insert ${during}`, value, bar: `< ${PAUSE_MS_MAX} ms`, met });
  }
}

/** A newer Tollgate starts on the same file and builds an index over all rows: inserts wait for it, and none is refused. */
async function besideMigration({ path }: MeasuredStore, insertWhile: InsertWhile): Promise<void> {
  const child = Bun.spawn([BUN, join(import.meta.dir, 'migrate-beside.ts'), path], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  let migrating = true;
  const ended = child.exited.finally(() => {
    migrating = false;
  });
  const beside = await insertWhile(() => migrating);
  const tookMs = Number(await new Response(child.stdout).text());
  if ((await ended) !== 0 || !(tookMs > 0)) throw new Error('the migration failed');
  tell({
    what: 'longest insert during a migration by another process',
    value: `${beside.longestMs.toFixed(0)} ms (it took ${tookMs.toFixed(0)})`,
    bar: '<= the migration',
    met: beside.longestMs <= tookMs + LOCK_ASKED_MS,
  });
}
