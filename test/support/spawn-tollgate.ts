// Tollgate as its users run it: the real command in a process of its own, for what only a process shows.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HTTPS_ENVIRONMENT, ON_HTTPS } from './on-https.ts';

const BIN = resolve(import.meta.dir, '../../bin/tollgate');

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnedTollgate {
  readonly url: string;
  readonly pid: number;
  readonly workDir: string;
  /** Everything it has printed so far, stdout and stderr. */
  readonly output: () => string;
  /** Resident memory in bytes, from the operating system. */
  readonly residentBytes: () => Promise<number>;
  /** Runs a further command on the same data. */
  readonly run: (args: readonly string[], stdin?: string) => Promise<CommandResult>;
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL' | 'SIGHUP') => void;
  readonly exited: Promise<number>;
  /** Ends the process and removes its folder. */
  readonly remove: () => Promise<void>;
}

/** An environment that holds nothing of this machine's but what a process needs. */
function cleanEnvironment(given: Record<string, string>): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR = tmpdir() } = process.env;
  return { PATH, HOME, TMPDIR, ...(ON_HTTPS ? HTTPS_ENVIRONMENT : {}), ...given };
}

export async function runTollgate(
  workDir: string,
  args: readonly string[],
  options: {
    readonly environment?: Record<string, string>;
    readonly stdin?: string;
    /** The command line of another place than this checkout. */
    readonly bin?: string;
  } = {},
): Promise<CommandResult> {
  const child = Bun.spawn([options.bin ?? BIN, ...args], {
    cwd: workDir,
    env: cleanEnvironment(options.environment ?? {}),
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
    give(child.stdin, options.stdin ?? ''),
  ]);
  return { stdout, stderr, exitCode };
}

/**
 * Writes `text` and ends the input. Always a pipe: for no bytes the runtime would open /dev/null, which is not empty on
 * every machine (in a container it can be an ordinary file that keeps what was written to it).
 */
async function give(input: Bun.FileSink, text: string): Promise<void> {
  try {
    input.write(text);
    await input.end();
  } catch (error) {
    // A command may end without having read what it was given.
    if ((error as { code?: string }).code !== 'EPIPE') throw error;
  }
}

export async function spawnTollgate(
  environment: Record<string, string> = {},
  workDir = mkdtempSync(join(tmpdir(), 'tollgate-spawn-')),
  bin = BIN,
): Promise<SpawnedTollgate> {
  const env = cleanEnvironment({ LOG_LEVEL: 'warn', ...environment });
  const child = Bun.spawn([bin, 'serve', '--port', '0'], {
    cwd: workDir,
    env,
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let text = '';
  const listening = Promise.withResolvers<string>();
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true });
      const url = /listening on (\S+)/.exec(text)?.[1];
      if (url) listening.resolve(url);
    }
  };
  void collect(child.stdout);
  void collect(child.stderr);
  child.exited.then((code) => listening.reject(new Error(`the server ended with ${code}:\n${text}`)));
  const url = await listening.promise;
  return {
    url,
    pid: child.pid,
    workDir,
    output: () => text,
    residentBytes: async () => {
      const status = await Bun.file(`/proc/${child.pid}/status`).text();
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    },
    run: (args, stdin = '') => runTollgate(workDir, args, { environment, stdin, bin }),
    kill: (signal) => child.kill(signal),
    exited: child.exited,
    remove: async () => {
      child.kill('SIGKILL');
      await child.exited;
      rmSync(workDir, { recursive: true, force: true });
    },
  };
}
