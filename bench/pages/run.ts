// `npm run bench:pages`: the time of every page at the server with three million events (PAGES_ROWS) in the store,
// as an admin who is also the busiest user. PAGES_DATA names a data folder to fill once and use again.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../src/cli/start-server.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createDataDir } from '../../src/config/secrets.ts';
import { ZONE_COOKIE } from '../../src/console/serving/frame-of.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { issueKey } from '../../src/services/issue-key.ts';
import { createPasswordHasher } from '../../src/services/passwords/password-hasher.ts';
import { openStore } from '../../src/store/open-store.ts';
import { insertUser } from '../../src/store/users.ts';
import { ADMIN_PAGES } from '../../test/browser/support/page-list.ts';
import { fillStore, USERS } from '../ledger/fill-store.ts';
import { type BenchPage, explorerPages } from './explorer-pages.ts';

const ROWS = Number(process.env.PAGES_ROWS ?? 3_000_000);
const TRIES = 7;
const PAGE_MS_MAX = 100;
const PASSWORD = 'tiger lamp river 9';
const kept = process.env.PAGES_DATA;
const dataDir = kept ?? join(mkdtempSync(join(tmpdir(), 'tollgate-pages-')), 'data');
const load = () =>
  loadConfig({
    workDir: tmpdir(),
    environment: { PORT: '0', LOG_LEVEL: 'error', DATA_DIR: dataDir, USAGE_RETENTION_DAYS: '3650' },
  });

const config = load();
if (!existsSync(config.databasePath)) await fill();
const server = await startServer(config, load);
const cookie = await signIn(server.url);
const missed: string[] = [];
for (const [name, page] of Object.entries({
  ...onUtc({ ...ADMIN_PAGES, ...(await singles()) }),
  ...explorerPages(systemClock.nowMs()),
})) {
  const { medianMs, firstMs, bytes } = await measure(page);
  const met = medianMs < PAGE_MS_MAX;
  if (!met) missed.push(name);
  const figures = `${medianMs.toFixed(1).padStart(8)} ms   first ${firstMs.toFixed(0).padStart(5)} ms`;
  console.log(`${met ? 'met   ' : 'MISSED'}  ${name.padEnd(32)} ${figures}   ${bytes} bytes of HTML`);
}
console.log(
  `${ROWS} events; bar ${PAGE_MS_MAX} ms at the median of ${TRIES}; missed: ${missed.join(', ') || 'none'}`,
);
server.hasten();
await server.stop();
if (!kept) rmSync(dataDir, { recursive: true, force: true });
process.exit(missed.length === 0 ? 0 : 1);

async function fill(): Promise<void> {
  createDataDir(config.dataDir);
  const store = await openStore({ path: config.databasePath, mode: 'inline' });
  const password_hash = await createPasswordHasher().hash(PASSWORD);
  for (let number = 0; number < USERS; number += 1) {
    const id = `usr_${number}`;
    const role = number === 0 ? 'admin' : 'user';
    await insertUser(store.write, {
      id,
      username: `user-${number}`,
      password_hash,
      role,
      is_active: 1,
      created_ms: systemClock.nowMs(),
      last_login_ms: null,
      imported_id: null,
    });
    await issueKey(
      { store, clock: systemClock, pepper: config.secrets.pepper },
      { userId: id, name: 'laptop' },
    );
  }
  await fillStore(store, ROWS, systemClock.nowMs());
  await store.close();
}

async function signIn(url: string): Promise<string> {
  const response = await fetch(`${url}/ui/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ username: 'user-0', password: PASSWORD }),
  });
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

async function singles(): Promise<Record<string, string>> {
  const list = await get(`${server.url}/ui/requests`);
  const request = /\/ui\/requests\/req_\w+/.exec(list)?.[0] ?? '/ui/requests';
  const keys = await get(`${server.url}/ui/keys`);
  const key = /\/ui\/keys\/key_\w+/.exec(keys)?.[0] ?? '/ui/keys';
  return { request, key, user: '/ui/admin/users/usr_1' };
}

function onUtc(paths: Readonly<Record<string, string>>): Record<string, BenchPage> {
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, { path, timeZone: 'UTC' }]));
}

async function get(url: string, timeZone = 'UTC'): Promise<string> {
  const cookies = `${cookie}; ${ZONE_COOKIE}=${encodeURIComponent(timeZone)}`;
  const response = await fetch(url, { headers: { cookie: cookies }, redirect: 'manual' });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}

async function measure({
  path,
  timeZone,
}: BenchPage): Promise<{ medianMs: number; firstMs: number; bytes: number }> {
  const times: number[] = [];
  let bytes = 0;
  for (let each = 0; each < TRIES; each += 1) {
    const started = performance.now();
    bytes = (await get(`${server.url}${path}`, timeZone)).length;
    times.push(performance.now() - started);
  }
  const firstMs = times[0] ?? 0;
  return { firstMs, medianMs: times.toSorted((a, b) => a - b)[TRIES >> 1] ?? 0, bytes };
}
