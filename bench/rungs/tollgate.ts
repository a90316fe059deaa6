// R4 and R5: Tollgate itself, started the way an operator starts it, with a data folder of its own.
// R5 is a user's key with limits that never bite, and the ledger as it ships. R4 is the same without limits and ledger.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand, startProcess } from '../system/start-process.ts';
import { seedLimits } from './seed-limits.ts';
import {
  CHAT_PATH,
  type Running,
  type Surroundings,
  type System,
  type Upstream,
  upstreamPort,
} from './system.ts';

const TOLLGATE = fileURLToPath(new URL('../../bin/tollgate', import.meta.url));
const START_TIMEOUT_MS = 20_000;

export const tollgate: System = {
  name: 'R5 Tollgate, everything on',
  does: 'authentication, limits, plan and lease, durable journal, usage rows and counters in SQLite (FULL)',
  checksKeys: true,
  keepsUsage: true,
  translates: true,
  missing: () => null,
  start: startTollgate,
};

async function startTollgate(surroundings: Surroundings, upstream: Upstream): Promise<Running> {
  const folder = join(surroundings.folder, `tollgate-${upstream}`);
  mkdirSync(folder, { recursive: true });
  const data = ['--data', folder];
  await runCommand({
    command: [TOLLGATE, 'user', 'create', 'bench', '--role', 'user', ...data],
    core: surroundings.core,
  });
  const token = await runCommand({
    command: [TOLLGATE, 'key', 'create', '--user', 'bench', '--name', 'bench', ...data],
    core: surroundings.core,
  });
  seedLimits(join(folder, 'tollgate.db'));
  const started = startProcess({
    command: [TOLLGATE, 'serve', '--port', '0', ...data],
    core: surroundings.core,
    environment: {
      OPENAI_API_KEY: 'sk-bench',
      OPENAI_API_BASE: `http://127.0.0.1:${upstreamPort(surroundings, upstream)}/v1`,
      LOG_LEVEL: 'warn',
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
    databasePath: join(folder, 'tollgate.db'),
    stop: started.stop,
  };
}
