// A control plane on real parts: SQLite in a temporary folder, HTTP on a free port of 127.0.0.1, a clock that tests move.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../src/console/api/create-api.ts';
import type { ServerDesks } from '../../src/console/api/provider-routes.ts';
import {
  type ConsoleParts,
  type ConsoleSettings,
  createConsoleParts,
} from '../../src/console/console-parts.ts';
import { systemDoer } from '../../src/core/principal.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { newId } from '../../src/lib/id.ts';
import { silentLog } from '../../src/lib/log.ts';
import { createKeyIndex, type KeyIndex } from '../../src/services/key-index.ts';
import { createAccount } from '../../src/services/people/accounts.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';

export const PEPPER = 'test-pepper-test-pepper-test-pepper';
export const GOOD_PASSWORD = 'tiger lamp river 9';

export interface MovableClock extends Clock {
  readonly advance: (ms: number) => void;
}

export interface PeopleHouse {
  readonly url: string;
  readonly dir: string;
  readonly store: Store;
  readonly keys: KeyIndex;
  readonly parts: ConsoleParts;
  readonly clock: MovableClock;
  readonly addUser: (username: string, role?: 'admin' | 'user', password?: string) => Promise<string>;
  readonly client: () => Client;
  readonly close: () => Promise<void>;
}

export async function openPeopleHouse(
  options: {
    readonly settings?: Partial<ConsoleSettings>;
    readonly mode?: 'inline' | 'threaded';
    readonly busyTimeoutMs?: number;
  } = {},
): Promise<PeopleHouse> {
  const dir = mkdtempSync(join(tmpdir(), 'tollgate-people-'));
  const store = await openStore({
    path: join(dir, 'tollgate.db'),
    mode: options.mode ?? 'inline',
    busyTimeoutMs: options.busyTimeoutMs ?? 5_000,
  });
  const clock = movableClock();
  const keys = await createKeyIndex({ store, pepper: PEPPER, clock });
  const parts = await createConsoleParts({
    store,
    clock,
    log: silentLog,
    keys,
    settings: {
      production: false,
      pepper: PEPPER,
      sessionTtlMs: 86_400_000,
      sessionIdleMs: 7_200_000,
      cookieSecure: null,
      cookieSameSite: 'lax',
      publicUrl: null,
      credentialOrigins: [],
      retentionDays: 30,
      ...options.settings,
    },
  });
  const api = createApi({ ...parts, ...NO_SERVER });
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    development: false,
    fetch: (request, self) =>
      api.fetch(request, {
        // Tests name an address of their own in a header, as a trusted proxy would.
        address: request.headers.get('x-test-address') ?? self.requestIP(request)?.address ?? null,
        requestId: newId('req'),
      }),
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    dir,
    store,
    keys,
    parts,
    clock,
    addUser: async (username, role = 'user', password = GOOD_PASSWORD) => {
      const account = { username, password, role, isActive: true };
      return (await createAccount(parts, { doer: systemDoer('test'), account })).id;
    },
    client: () => createClient(url),
    close: async () => {
      await server.stop(true);
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** There is no running server here: provider routes are tested on a whole Tollgate. */
const nothing = () => Promise.reject(new Error('no server here'));
export const NO_SERVER: ServerDesks = {
  providers: {
    list: async () => [],
    choices: () => [],
    add: nothing,
    test: nothing,
    setEnabled: nothing,
    remove: nothing,
    names: async () => new Map(),
  },
  models: {
    names: async () => [],
    list: async () => [],
    aliases: () => [],
    fallbacks: () => [],
    lines: () => [],
  },
};

function movableClock(): MovableClock {
  let ahead = 0;
  return {
    nowMs: () => systemClock.nowMs() + ahead,
    monotonicMs: () => systemClock.monotonicMs(),
    advance: (ms) => {
      ahead += ms;
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
type AnyJson = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: AnyJson;
}

/** A program that keeps its cookie and its CSRF token, as the documents tell it to. */
export interface Client {
  cookie: string | null;
  csrf: string | null;
  key: string | null;
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  readonly get: (path: string) => Promise<Answer>;
  readonly signIn: (username: string, password?: string) => Promise<Answer>;
}

function createClient(url: string): Client {
  const client: Client = {
    cookie: null,
    csrf: null,
    key: null,
    send: async (method, path, body, extra = {}) => {
      const headers = new Headers();
      if (client.cookie) headers.set('cookie', client.cookie);
      if (client.csrf && method !== 'GET') headers.set('x-csrf-token', client.csrf);
      if (client.key) headers.set('authorization', `Bearer ${client.key}`);
      if (body !== undefined) headers.set('content-type', 'application/json');
      for (const [name, value] of Object.entries(extra)) headers.set(name, value);
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      const response = await fetch(`${url}${path}`, { ...init, redirect: 'manual' });
      const text = await response.text();
      const setCookie = response.headers.get('set-cookie');
      if (setCookie) client.cookie = setCookie.split(';')[0] ?? null;
      return { status: response.status, headers: response.headers, text, json: readJson(text) };
    },
    get: (path) => client.send('GET', path),
    signIn: async (username, password = GOOD_PASSWORD) => {
      const answer = await client.send('POST', '/auth/login', { username, password });
      if (answer.status === 200) client.csrf = answer.json.csrf_token;
      return answer;
    },
  };
  return client;
}

function readJson(text: string): AnyJson {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
