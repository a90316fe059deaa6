// Starts a rung that is a program of this folder on the pinned Bun, and waits until it listens.
import { fileURLToPath } from 'node:url';
import { startProcess } from '../system/start-process.ts';
import { BENCH_TOKEN, CHAT_PATH, type Running } from './system.ts';

const BUN = fileURLToPath(new URL('../../bin/bun', import.meta.url));
const START_TIMEOUT_MS = 20_000;

export interface BunProgram {
  /** Its file in this folder. */
  readonly file: string;
  readonly parameters: readonly string[];
  /** Core to pin to; null leaves the choice to the kernel. */
  readonly core: number | null;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function startBunProgram(program: BunProgram): Promise<Running> {
  const { file, parameters, core, environment = {} } = program;
  const script = fileURLToPath(new URL(file, import.meta.url));
  const started = startProcess({ command: [BUN, script, ...parameters], core, environment });
  const match = await started.waitFor(/listening on http:\/\/127\.0\.0\.1:(\d+)/, START_TIMEOUT_MS);
  return {
    port: Number(match[1]),
    pid: started.pid,
    path: CHAT_PATH,
    headers: { Authorization: `Bearer ${BENCH_TOKEN}` },
    model: 'openai/gpt-4o-mini',
    version: `bun ${Bun.version}`,
    stop: started.stop,
  };
}
