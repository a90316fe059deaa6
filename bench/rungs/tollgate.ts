// R4 and R5: Tollgate itself, built from this checkout as `npm run build` builds it, with a data folder of its own.
// R5 is a key with limits of every kind that never bite, and the ledger as it ships. R4 has neither limits nor ledger.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildProgram } from '../../tools/build-program.ts';
import { runCommand, startProcess } from '../system/start-process.ts';
import { seedLimits } from './seed-limits.ts';
import {
  CHAT_PATH,
  type Running,
  type Surroundings,
  type System,
  trustEnvironment,
  type Upstream,
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
  translates: true,
  trusts: true,
  missing: () => null,
  start: (surroundings, upstream) => startTollgate(surroundings, upstream, true),
};

export const tollgateBare: System = {
  name: 'R4 Tollgate, authentication only',
  does: 'the same without limits and with a ledger that writes nothing',
  checksKeys: true,
  translates: true,
  trusts: true,
  missing: () => null,
  start: (surroundings, upstream) => startTollgate(surroundings, upstream, false),
};

async function startTollgate(
  surroundings: Surroundings,
  upstream: Upstream,
  everything: boolean,
): Promise<Running> {
  const { core } = surroundings;
  const folder = join(surroundings.folder, `tollgate-${upstream}-${everything ? 'all' : 'bare'}`);
  mkdirSync(folder, { recursive: true });
  const data = ['--data', folder];
  const databasePath = join(folder, 'tollgate.db');
  await runCommand({ command: [TOLLGATE, 'user', 'create', 'bench', '--role', 'user', ...data], core });
  const token = await runCommand({
    command: [TOLLGATE, 'key', 'create', '--user', 'bench', '--name', 'bench', ...data],
    core,
  });
  if (everything) seedLimits(databasePath);
  const program = join(folder, 'program');
  await buildProgram({
    outdir: program,
    ...(everything ? {} : { preload: join(ROOT, 'bench/rungs/no-ledger.ts') }),
  });
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
