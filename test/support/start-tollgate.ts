// A whole Tollgate in this process: a free port, a data folder of its own, a user and a key. Ended and removed by stop().
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../src/cli/start-server.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createUser } from '../../src/services/create-user.ts';
import { type IssueKeyRequest, issueKey } from '../../src/services/issue-key.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';

export interface TestTollgate {
  readonly url: string;
  readonly dataDir: string;
  /** An API key of the user below. */
  readonly key: string;
  readonly keyId: string;
  readonly userId: string;
  /** A connection of the test's own, for looking and for changing things behind the server's back. */
  readonly store: Store;
  /** A further key; the server knows it when this resolves. */
  readonly issueKey: (request?: Partial<IssueKeyRequest>) => Promise<{ token: string; id: string }>;
  /** Has the server look again at what was changed in the store. */
  readonly reload: () => Promise<void>;
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  /** Usage events in order of time, once everything settled so far has arrived in the store. */
  readonly usageEvents: (count: number) => Promise<UsageRow[]>;
  readonly stop: () => Promise<void>;
}

export type UsageRow = Awaited<ReturnType<typeof readEvents>>[number];

/** `environment` and `yaml` are all the configuration there is: nothing of this machine's leaks in. */
export async function startTollgate(
  environment: Record<string, string> = {},
  yaml: object | null = null,
): Promise<TestTollgate> {
  const workDir = mkdtempSync(join(tmpdir(), 'tollgate-test-'));
  // Every JSON text is YAML.
  if (yaml) writeFileSync(join(workDir, 'tollgate.yaml'), JSON.stringify(yaml));
  const load = () =>
    loadConfig({
      workDir,
      environment: { PORT: '0', LOG_LEVEL: 'error', DATA_DIR: join(workDir, 'data'), ...environment },
    });
  const config = load();
  const server = await startServer(config, load);
  const store = await openStore({ path: config.databasePath, mode: 'inline' });
  const reload = async () => {
    await fetch('http://localhost/reload', { unix: join(config.dataDir, 'control.sock') });
  };
  const user = await createUser(
    { store, clock: systemClock },
    { username: 'alice', passwordHash: null, role: 'user' },
  );
  const issue = async (request: Partial<IssueKeyRequest> = {}) => {
    const issued = await issueKey(
      { store, pepper: config.secrets.pepper, clock: systemClock },
      { userId: user.id, name: 'test', ...request },
    );
    await reload();
    return { token: issued.token, id: issued.row.id };
  };
  const { token: key, id: keyId } = await issue();
  const withKey = (headers: Record<string, string>) => ({ authorization: `Bearer ${key}`, ...headers });
  return {
    url: server.url,
    dataDir: config.dataDir,
    key,
    keyId,
    userId: user.id,
    store,
    issueKey: issue,
    reload,
    post: (path, body, headers = {}) =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...withKey(headers) },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (path, headers = {}) => fetch(`${server.url}${path}`, { headers: withKey(headers) }),
    usageEvents: (count) => untilEvents(store, count),
    stop: async () => {
      server.hasten();
      await server.stop();
      await store.close();
      rmSync(workDir, { recursive: true, force: true });
    },
  };
}

function readEvents(store: Store) {
  return store.read.selectFrom('usage_events').selectAll().orderBy('time_ms').orderBy('id').execute();
}

/** Waits until there are at least `count` events; then a moment longer, so that one too many shows. */
async function untilEvents(store: Store, count: number): Promise<UsageRow[]> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const rows = await readEvents(store);
    if (rows.length >= count || Date.now() > deadline) {
      await Bun.sleep(150);
      return readEvents(store);
    }
    await Bun.sleep(20);
  }
}
