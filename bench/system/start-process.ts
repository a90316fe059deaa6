// Starts the programs of a bench run and ends them again: pinned to a core, with their output kept for the report.
// Only processes started here are ever ended here.
import { readFileSync } from 'node:fs';
import type { Subprocess } from 'bun';

export interface Started {
  readonly pid: number;
  /** Standard output so far, bounded. */
  readonly output: () => string;
  /** Waits for a line that matches and answers the match. */
  readonly waitFor: (pattern: RegExp, timeoutMs: number) => Promise<RegExpExecArray>;
  readonly stop: () => Promise<void>;
}

export interface StartOptions {
  readonly command: readonly string[];
  /** Core to pin to; null leaves the choice to the kernel. */
  readonly core: number | null;
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
}

const OUTPUT_CHARS_MAX = 64 * 1024;
const STOP_GRACE_MS = 4_000;

export function startProcess(options: StartOptions): Started {
  const pinned = options.core === null ? [] : ['taskset', '-c', String(options.core)];
  const child = Bun.spawn([...pinned, ...options.command], {
    env: { ...plainEnvironment(), ...options.environment },
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let output = '';
  const take = (text: string) => {
    if (output.length < OUTPUT_CHARS_MAX) output += text;
  };
  void collect(child.stdout, take);
  void collect(child.stderr, take);
  return {
    pid: child.pid,
    output: () => output,
    waitFor: (pattern, timeoutMs) =>
      waitFor(() => output, pattern, { timeoutMs, child, name: options.command.join(' ') }),
    stop: () => stop(child),
  };
}

/** Only what a program needs to run: settings of the caller's shell must not change what is measured. */
function plainEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'LANG', 'TMPDIR']) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

async function collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of stream) take(decoder.decode(bytes, { stream: true }));
}

interface Waiting {
  readonly timeoutMs: number;
  readonly child: Subprocess;
  readonly name: string;
}

async function waitFor(output: () => string, pattern: RegExp, waiting: Waiting): Promise<RegExpExecArray> {
  const endMs = performance.now() + waiting.timeoutMs;
  while (performance.now() < endMs) {
    const match = pattern.exec(output());
    if (match) return match;
    if (waiting.child.exitCode !== null) break;
    await Bun.sleep(20);
  }
  throw new Error(`${waiting.name} did not say ${pattern}: ${output().slice(-1000)}`);
}

async function stop(child: Subprocess): Promise<void> {
  child.kill('SIGTERM');
  const ended = await Promise.race([
    child.exited.then(() => true),
    Bun.sleep(STOP_GRACE_MS).then(() => false),
  ]);
  if (ended) return;
  child.kill('SIGKILL');
  await child.exited;
}

/** Runs a command to its end and answers its standard output; throws with its errors when it fails. */
export async function runCommand(options: StartOptions): Promise<string> {
  const pinned = options.core === null ? [] : ['taskset', '-c', String(options.core)];
  const child = Bun.spawn([...pinned, ...options.command], {
    env: { ...plainEnvironment(), ...options.environment },
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0)
    throw new Error(`${options.command.join(' ')} ended with ${code}: ${err.slice(-1000)}${out.slice(-500)}`);
  return out;
}

/** A port that was free a moment ago, for programs that cannot pick one themselves. */
export function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const port = probe.port;
  probe.stop(true);
  return port;
}

/** Waits until something accepts connections on the port. */
export async function waitForPort(port: number, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (performance.now() < endMs) {
    try {
      const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
      socket.terminate();
      return;
    } catch {
      await Bun.sleep(50);
    }
  }
  throw new Error(`nothing listens on port ${port} after ${timeoutMs} ms`);
}

/** The first line of a file, or an empty string. */
export function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n')[0] ?? '';
  } catch {
    return '';
  }
}
