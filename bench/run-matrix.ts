// Runs rows on systems in rotated passes: each pass begins with another system, so that drift of the machine does not
// favour one of them. One system is under load at a time; a row's mock is started with the row's flags.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Row } from './matrix.ts';
import { measure, type Session } from './measure.ts';
import type { MockOptions } from './mock/answers.ts';
import type { Result } from './report.ts';
import { direct } from './rungs/direct.ts';
import { type ConstantMock, startConstantMock } from './rungs/nginx.ts';
import { isSecure, type Running, type Surroundings, type System, type Upstream } from './rungs/system.ts';
import type { Certificate } from './system/make-certificate.ts';
import { type Started, startProcess } from './system/start-process.ts';

export interface MatrixRun {
  readonly rows: readonly Row[];
  readonly systems: readonly System[];
  readonly passes: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly folder: string;
  readonly cacheFolder: string;
  readonly driverCore: number;
  readonly systemCore: number;
  readonly log: (line: string) => void;
}

export interface MatrixOutcome {
  readonly results: Result[];
  readonly versions: ReadonlyMap<string, string>;
}

const BUN = fileURLToPath(new URL('../bin/bun', import.meta.url));
const MOCK = fileURLToPath(new URL('./mock/main.ts', import.meta.url));
const START_TIMEOUT_MS = 10_000;

export async function runMatrix(run: MatrixRun): Promise<MatrixOutcome> {
  const results: Result[] = [];
  const versions = new Map<string, string>();
  const constant = await startConstantMock(run.folder, run.driverCore);
  try {
    for (const row of run.rows) {
      if (row.kind === 'not-run') {
        results.push({ row, system: '', pass: 0, numbers: {}, problems: [row.reason] });
        continue;
      }
      if (isSecure(upstreamOf(row)) && !constant.tls) {
        results.push({ row, system: '', pass: 0, numbers: {}, problems: ['openssl is not installed'] });
        continue;
      }
      await runRow(row, run, { constant, results, versions });
    }
  } finally {
    await constant.stop();
  }
  return { results, versions };
}

interface RowContext {
  readonly constant: ConstantMock;
  readonly results: Result[];
  readonly versions: Map<string, string>;
}

async function runRow(
  row: Exclude<Row, { kind: 'not-run' }>,
  run: MatrixRun,
  context: RowContext,
): Promise<void> {
  const { tls } = context.constant;
  const mock = await startMockProcess(row.mock ?? {}, run.driverCore, tls?.certificate);
  const surroundings: Surroundings = {
    constantPort: context.constant.port,
    mockPort: mock.port,
    tls: tls && {
      constantPort: tls.port,
      mockPort: mock.tlsPort,
      certificatePath: tls.certificate.certificatePath,
    },
    folder: join(run.folder, row.id),
    core: run.systemCore,
    cacheFolder: run.cacheFolder,
  };
  const upstream = upstreamOf(row);
  const systems = run.systems.filter((system) => fits(system, row));
  const running = new Map<System, Running>();
  try {
    const straight = await direct.start(surroundings, upstream);
    for (const system of systems) {
      running.set(system, await system.start(surroundings, upstream));
      context.versions.set(system.name, running.get(system)?.version ?? '');
    }
    for (let pass = 1; pass <= run.passes; pass++) {
      for (const system of rotate(systems, pass - 1)) {
        const under = running.get(system);
        if (under) await oneMeasurement({ row, run, system, pass, under, straight, context });
      }
    }
  } finally {
    for (const each of running.values()) await each.stop();
    await mock.process.stop();
  }
}

function upstreamOf(row: Row): Upstream {
  if (row.kind === 'streams') return row.secure ? 'mock-tls' : 'mock';
  return 'upstream' in row ? row.upstream : 'constant';
}

interface Turn {
  readonly row: Row;
  readonly run: MatrixRun;
  readonly system: System;
  readonly pass: number;
  readonly under: Running;
  readonly straight: Running;
  readonly context: RowContext;
}

async function oneMeasurement({ row, run, system, pass, under, straight, context }: Turn): Promise<void> {
  const session: Session = {
    running: under,
    direct: straight,
    warmUpMs: run.warmUpMs,
    durationMs: run.durationMs,
    driverCore: run.driverCore,
    folder: run.folder,
    databasePath: under.databasePath ?? null,
  };
  const { numbers, problems } = await measure(row, session);
  const kept = system === direct ? withoutAccounts(numbers) : numbers;
  context.results.push({ row, system: system.name, pass, numbers: kept, problems });
  run.log(`${row.id} ${system.name} pass ${pass}: ${shortly(kept)} ${problems.join('; ')}`);
}

function shortly(numbers: Record<string, number>): string {
  return Object.entries(numbers)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ');
}

/** Rung R0 has no process of its own to account for. */
function withoutAccounts(numbers: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(numbers).filter(([name]) => !/^(cpu|rss|descriptors)/.test(name)));
}

/** Some rows only make sense for some systems. */
function fits(system: System, row: Row): boolean {
  if (row.kind === 'capacity' && row.comparesUsageWrites) return system.usageWrites !== undefined;
  if (system.usageWrites !== undefined && system.usageWrites !== 'full') return false;
  if (row.kind === 'serial') return system !== direct;
  if (isSecure(upstreamOf(row)) && system.trusts !== true) return false;
  if (row.kind === 'stalled-store') return system.keepsUsage === true;
  if (row.kind === 'bad-keys') return system.checksKeys === true;
  if (row.kind === 'streams' && row.translated) return system.translates === true;
  return true;
}

function rotate<T>(items: readonly T[], by: number): T[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

export async function startMockProcess(
  options: Partial<MockOptions>,
  core: number,
  certificate?: Certificate,
): Promise<{ port: number; tlsPort: number; process: Started }> {
  const flags = Object.entries({ ...options, ...certificate }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const started = startProcess({ command: [BUN, MOCK, ...flags], core });
  const match = await started.waitFor(/listening on http:\/\/127\.0\.0\.1:(\d+)/, START_TIMEOUT_MS);
  const secure = /listening on https:\/\/127\.0\.0\.1:(\d+)/.exec(started.output());
  return { port: Number(match[1]), tlsPort: Number(secure?.[1] ?? 0), process: started };
}
