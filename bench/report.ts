// The report in Markdown: the machine, what each system does per request, every row with min, median and max over the
// passes, the gates, and every problem. Never drops a pass and never averages.
import { median } from './driver/samples.ts';
import type { Row } from './matrix.ts';
import type { Numbers } from './measure.ts';
import type { Machine } from './system/machine.ts';

export interface Result {
  readonly row: Row;
  readonly system: string;
  readonly pass: number;
  readonly numbers: Numbers;
  readonly problems: readonly string[];
}

export interface ReportInput {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly settings: string;
  readonly systems: readonly { readonly name: string; readonly does: string; readonly version: string }[];
  /** Systems that could not run, with the reason. */
  readonly absent: readonly { readonly name: string; readonly reason: string }[];
  readonly results: readonly Result[];
  readonly notes: readonly string[];
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Spread of one number over the passes, or null when it was not measured. */
export function spreadOf(
  results: readonly Result[],
  row: string,
  system: string,
  name: string,
): Spread | null {
  const values = results
    .filter((result) => result.row.id === row && result.system === system)
    .map((result) => result.numbers[name])
    .filter((value) => value !== undefined);
  if (values.length === 0) return null;
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}

export function writeReport(input: ReportInput): string {
  const rows = [...new Map(input.results.map(({ row }) => [row.id, row])).values()];
  return [
    '# Bench report',
    '',
    ...heading(input),
    '## Gates',
    '',
    ...gateTable(input.results),
    '',
    ...rows.flatMap((row) => rowSection(row, input.results)),
    '## Problems',
    '',
    ...problemList(input.results),
    '',
  ].join('\n');
}

function heading({ startedAt, machine, settings, systems, absent, notes }: ReportInput): string[] {
  const memoryGb = (machine.memoryBytes / 1e9).toFixed(0);
  return [
    `Started ${startedAt}. ${machine.cores} cores of ${machine.processor}, ${memoryGb} GB, kernel ${machine.kernel}, Bun ${machine.bun}, load average at the start ${machine.load.toFixed(2)}.`,
    '',
    `${settings} CPU is user plus system time of all processes of the system, from the operating system. Cells are median (min to max) over the passes.`,
    '',
    ...notes.map((note) => `- ${note}`),
    '',
    '| system | does per request | version |',
    '|---|---|---|',
    ...systems.map((system) => `| ${system.name} | ${system.does} | ${system.version} |`),
    ...absent.map((system) => `| ${system.name} | **not run**: ${system.reason} | |`),
    '',
  ];
}

function rowSection(row: Row, results: readonly Result[]): string[] {
  const own = results.filter((result) => result.row.id === row.id);
  if (row.kind === 'not-run') return [`## ${row.id}: ${row.title}`, '', `Not run: ${row.reason}.`, ''];
  const names = [...new Set(own.flatMap((result) => Object.keys(result.numbers)))];
  const systems = [...new Set(own.map((result) => result.system))];
  return [
    `## ${row.id}: ${row.title}`,
    '',
    `| system | ${names.join(' | ')} |`,
    `|---|${names.map(() => '---:|').join('')}`,
    ...systems.map(
      (system) =>
        `| ${system} | ${names.map((name) => cell(spreadOf(own, row.id, system, name))).join(' | ')} |`,
    ),
    '',
  ];
}

function cell(spread: Spread | null): string {
  if (!spread) return '';
  const { min, median: middle, max } = spread;
  return min === max ? digits(middle) : `${digits(middle)} (${digits(min)} to ${digits(max)})`;
}

function digits(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4);
}

function problemList(results: readonly Result[]): string[] {
  const lines = results
    .filter((result) => result.row.kind !== 'not-run')
    .flatMap((result) =>
      result.problems.map(
        (problem) => `- ${result.row.id}, ${result.system}, pass ${result.pass}: ${problem}`,
      ),
    );
  return lines.length === 0 ? ['None.'] : lines;
}

const R0 = 'R0 direct to the mock';
const R1 = 'R1 nginx pass-through';
const R5 = 'R5 Tollgate, everything on';

/** Below this share of its core a system was waiting for somebody else, and its rate says nothing about it. */
const SATURATED_SHARE = 0.8;

function isSaturated(results: readonly Result[], system: string): boolean {
  const perSecond = spreadOf(results, 'A64', system, 'perSecond')?.median ?? 0;
  const cpuUs = spreadOf(results, 'A64', system, 'cpuUsPerRequest')?.median ?? 0;
  return (perSecond * cpuUs) / 1e6 >= SATURATED_SHARE;
}

interface Gate {
  readonly gate: string;
  readonly limit: string;
  readonly value: number | null;
  readonly met: (value: number) => boolean;
}

function gateTable(results: readonly Result[]): string[] {
  const at = (row: string, system: string, name: string) =>
    spreadOf(results, row, system, name)?.median ?? null;
  const ratio = (a: number | null, b: number | null) => (a === null || b === null || b === 0 ? null : a / b);
  const less = (a: number | null, b: number | null) => (a === null || b === null ? null : a - b);
  const portkey = results.find(({ system }) => system.startsWith('Portkey'))?.system ?? 'Portkey';
  const peaks = results.filter(({ system }) => system === R5).map(({ numbers }) => numbers.rssPeakMb ?? 0);
  const gates: Gate[] = [
    {
      gate: 'share of nginx in CPU per request, 64 connections, 1 KB',
      limit: 'at least 0.35',
      value: ratio(at('A64', R1, 'cpuUsPerRequest'), at('A64', R5, 'cpuUsPerRequest')),
      met: (value) => value >= 0.35,
    },
    {
      gate: 'share of nginx in requests per second, same row (only when each had its core to itself)',
      limit: 'at least 0.35',
      value:
        isSaturated(results, R1) && isSaturated(results, R5)
          ? ratio(at('A64', R5, 'perSecond'), at('A64', R1, 'perSecond'))
          : null,
      met: (value) => value >= 0.35,
    },
    {
      gate: 'times cheaper than Portkey in CPU per request, same row',
      limit: 'at least 20',
      value: ratio(at('A64', portkey, 'cpuUsPerRequest'), at('A64', R5, 'cpuUsPerRequest')),
      met: (value) => value >= 20,
    },
    {
      gate: 'added latency in series, p50, ms',
      limit: 'below 0.5',
      value: at('A-serial', R5, 'addedP50Ms'),
      met: (value) => value < 0.5,
    },
    {
      gate: 'added time to first byte, p99, 128 streams, ms',
      limit: 'below 2',
      value: less(at('C128', R5, 'ttftP99Ms'), at('C128', R0, 'ttftP99Ms')),
      met: (value) => value < 2,
    },
    {
      gate: 'CPU per passed-through chunk, µs',
      limit: 'at most 20',
      value: at('C128', R5, 'cpuUsPerEvent'),
      met: (value) => value <= 20,
    },
    {
      gate: 'CPU per translated chunk, µs',
      limit: 'at most 60',
      value: at('T64', R5, 'cpuUsPerEvent'),
      met: (value) => value <= 60,
    },
    {
      gate: 'delay of other streams by a 5 MB body, p99 of gaps over direct, ms',
      limit: 'at most 20',
      value: less(at('D', R5, 'gapP99Ms'), at('D', R0, 'gapP99Ms')),
      met: (value) => value <= 20,
    },
    {
      gate: 'peak memory over all rows, MB',
      limit: 'below 120',
      value: peaks.length > 0 ? Math.max(...peaks) : null,
      met: (value) => value < 120,
    },
  ];
  return [
    '| gate | limit | measured | |',
    '|---|---|---:|---|',
    ...gates.map(({ gate, limit, value, met }) =>
      value === null
        ? `| ${gate} | ${limit} | | not decided |`
        : `| ${gate} | ${limit} | ${digits(value)} | ${met(value) ? 'met' : '**missed**'} |`,
    ),
  ];
}
