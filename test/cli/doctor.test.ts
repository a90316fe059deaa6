// Guarantee: doctor finds each of these planted faults, names its mend, changes nothing, and finds nothing in a good house.

import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveSealingKey, sealSecret } from '../../src/core/identity/sealed-secret.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createUser } from '../../src/services/create-user.ts';
import { openStore } from '../../src/store/open-store.ts';
import { insertProviderCredential } from '../../src/store/provider-credentials.ts';
import { updateUser } from '../../src/store/users.ts';
import { mayMount, mountSmallDisk, unmount } from '../support/small-disk.ts';

const TOLLGATE = join(import.meta.dir, '../../bin/tollgate');
const GOOD: Record<string, string> = {
  PATH: process.env.PATH ?? '',
  APP_ENV: 'prod',
  API_TOKEN_PEPPER: 'p'.repeat(40),
  SESSION_SECRET: 's'.repeat(40),
  MASTER_KEY: 'm'.repeat(40),
  OPENAI_API_KEY: 'sk-canary-doctor-0123456789',
};
let workDir = '';
let data = '';

beforeEach(async () => {
  workDir = mkdtempSync(join(tmpdir(), 'tollgate-doctor-'));
  data = join(workDir, 'data');
  mkdirSync(data, { mode: 0o700 });
  await withStore(async (store) => {
    await createUser({ store, clock: systemClock }, { username: 'root', passwordHash: null, role: 'admin' });
  });
});
afterEach(() => rmSync(workDir, { recursive: true, force: true }));

async function withStore(
  act: (store: Awaited<ReturnType<typeof openStore>>) => Promise<void>,
): Promise<void> {
  const store = await openStore({ path: join(data, 'tollgate.db'), mode: 'inline' });
  await act(store);
  await store.close();
}

async function doctor(environment: Record<string, string> = {}): Promise<{ status: number; output: string }> {
  const child = Bun.spawn([TOLLGATE, 'doctor'], {
    cwd: workDir,
    env: { ...GOOD, ...environment },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { status: await child.exited, output: out + err };
}

test('a good house has no fault, and no secret is shown', async () => {
  const { status, output } = await doctor();
  expect(output.split('\n').filter((line) => line.startsWith('fault'))).toEqual([]);
  expect(status).toBe(0);
  for (const secret of Object.values(GOOD))
    if (secret.length >= 20 && !secret.includes('/')) expect(output).not.toContain(secret);
});

interface Planted {
  readonly what: string;
  readonly plant?: () => void | Promise<void>;
  readonly environment?: Record<string, string>;
  /** In one line of the output: the fault and its mend. */
  readonly found: RegExp;
}

const PLANTED: readonly Planted[] = [
  {
    what: 'a short secret',
    environment: { SESSION_SECRET: 'short' },
    found: /^fault.*SESSION_SECRET.*at least 32/m,
  },
  {
    what: 'TLS checks switched off',
    environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    found: /^fault.*NODE_TLS_REJECT_UNAUTHORIZED.*NODE_EXTRA_CA_CERTS/m,
  },
  {
    what: 'a guessable master key',
    environment: { PROXY_API_KEY: 'mysecretkey' },
    found: /^fault.*PROXY_API_KEY.*random value/m,
  },
  {
    what: 'a folder open to others',
    plant: () => chmodSync(data, 0o755),
    found: /^fault.*open to others.*chmod 700/m,
  },
  {
    what: 'readable secrets',
    plant: () => writeFileSync(join(data, 'secrets.json'), '{}', { mode: 0o644 }),
    found: /^fault.*secrets\.json.*chmod 600/m,
  },
  {
    what: 'a damaged database',
    plant: () => {
      const path = join(data, 'tollgate.db');
      const bytes = readFileSync(path);
      bytes.fill(0x5a, 4_096, 40_960);
      writeFileSync(path, bytes);
    },
    found: /^fault database: .*(damaged|malformed).*tollgate restore/m,
  },
  {
    what: 'a database of a newer version',
    plant: () => {
      const db = new Database(join(data, 'tollgate.db'));
      db.run("INSERT INTO migrations (number, name, applied_ms) VALUES (9999, 'later', 0)");
      db.close();
    },
    found: /^fault database: .*schema 9999.*newer Tollgate/m,
  },
  {
    what: 'nobody who can administer',
    plant: () =>
      withStore(async (store) => {
        const [user] = await store.read.selectFrom('users').select('id').execute();
        await updateUser(store.write, user?.id ?? '', { is_active: 0 });
      }),
    found: /^fault accounts: .*none of them an active admin.*user create/m,
  },
  {
    what: 'a provider key under another MASTER_KEY',
    plant: () =>
      withStore(async (store) => {
        const sealed = sealSecret(deriveSealingKey('another'.repeat(6)), 'crd_1', 'sk-lost');
        const row = {
          id: 'crd_1',
          provider: 'openai',
          label: 'lost',
          sealed,
          masked: '…',
          priority: null,
          base_url: null,
          created_ms: 0,
        };
        await insertProviderCredential(store.write, row);
      }),
    found: /^fault stored provider keys: .*'lost'.*MASTER_KEY/m,
  },
  {
    what: 'a journal that set something aside',
    plant: () => {
      mkdirSync(join(data, 'journal/set-aside'), { recursive: true, mode: 0o700 });
      writeFileSync(join(data, 'journal/set-aside/0000000001.log'), 'torn');
    },
    found: /^fault journal: 1 damaged files.*check the disk/m,
  },
  {
    what: 'no provider in production',
    environment: { OPENAI_API_KEY: '' },
    found: /^fault providers: no provider key.*OPENAI_API_KEY/m,
  },
  {
    what: 'an unknown setting',
    plant: () => writeFileSync(join(workDir, '.env'), 'SESION_SECRET=x\n', { mode: 0o600 }),
    found: /^fault.*SESION_SECRET: is not a setting/m,
  },
  {
    what: 'development open to the network',
    environment: { APP_ENV: 'dev', HOST: '0.0.0.0' },
    found: /^fault network: 0\.0\.0\.0.*APP_ENV=prod/m,
  },
  {
    what: 'cookies without TLS',
    environment: { PUBLIC_URL: 'http://llm.example' },
    found: /^fault network: PUBLIC_URL.*https/m,
  },
];

describe('doctor finds', () => {
  for (const { what, plant, environment, found } of PLANTED) {
    test(what, async () => {
      await plant?.();
      const { status, output } = await doctor(environment);
      expect(output).toMatch(found);
      expect(status).toBe(1);
    });
  }
});

test.skipIf(!mayMount)('a disk that is mounted read-only is no matter of owners', async () => {
  const disk = mountSmallDisk('ro');
  const { status, output } = await doctor({ DATA_DIR: disk });
  unmount(disk);
  expect(output).toContain(
    `fault data folder: ${disk} lies on a disk that is mounted read-only. Mend: mount it for writing, or choose another with --data\n`,
  );
  expect(output).not.toContain('chown');
  expect(status).toBe(1);
});
