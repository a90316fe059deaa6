// The real server as a process of its own, started by the command line as an operator would, and killed as a crash would.
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(dirname(import.meta.path), '../..');
const TOLLGATE = join(ROOT, 'bin/tollgate');

export interface ServerProcess {
  readonly url: string;
  /** From the start of the process to its listening line. */
  readonly readyMs: number;
  /** SIGKILL; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** SIGTERM; resolves with the exit status. */
  readonly end: () => Promise<number>;
}

export interface ServerOptions {
  readonly dataDir: string;
  readonly workDir: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Put before the command, for example a shell that sets limits. */
  readonly prefix?: readonly string[];
}

export async function startServerProcess(options: ServerOptions): Promise<ServerProcess> {
  const { dataDir, workDir, environment, prefix = [] } = options;
  const startedMs = performance.now();
  const child = Bun.spawn([...prefix, TOLLGATE, 'serve', '--port', '0', '--data', dataDir], {
    cwd: workDir,
    env: { PATH: process.env.PATH ?? '', LOG_LEVEL: 'warn', ...environment },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const errors = new Response(child.stderr).text();
  const url = await firstUrl(child.stdout);
  if (url === null) throw new Error(`the server did not start: ${await errors}`);
  return {
    url,
    readyMs: performance.now() - startedMs,
    kill: async () => {
      child.kill('SIGKILL');
      await child.exited;
    },
    end: async () => {
      child.kill('SIGTERM');
      return child.exited;
    },
  };
}

/** Reads until the listening line, and goes on reading so that the pipe never fills. */
async function firstUrl(output: ReadableStream<Uint8Array>): Promise<string | null> {
  const reader = output.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (true) {
    const { done, value } = await reader.read();
    if (done) return null;
    text += decoder.decode(value, { stream: true });
    const url = /^listening on (\S+)$/m.exec(text)?.[1];
    if (!url) continue;
    void drain(reader);
    return url;
  }
}

async function drain(reader: { read: () => Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}
