// What every command that touches data starts from: configuration, store, clock; closed again at the end.
import type { Command } from 'commander';
import { type Config, loadConfig } from '../config/load-config.ts';
import { createDataDir } from '../config/secrets.ts';
import { systemClock } from '../lib/clock.ts';
import { openStore, type Store } from '../store/open-store.ts';
import { notifyServer } from './control-socket.ts';

export interface CommandContext {
  readonly config: Config;
  readonly store: Store;
  readonly clock: typeof systemClock;
}

/** Adds `--data DIR`, which every command takes. */
export function withDataOption(command: Command): Command {
  return command.option('--data <dir>', 'data folder (default: DATA_DIR or ./data)');
}

/** `--data` beats DATA_DIR. */
export function configOf(options: { readonly data?: string }): Config {
  return loadConfig(options.data === undefined ? {} : { overrides: { DATA_DIR: options.data } });
}

/** Runs `act` on an open store. */
export async function withStore<T>(
  options: { readonly data?: string },
  act: (context: CommandContext) => Promise<T>,
): Promise<T> {
  const config = configOf(options);
  createDataDir(config.dataDir);
  const store = await openStore({ path: config.databasePath, mode: 'inline' });
  try {
    return await act({ config, store, clock: systemClock });
  } finally {
    await store.close();
  }
}

/** As withStore, and a server running on the same data folder knows of the change before the command ends. */
export async function withStoreChange<T>(
  options: { readonly data?: string },
  act: (context: CommandContext) => Promise<T>,
): Promise<T> {
  const config = configOf(options);
  const result = await withStore(options, act);
  if (!(await notifyServer(config.dataDir)))
    console.error('The running server could not take the change in yet; it tries again every half second.');
  return result;
}
