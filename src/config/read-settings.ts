// Environment record to typed settings. Pure: the record is handed in. Every wrong setting names itself.
import { ConfigError } from './config-error.ts';
import { PROVIDER_SETTINGS, WITHOUT_EFFECT } from './provider-settings.ts';
import { rangeFault } from './range-fault.ts';
import { SETTINGS, type SettingName, type Settings } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws ConfigError that lists every problem at once. Secrets are never shown in it. */
export function readSettings(environment: Environment): Settings {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const { read, fallback, secret } = SETTINGS[name];
    const given = environment[name] ?? fallback;
    if (given === null || (fallback === null && given.trim() === '')) {
      values[name] = null;
      continue;
    }
    const parsed = read.safeParse(given);
    if (parsed.success) {
      values[name] = parsed.data;
      continue;
    }
    const shown = secret ? '(hidden)' : JSON.stringify(given);
    problems.push(`${name}: given ${shown}; ${parsed.error.issues[0]?.message ?? 'not allowed'}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const settings = values as Settings;
  const conflicts = findConflicts(settings);
  if (conflicts.length > 0) throw new ConfigError(conflicts);
  return settings;
}

function findConflicts(settings: Settings): string[] {
  const problems: string[] = [];
  if (settings.CORS_ALLOW_ORIGINS.includes('*') && settings.CORS_ALLOW_CREDENTIALS) {
    problems.push(
      'CORS_ALLOW_ORIGINS: given "*" with CORS_ALLOW_CREDENTIALS=true; allowed: named origins with credentials, or * without',
    );
  }
  if (settings.DATABASE_URL && !/^sqlite(\+aiosqlite)?:\/\/\//.test(settings.DATABASE_URL)) {
    problems.push('DATABASE_URL: given another kind of database; allowed: sqlite:///path');
  }
  for (const name of ['TRUSTED_PROXIES', 'ALLOW_PRIVATE_UPSTREAMS'] as const) {
    for (const entry of settings[name]) {
      const fault = rangeFault(entry);
      if (fault) problems.push(`${name}: ${fault}`);
    }
  }
  if (!isTimeZone(settings.TIMEZONE)) {
    problems.push(
      `TIMEZONE: given ${JSON.stringify(settings.TIMEZONE)}; allowed: an IANA name such as Europe/Berlin`,
    );
  }
  return problems;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export interface NameVerdict {
  readonly unknown: readonly string[];
  readonly withoutEffect: readonly string[];
}

/** Sorts the names of a `.env` file, where, unlike in a shell's environment, everything is meant for us. */
export function judgeNames(names: readonly string[]): NameVerdict {
  const withoutEffect = names.filter((name) => WITHOUT_EFFECT.some((pattern) => pattern.test(name)));
  const isKnown = (name: string) =>
    Object.hasOwn(SETTINGS, name) || PROVIDER_SETTINGS.some(({ pattern }) => pattern.test(name));
  return { unknown: names.filter((name) => !isKnown(name) && !withoutEffect.includes(name)), withoutEffect };
}
