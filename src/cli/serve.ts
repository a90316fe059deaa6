// `serve`: runs the server in the foreground until SIGTERM or SIGINT; a second signal hastens the end.
import type { Command } from 'commander';
import { loadConfig } from '../config/load-config.ts';
import { createLog } from '../lib/log.ts';
import { withDataOption } from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { isServerRunning } from './control-socket.ts';
import { type RunningServer, startServer } from './start-server.ts';

/** Flushing may hang on whatever broke; then the process ends all the same. */
const FATAL_MS_MAX = 10_000;

interface ServeOptions {
  readonly data?: string;
  readonly host?: string;
  readonly port?: string;
}

export function addServeCommand(program: Command): void {
  withDataOption(program.command('serve'))
    .option('--host <host>', 'address to listen on (default: HOST or 127.0.0.1)')
    .option('--port <port>', 'port to listen on, 0 for a free one (default: PORT or 8000)')
    .description('run the server in the foreground')
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const overrides = {
    ...(options.data !== undefined && { DATA_DIR: options.data }),
    ...(options.host !== undefined && { HOST: options.host }),
    ...(options.port !== undefined && { PORT: options.port }),
  };
  const config = loadConfig({ overrides });
  if (await isServerRunning(config.dataDir)) {
    throw new CommandFailed(
      `a server is already running on ${config.dataDir}; stop it or choose another --data`,
    );
  }
  const server = await startServer(config, () => loadConfig({ overrides }));
  // Before the line that tells others we are here: a signal that comes right after it must find us listening for it.
  const stopped = untilStopped(server);
  console.log(`listening on ${server.url}`);
  for (const line of server.notices) console.log(line);
  await stopped;
}

/** Resolves when the server has ended in good order; a second signal cuts what is still running. */
export function untilStopped(server: RunningServer): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false;
    const stop = (end: () => void) => {
      if (stopping) return server.hasten();
      stopping = true;
      server.stop().then(end, reject);
    };
    const onFatal = (error: unknown) => {
      tellFatal(error);
      setTimeout(() => process.exit(1), FATAL_MS_MAX).unref();
      stop(() => reject(new CommandFailed('ended after an error that nobody caught; start it again')));
      server.hasten();
    };
    process.on('SIGTERM', () => stop(resolve));
    process.on('SIGINT', () => stop(resolve));
    process.on('SIGHUP', () => void server.reloadConfig());
    process.on('uncaughtException', onFatal);
    process.on('unhandledRejection', onFatal);
  });
}

/** Such an error may have left anything half done: what is known is written down, and a fresh process is safer. */
function tellFatal(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  createLog({ level: 'error' }).error({ error: text }, 'an error that nobody caught; the server ends');
}
