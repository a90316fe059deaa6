// The control plane from the configuration: its parts, the JSON API, and how a newcomer gets in.
import type { ConsoleDoor } from '../app.ts';
import type { Config } from '../config/load-config.ts';
import { type ConsoleParts, createConsoleParts } from '../console/console-parts.ts';
import { readRequestId } from '../http/request-id.ts';
import { systemClock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import type { Log } from '../lib/log.ts';
import type { KeyIndex } from '../services/key-index.ts';
import { createInitialAdmin, setupPath } from '../services/people/setup.ts';
import { createPruneJob } from '../services/prune-job.ts';
import type { Store } from '../store/open-store.ts';
import type { Desks } from './compose-desks.ts';
import type { ComposedLimits } from './compose-limits.ts';

export interface ComposedConsole {
  readonly door: ConsoleDoor;
  readonly parts: ConsoleParts;
  /** Path and query of the one-time setup link, while there is no account; else null. */
  readonly setupLink: string | null;
  readonly notices: readonly string[];
}

export async function composeConsole(deps: {
  readonly config: Config;
  readonly store: Store;
  readonly log: Log;
  readonly keys: KeyIndex;
  readonly desks: Desks;
  readonly limits: ComposedLimits;
}): Promise<ComposedConsole> {
  const { config, store, log, keys, desks, limits } = deps;
  const { settings } = config;
  const parts = await createConsoleParts({
    store,
    clock: systemClock,
    log,
    keys,
    limits: { states: async () => limits.limiter.allStates(), reload: limits.reload },
    settings: {
      production: config.production,
      pepper: config.secrets.pepper,
      sessionTtlMs: settings.SESSION_TTL_SECONDS,
      sessionIdleMs: settings.SESSION_IDLE_SECONDS,
      cookieSecure: settings.SESSION_COOKIE_SECURE,
      cookieSameSite: settings.SESSION_COOKIE_SAMESITE,
      publicUrl: settings.PUBLIC_URL,
      credentialOrigins: settings.CORS_ALLOW_CREDENTIALS ? settings.CORS_ALLOW_ORIGINS : [],
      retentionDays: settings.USAGE_RETENTION_DAYS,
    },
  });
  const notices = await makeInitialAdmin(config, parts);
  let opened: Promise<OpenedConsole> | null = null;
  return {
    parts,
    notices,
    setupLink: parts.setup.code !== null && (await parts.setup.isOpen()) ? setupPath(parts.setup.code) : null,
    door: {
      handle: async (request, { address, path }) => {
        const caller = { address, requestId: readRequestId(request.headers, newId('req')) };
        opened ??= openConsole(parts, desks).catch((error) => {
          // The next visit tries again: a full file table now says nothing about later.
          opened = null;
          throw error;
        });
        const { api, pages } = await opened;
        return isPage(path) ? pages.fetch(request, caller) : api.fetch(request, caller);
      },
    },
  };
}

type OpenedConsole = Awaited<ReturnType<typeof openConsole>>;

/** Pages and API are loaded with the first visit: a server that only serves programs never carries them. */
async function openConsole(parts: ConsoleParts, desks: Desks) {
  const [{ createApi }, { createPages }, { createAssets }] = await Promise.all([
    import('../console/api/create-api.ts'),
    import('../console/pages/create-pages.ts'),
    import('../console/assets/create-assets.ts'),
  ]);
  const prune = createPruneJob(parts);
  const pages = createPages({ ...parts, ...desks, prune, assets: createAssets() });
  return { api: createApi({ ...parts, ...desks }), pages };
}

function isPage(path: string): boolean {
  return path === '/ui' || path.startsWith('/ui/');
}

async function makeInitialAdmin(config: Config, parts: ConsoleParts): Promise<string[]> {
  const { INITIAL_ADMIN_USERNAME: username, INITIAL_ADMIN_PASSWORD: password } = config.settings;
  if (!username || !password) return [];
  const made = await createInitialAdmin(parts, { username, password });
  return made ? [`created the admin ${username} from INITIAL_ADMIN_USERNAME`] : [];
}
