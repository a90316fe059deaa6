// A whole Tollgate in this process with an empty data folder of its own: nobody has an account yet. Ended by stop().
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../../src/cli/start-server.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { createDataDir } from '../../../src/config/secrets.ts';
import { openStore, type Store } from '../../../src/store/open-store.ts';

export interface Dashboard {
  readonly url: string;
  /** Path and query of the setup link; empty when somebody has an account. */
  readonly setupLink: string;
  readonly stop: () => Promise<void>;
}

/** `seed` fills the store before the server opens it. */
export async function startDashboard(
  options: {
    readonly environment?: Record<string, string>;
    readonly seed?: (store: Store, pepper: string) => Promise<void>;
  } = {},
): Promise<Dashboard> {
  const workDir = mkdtempSync(join(tmpdir(), 'tollgate-browser-'));
  const load = () =>
    loadConfig({
      workDir,
      environment: {
        PORT: '0',
        LOG_LEVEL: 'error',
        DATA_DIR: join(workDir, 'data'),
        ...options.environment,
      },
    });
  const config = load();
  if (options.seed) {
    createDataDir(config.dataDir);
    const store = await openStore({ path: config.databasePath, mode: 'inline' });
    await options.seed(store, config.secrets.pepper);
    await store.close();
  }
  const server = await startServer(config, load);
  const link = server.notices.find((line) => line.includes('/ui/setup?'));
  return {
    url: server.url,
    setupLink: link?.slice(link.indexOf('/ui/setup?')) ?? '',
    stop: async () => {
      server.hasten();
      await server.stop();
      rmSync(workDir, { recursive: true, force: true });
    },
  };
}
