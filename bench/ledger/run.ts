// `npm run bench:ledger`: the ledger's promises in figures. Fills a store with three million events (LEDGER_ROWS), then
// measures overview queries, inserts beside a prune, an export's memory, and the journal's cost per request.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { UsageEvent } from '../../src/core/usage-event.ts';
import { encodeUsageEvent } from '../../src/core/usage-record.ts';
import { JOURNAL_DEFAULTS, Journal } from '../../src/ledger/journal.ts';
import { silentLog } from '../../src/lib/log.ts';
import { applyRetention } from '../../src/services/apply-retention.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { usageTotals } from '../../src/store/usage-reading.ts';
import { DIMENSIONS, PAIRS } from '../../src/store/usage-scopes.ts';
import { usageSeries } from '../../src/store/usage-series.ts';
import { usageCrossing, usageShares } from '../../src/store/usage-shares.ts';
import { eventAt, type Filled, fillStore } from './fill-store.ts';

const ROWS = Number(process.env.LEDGER_ROWS ?? 3_000_000);
const ROOT = resolve(import.meta.dir, '../..');
const DAY_MS = 86_400_000;
const QUERY_MS_MAX = 100;
const INSERT_PAUSE_MS_MAX = 50;
const EXPORT_MB_MAX = 200;
const JOURNAL_US_MAX = 5;
/** Requests that one turn of the event loop brings: alone on a quiet server, and at 64 connections without a pause. */
const TURNS = [1, 16] as const;

interface Line {
  readonly what: string;
  readonly value: string;
  readonly bar: string;
  readonly met: boolean;
}

const report: Line[] = [];
let nextNumber = ROWS;

function tell(line: Line): void {
  report.push(line);
  console.log(
    `${line.met ? 'met   ' : 'MISSED'}  ${line.what.padEnd(58)} ${line.value.padStart(22)}   bar ${line.bar}`,
  );
}

const workDir = mkdtempSync(join(tmpdir(), 'tollgate-bench-'));
const dataDir = join(workDir, 'data');
try {
  await main();
} finally {
  rmSync(workDir, { recursive: true, force: true });
}
process.exitCode = report.every((line) => line.met) ? 0 : 1;

async function main(): Promise<void> {
  const { mkdirSync } = await import('node:fs');
  mkdirSync(dataDir);
  const path = join(dataDir, 'tollgate.db');
  await measureJournal();
  const store = await openStore({ path, mode: 'threaded' });
  const filled = await fillStore(store, ROWS, Date.now());
  console.log(`${ROWS} events, database ${Math.round(statSync(path).size / 1e6)} MB`);
  await measureQueries(store, filled);
  await measureExport();
  await measurePrune(store, filled);
  await store.close();
}

async function measureQueries(store: Store, { sinceMs, untilMs }: Filled): Promise<void> {
  const all = { kind: 'all' } as const;
  const user = { kind: 'user', value: 'usr_3' } as const;
  const month = { sinceMs: untilMs - 30 * DAY_MS, untilMs };
  const year = { sinceMs, untilMs };
  const timeZone = 'Asia/Kathmandu';
  const queries: [string, () => Promise<unknown>][] = [
    ['totals of the house, a year', () => usageTotals(store.read, { subject: all, ...year })],
    [
      'days of the house, a year, Kathmandu',
      () => usageSeries(store.read, { subject: all, ...year, step: 'day', timeZone }),
    ],
    [
      'days of the house, a month',
      () => usageSeries(store.read, { subject: all, ...month, step: 'day', timeZone }),
    ],
    [
      'hours of the house, a month',
      () => usageSeries(store.read, { subject: all, ...month, step: 'hour', timeZone }),
    ],
    ['totals of a user, a year', () => usageTotals(store.read, { subject: user, ...year })],
    [
      'days of a user, a year',
      () => usageSeries(store.read, { subject: user, ...year, step: 'day', timeZone }),
    ],
  ];
  for (const by of DIMENSIONS) {
    queries.push([`house by ${by}, a year`, () => usageShares(store.read, { subject: all, ...year, by })]);
    if (by !== 'user')
      queries.push([
        `a user by ${by}, a year`,
        () => usageShares(store.read, { subject: user, ...year, by }),
      ]);
  }
  const ragged = { sinceMs: sinceMs + 17.3 * DAY_MS, untilMs: untilMs - 17.3 * DAY_MS };
  for (const pair of PAIRS) {
    const { rows } = await usageShares(store.read, { subject: all, ...year, by: pair.owner, limit: 20 });
    const owners = rows.map((row) => row.value);
    const cross = (range: typeof year) => () =>
      usageCrossing(store.read, { pair, owners, ...range, limit: 2_000 });
    queries.push([`20 ${pair.owner}s crossed by ${pair.of}, a year`, cross(year)]);
    queries.push([`20 ${pair.owner}s crossed by ${pair.of}, ragged`, cross(ragged)]);
  }
  for (const [what, ask] of queries) {
    const times: number[] = [];
    for (let i = 0; i < 7; i++) {
      const started = performance.now();
      await ask();
      times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    const [median, slowest] = [times[3] ?? 0, times[6] ?? 0];
    const value = `${median.toFixed(1)} ms (max ${slowest.toFixed(1)})`;
    tell({ what, value, bar: `< ${QUERY_MS_MAX} ms median`, met: median < QUERY_MS_MAX });
  }
}

/** Inserts as the drain does, every few milliseconds: first alone, then while a twelfth of the rows is pruned. */
async function measurePrune(store: Store, { untilMs }: Filled): Promise<void> {
  const clock = { nowMs: () => untilMs, monotonicMs: () => performance.now() };
  const aloneUntil = performance.now() + 10_000;
  const alone = await insertWhile(store, untilMs, () => performance.now() < aloneUntil);
  let pruning = true;
  const prune = applyRetention({ store, clock, retentionDays: 335 }).finally(() => {
    pruning = false;
  });
  const beside = await insertWhile(store, untilMs, () => pruning);
  const { deleted, longestBiteMs } = await prune;
  console.log(
    `pruned ${deleted} rows beside ${beside.count} inserts; longest bite ${longestBiteMs.toFixed(1)} ms`,
  );
  const value = `${beside.longestMs.toFixed(1)} ms (alone ${alone.longestMs.toFixed(1)})`;
  const met = beside.longestMs < INSERT_PAUSE_MS_MAX;
  tell({ what: 'longest insert during a prune', value, bar: `< ${INSERT_PAUSE_MS_MAX} ms`, met });
  const medians = `${beside.medianMs.toFixed(1)} ms (alone ${alone.medianMs.toFixed(1)})`;
  tell({
    what: 'median insert during a prune',
    value: medians,
    bar: `< ${INSERT_PAUSE_MS_MAX} ms`,
    met: beside.medianMs < INSERT_PAUSE_MS_MAX,
  });
}

async function insertWhile(store: Store, timeMs: number, goesOn: () => boolean) {
  const pauses: number[] = [];
  while (goesOn()) {
    const events = Array.from({ length: 20 }, () => eventAt(nextNumber++, timeMs));
    const started = performance.now();
    await insertUsageEvents(store, events);
    pauses.push(performance.now() - started);
    await Bun.sleep(2);
  }
  pauses.sort((a, b) => a - b);
  return { count: pauses.length, longestMs: pauses.at(-1) ?? 0, medianMs: pauses[pauses.length >> 1] ?? 0 };
}

/** Peak memory of the real command, as the kernel counted it. */
async function measureExport(): Promise<void> {
  const started = performance.now();
  const child = Bun.spawn(
    [join(ROOT, 'bin/tollgate'), 'usage', 'export', '--format', 'ndjson', '--data', dataDir],
    {
      stdout: 'pipe',
      stderr: 'ignore',
      cwd: workDir,
    },
  );
  let bytes = 0;
  let peakKb = 0;
  for await (const chunk of child.stdout) {
    bytes += chunk.byteLength;
    if (child.exitCode === null) peakKb = Math.max(peakKb, peakOf(child.pid));
  }
  await child.exited;
  const seconds = (performance.now() - started) / 1000;
  console.log(`export: ${Math.round(bytes / 1e6)} MB in ${seconds.toFixed(1)} s`);
  const peakMb = peakKb / 1024;
  tell({
    what: 'peak memory of the export',
    value: `${peakMb.toFixed(0)} MB`,
    bar: `< ${EXPORT_MB_MAX} MB`,
    met: peakMb > 0 && peakMb < EXPORT_MB_MAX,
  });
}

function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** What a request's event costs the event loop: JSON text, frame and checksum, and its share of its turn's write. */
async function measureJournal(): Promise<void> {
  const events = Array.from({ length: 1_000 }, (_, at) => eventAt(at, Date.now()));
  for (const turn of TURNS) {
    const rounds: Float64Array[] = [];
    for (let round = 0; round < 6; round++) rounds.push(await journalRound(events, turn));
    // The quietest round: on a shared machine the others measure the neighbours.
    rounds.sort((a, b) => (a[a.length >> 1] ?? 0) - (b[b.length >> 1] ?? 0));
    const times = rounds[0] ?? new Float64Array(1);
    const [median, p99] = [times[times.length >> 1] ?? 0, times[Math.floor(times.length * 0.99)] ?? 0];
    tell({
      what: `journal per request, ${turn} in a turn`,
      value: `${median.toFixed(2)} µs (p99 ${p99.toFixed(1)})`,
      bar: `< ${JOURNAL_US_MAX} µs median`,
      met: median < JOURNAL_US_MAX,
    });
  }
}

/** Microseconds per event, by turns: each is appended and written as the event loop does it. */
async function journalRound(events: readonly UsageEvent[], turn: number): Promise<Float64Array> {
  const folder = mkdtempSync(join(workDir, 'journal-'));
  const journal = new Journal({
    folder,
    settings: JOURNAL_DEFAULTS,
    log: silentLog,
    revive: (record) => record,
  });
  const times = new Float64Array(Math.ceil(30_000 / turn));
  for (let at = 0, next = 0; at < times.length; at++) {
    const started = Bun.nanoseconds();
    for (let i = 0; i < turn; i++) {
      const event = events[next++ % events.length] ?? eventAt(0, 0);
      journal.append({ kind: 'E', id: event.id, json: encodeUsageEvent(event) });
    }
    journal.flush();
    times[at] = (Bun.nanoseconds() - started) / 1000 / turn;
    // As in a server: other work comes between, and the grouped sync gets its turn.
    if (at % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
  }
  await journal.close();
  return times.sort();
}
