// A Unix socket in the data folder by which commands tell a running server to look again, and wait until it has.
// It also shows that a server is running on this folder. Open to the owner of the folder alone.
import { chmodSync, existsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

const REPLY_MS_MAX = 5_000;

export interface ControlActions {
  /** Reads anew whatever other processes may have changed. */
  readonly reload: () => Promise<void>;
}

export interface ControlSocket {
  readonly stop: () => void;
}

export function controlSocketPath(dataDir: string): string {
  return join(dataDir, 'control.sock');
}

/** Call only after `isServerRunning` was false: a socket left by a dead process is removed. */
export function openControlSocket(dataDir: string, actions: ControlActions): ControlSocket {
  const path = controlSocketPath(dataDir);
  if (existsSync(path)) unlinkSync(path);
  const server = Bun.serve({
    unix: path,
    development: false,
    fetch: async (request) => {
      if (new URL(request.url).pathname === '/reload') await actions.reload();
      return new Response('ok');
    },
    error: () => new Response('failed', { status: 500 }),
  });
  chmodSync(path, 0o600);
  return {
    stop: () => {
      server.stop(true).catch(() => {});
      if (existsSync(path)) unlinkSync(path);
    },
  };
}

/** True when a server answers on this data folder. */
export async function isServerRunning(dataDir: string): Promise<boolean> {
  return (await ask(dataDir, '/ping')) === 'done';
}

/** Answers after the running server, if any, has taken the change in; false when there is one and it could not yet. */
export async function notifyServer(dataDir: string): Promise<boolean> {
  return (await ask(dataDir, '/reload')) !== 'failed';
}

async function ask(dataDir: string, path: string): Promise<'done' | 'failed' | 'nobody'> {
  const unix = controlSocketPath(dataDir);
  if (!existsSync(unix)) return 'nobody';
  const signal = AbortSignal.timeout(REPLY_MS_MAX);
  try {
    const response = await fetch(`http://localhost${path}`, { unix, signal });
    return response.ok ? 'done' : 'failed';
  } catch {
    // A socket that a dead process left refuses the connection; a living one that is too busy lets us wait.
    return signal.aborted ? 'failed' : 'nobody';
  }
}
