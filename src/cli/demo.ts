// `demo`: serves a throw-away data folder filled with synthetic users and usage, and removes it at the end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/load-config.ts';
import { createDataDir } from '../config/secrets.ts';
import { systemClock } from '../lib/clock.ts';
import { randomToken } from '../lib/id.ts';
import { openStore } from '../store/open-store.ts';
import { fillDemoHouse } from './demo-house.ts';
import { untilStopped } from './serve.ts';
import { startServer } from './start-server.ts';

const PASSWORD_BYTES = 9;

interface DemoOptions {
  readonly host?: string;
  readonly port?: string;
}

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .option('--host <host>', 'address to listen on (default: HOST or 127.0.0.1)')
    .option('--port <port>', 'port to listen on, 0 for a free one (default: PORT or 8000)')
    .description('serve a throw-away data folder with synthetic users and usage')
    .action(demo);
}

async function demo(options: DemoOptions): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-demo-'));
  try {
    const overrides = {
      DATA_DIR: dataDir,
      DEMO_PROVIDER: 'on',
      ...(options.host !== undefined && { HOST: options.host }),
      ...(options.port !== undefined && { PORT: options.port }),
    };
    const config = loadConfig({ overrides });
    createDataDir(config.dataDir);
    const password = randomToken(PASSWORD_BYTES);
    const store = await openStore({ path: config.databasePath, mode: 'inline' });
    const { pepper } = config.secrets;
    const house = await fillDemoHouse({ store, clock: systemClock, pepper, password });
    await store.close();
    const server = await startServer(config, () => loadConfig({ overrides }));
    console.log(`listening on ${server.url}`);
    console.log(`${house.events} synthetic requests; everything is removed when this ends`);
    console.log(`sign in at ${server.url}/ui as ${house.usernames.join(', ')} with the password ${password}`);
    console.log(`an API key to try: ${house.token}`);
    await untilStopped(server);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
