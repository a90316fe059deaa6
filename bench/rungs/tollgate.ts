// R4 and R5: Tollgate itself, built from this checkout as `npm run build` builds it, with a data folder of its own.
// R5 is a key with limits of every kind that never bite, and the ledger as it ships. R4 has neither limits nor ledger; two
// variants of R5 write usage otherwise, to see what that costs.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildProgram } from '../../tools/build-program.ts';
import { runCommand, startProcess } from '../system/start-process.ts';
import { seedLimits } from './seed-limits.ts';
import {
  CHAT_PATH,
  type Running,
  type Surroundings,
  type System,
  trustEnvironment,
  type Upstream,
  type UsageWrites,
  upstreamOrigin,
} from './system.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOLLGATE = join(ROOT, 'bin/tollgate');
const START_TIMEOUT_MS = 60_000;

export const tollgate: System = {
  name: 'R5 Tollgate, everything on',
  does: 'authentication, limits, plan and lease, durable journal, usage rows and counters in SQLite (FULL)',
  checksKeys: true,
  keepsUsage: true,
  usageWrites: 'full',
  translates: true,
  trusts: true,
  missing: () => null,
  start: (surroundings, upstream) =>
    startTollgate(surroundings, upstream, { name: 'all', limits: true, writes: 'full' }),
};

export const tollgateBare: System = {
  name: 'R4 Tollgate, authentication only',
  does: 'the same without limits and with a ledger that writes nothing',
  checksKeys: true,
  translates: true,
  trusts: true,
  missing: () => null,
  start: (surroundings, upstream) =>
    startTollgate(surroundings, upstream, { name: 'bare', limits: false, writes: 'off' }),
};

export const tollgateUnwritten: System = {
  name: 'R5 without usage writes',
  does: 'as R5, with a ledger that writes nothing',
  usageWrites: 'off',
  missing: () => null,
  start: (surroundings, upstream) =>
    startTollgate(surroundings, upstream, { name: 'off', limits: true, writes: 'off' }),
};

export const tollgateNormal: System = {
  name: 'R5 with SQLite NORMAL',
  does: 'as R5, with a database that syncs at checkpoints only; the journal as ever',
  usageWrites: 'normal',
  missing: () => null,
  start: (surroundings, upstream) =>
    startTollgate(surroundings, upstream, { name: 'normal', limits: true, writes: 'normal' }),
};

interface Variant {
  /** Of its data folder. */
  readonly name: string;
  readonly limits: boolean;
  readonly writes: UsageWrites;
}

/** What of the sources is built otherwise for each. */
export const BUILDS: Readonly<Record<UsageWrites, Pick<BuildOptions, 'preload' | 'changed'>>> = {
  full: {},
  normal: {
    changed: {
      file: 'store/dialect/sqlite/open-database.ts',
      from: 'PRAGMA synchronous = FULL',
      to: 'PRAGMA synchronous = NORMAL',
    },
  },
  off: { preload: join(ROOT, 'bench/rungs/no-ledger.ts') },
};

async function startTollgate(
  surroundings: Surroundings,
  upstream: Upstream,
  variant: Variant,
): Promise<Running> {
  const { core } = surroundings;
  const folder = join(surroundings.folder, `tollgate-${upstream}-${variant.name}`);
  mkdirSync(folder, { recursive: true });
  const data = ['--data', folder];
  const databasePath = join(folder, 'tollgate.db');
  await runCommand({ command: [TOLLGATE, 'user', 'create', 'bench', '--role', 'user', ...data], core });
  const token = await runCommand({
    command: [TOLLGATE, 'key', 'create', '--user', 'bench', '--name', 'bench', ...data],
    core,
  });
  if (variant.limits) seedLimits(databasePath);
  const program = join(folder, 'program');
  await buildProgram({ outdir: program, ...BUILDS[variant.writes] });
  const started = startProcess({
    command: [join(ROOT, 'bin/bun'), join(program, 'main.js'), 'serve', '--port', '0', ...data],
    core,
    environment: {
      OPENAI_API_KEY: 'sk-bench',
      OPENAI_API_BASE: `${upstreamOrigin(surroundings, upstream)}/v1`,
      LOG_LEVEL: 'warn',
      ...trustEnvironment(surroundings, upstream),
    },
  });
  const match = await started.waitFor(/listening on http:\/\/[^:]+:(\d+)/, START_TIMEOUT_MS);
  return {
    port: Number(match[1]),
    pid: started.pid,
    path: CHAT_PATH,
    headers: { Authorization: `Bearer ${token.trim().split('\n').at(-1) ?? ''}` },
    model: 'openai/gpt-4o-mini',
    version: 'this checkout',
    databasePath,
    stop: started.stop,
  };
}
