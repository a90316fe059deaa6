// What must be true around a server before it may start in production: the runtime's own switches, the master key,
// the cookie, the modes of files. Pure over what it is handed; nothing here mends, everything names the mend.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './read-settings.ts';
import { SECRET_CHARS_MIN } from './secrets.ts';
import type { Settings } from './settings.ts';

export interface RuntimeVerdict {
  /** Stop the start in production. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Shorter master keys can be guessed over the network in time; people choose these by hand, hence less than for secrets. */
const MASTER_KEY_CHARS_MIN = 16;
const GUESSABLE = /^(change[-_]?me|secret|password|test|admin|mysecretkey|verysecretkey|your[-_])/i;

export function judgeRuntime(
  settings: Settings,
  facts: { readonly environment: Environment; readonly dataDir: string; readonly workDir: string },
): RuntimeVerdict {
  const anywhere = [...judgeSwitches(facts.environment), ...judgeModes(facts.dataDir)];
  const known = [...namedProxies(facts.environment), ...judgeTrust(settings.TRUSTED_PROXIES)];
  if (settings.APP_ENV === 'dev') return { problems: [], warnings: [...anywhere, ...known] };
  const production = [
    ...judgeMasterKey(settings.PROXY_API_KEY),
    ...judgeCookie(settings),
    ...judgeSecretFile(join(facts.workDir, '.env')),
  ];
  return { problems: [...anywhere, ...production], warnings: known };
}

/** Switches of the runtime that undo promises without a line in our configuration (security fact B6). */
function judgeSwitches(environment: Environment): string[] {
  const problems: string[] = [];
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED?.trim() === '0') {
    problems.push(
      'NODE_TLS_REJECT_UNAUTHORIZED: given "0", which accepts any certificate for provider keys to be sent to; allowed: unset. A private authority goes into NODE_EXTRA_CA_CERTS',
    );
  }
  if ((environment.BUN_CONFIG_VERBOSE_FETCH ?? '') !== '') {
    problems.push('BUN_CONFIG_VERBOSE_FETCH: is set, which prints provider keys to the log; allowed: unset');
  }
  return problems;
}

function judgeMasterKey(key: string | null): string[] {
  if (key === null) return [];
  if (GUESSABLE.test(key))
    return ['PROXY_API_KEY: looks like a default; allowed: a random value, or unset for no master key'];
  return key.length >= MASTER_KEY_CHARS_MIN
    ? []
    : [
        `PROXY_API_KEY: has ${key.length} characters; allowed: at least ${MASTER_KEY_CHARS_MIN}, better ${SECRET_CHARS_MIN}`,
      ];
}

function judgeCookie(settings: Settings): string[] {
  return settings.SESSION_COOKIE_SECURE === false
    ? [
        'SESSION_COOKIE_SECURE: given false; allowed in production: true or unset. Put a TLS proxy in front (deploy/compose.tls.yaml)',
      ]
    : [];
}

function judgeModes(dataDir: string): string[] {
  const folder = modeOf(dataDir);
  const open = folder !== null && (folder & 0o022) !== 0;
  return [
    ...(open ? [`${dataDir}: others may write in it; run: chmod 700 ${dataDir}`] : []),
    ...judgeSecretFile(join(dataDir, 'secrets.json')),
  ];
}

function judgeSecretFile(path: string): string[] {
  const mode = modeOf(path);
  return mode !== null && (mode & 0o077) !== 0
    ? [`${path}: others may read it, and it holds secrets; run: chmod 600 ${path}`]
    : [];
}

/** Proxies that Bun takes from the environment: every call to a provider goes through them. Never shows their passwords. */
function namedProxies(environment: Environment): string[] {
  return ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].flatMap((name) => {
    const value = environment[name]?.trim();
    if (!value) return [];
    const host = URL.parse(value)?.host ?? 'an address that cannot be read';
    return [`${name} is set: calls to providers go through ${host}`];
  });
}

function judgeTrust(proxies: readonly string[]): string[] {
  return proxies
    .filter((entry) => /\/0+$/.test(entry))
    .map((entry) => `TRUSTED_PROXIES contains ${entry}: everybody may claim any address`);
}

function modeOf(path: string): number | null {
  try {
    return statSync(path).mode;
  } catch {
    // Not there yet, or not to be seen: who opens it says why.
    return null;
  }
}
