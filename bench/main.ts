// `npm run bench` and `npm run bench:full`: the side-by-side benchmark. Prints progress on stderr and writes the report
// in Markdown to stdout, or to the file given with --out. Linux only: it pins processes and reads /proc.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WRK_MISSING } from './driver/run-wrk.ts';
import { ESSENTIALS, FULL, type Row } from './matrix.ts';
import { bifrost, litellm } from './peers/on-path.ts';
import { portkey } from './peers/portkey.ts';
import { writeReport } from './report.ts';
import { runMatrix } from './run-matrix.ts';
import { bareBun } from './rungs/bare-bun.ts';
import { direct } from './rungs/direct.ts';
import { least } from './rungs/least.ts';
import { NGINX_MISSING, nginxKeyed, nginxPass } from './rungs/nginx.ts';
import type { System } from './rungs/system.ts';
import { tollgate, tollgateBare, tollgateNormal, tollgateUnwritten } from './rungs/tollgate.ts';
import { describeMachine, findTool, pinSelf } from './system/machine.ts';

const SYSTEMS: readonly System[] = [
  direct,
  nginxPass,
  nginxKeyed,
  bareBun,
  least,
  tollgateBare,
  tollgate,
  tollgateUnwritten,
  tollgateNormal,
  portkey,
  litellm,
  bifrost,
];
const DRIVER_CORE = 0;
const SYSTEM_CORE = 1;

interface Arguments {
  readonly full: boolean;
  readonly out: string | null;
  readonly rows: readonly Row[];
  readonly systems: readonly System[];
  readonly passes: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

function readArguments(given: readonly string[]): Arguments {
  const value = (name: string) => {
    const at = given.indexOf(`--${name}`);
    return at < 0 ? null : (given[at + 1] ?? null);
  };
  const full = given.includes('--full');
  const wanted = value('rows')?.split(',');
  const named = value('systems')?.toLowerCase().split(',');
  const rows = full ? FULL : ESSENTIALS;
  return {
    full,
    out: value('out'),
    rows: wanted
      ? [...new Map([...FULL, ...ESSENTIALS].map((row) => [row.id, row])).values()].filter((row) =>
          wanted.includes(row.id),
        )
      : rows,
    systems: named
      ? SYSTEMS.filter((system) => named.some((name) => system.name.toLowerCase().includes(name)))
      : SYSTEMS,
    passes: Number(value('passes') ?? 3),
    warmUpMs: Number(value('warm-up') ?? (full ? 5_000 : 1_000)),
    durationMs: Number(value('duration') ?? (full ? 30_000 : 2_000)),
  };
}

async function main(): Promise<void> {
  const given = readArguments(process.argv.slice(2));
  if (!findTool('nginx')) throw new Error(NGINX_MISSING);
  if (!findTool('taskset')) throw new Error('taskset is not installed (Debian: apt-get install util-linux)');
  const machine = describeMachine();
  if (machine.cores < 2)
    throw new Error('the bench needs two cores: one for the driver, one for what it measures');
  pinSelf(DRIVER_CORE);
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'));
  const cacheFolder = fileURLToPath(new URL('./.cache', import.meta.url));
  mkdirSync(cacheFolder, { recursive: true });
  const absent = given.systems.flatMap((system) => {
    const reason = system.missing();
    return reason ? [{ name: system.name, reason }] : [];
  });
  const present = given.systems.filter((system) => system.missing() === null);
  const startedAt = new Date().toISOString();
  try {
    const { results, versions } = await runMatrix({
      ...given,
      systems: present,
      folder,
      cacheFolder,
      driverCore: DRIVER_CORE,
      systemCore: SYSTEM_CORE,
      log: (line) => console.error(line),
    });
    const report = writeReport({
      startedAt,
      machine,
      settings: `System under test on core ${SYSTEM_CORE}, mock and driver on core ${DRIVER_CORE}; ${given.passes} rotated passes, ${given.warmUpMs} ms warm-up, ${given.durationMs} ms each.`,
      // One that fits none of the rows was never started.
      systems: present
        .filter(({ name }) => versions.has(name))
        .map(({ name, does }) => ({ name, does, version: versions.get(name) ?? '' })),
      absent,
      results,
      notes: findTool('wrk') ? [] : [WRK_MISSING],
    });
    if (given.out) writeFileSync(given.out, report);
    else console.log(report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
