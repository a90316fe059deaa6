// The three secrets of a house: given by the environment, or generated once and kept in the data folder (0600).
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomToken } from '../lib/id.ts';
import { ConfigError } from './config-error.ts';
import type { Settings } from './settings.ts';

export interface Secrets {
  readonly pepper: string;
  readonly sessionSecret: string;
  readonly masterKey: string;
}

/** Shorter secrets can be guessed; 32 characters of base64 are 192 bits. */
export const SECRET_CHARS_MIN = 32;

const WRITABLE = 'give this user write permission on the folder, or choose another with --data';
const WELL_KNOWN = new Set(['change-me-session-secret', 'change-me-token-pepper']);
const SECRET_SETTINGS = ['API_TOKEN_PEPPER', 'SESSION_SECRET', 'MASTER_KEY'] as const;

/** What is wrong with the secrets for production; empty when nothing is. */
export function judgeSecrets(settings: Settings): string[] {
  return SECRET_SETTINGS.flatMap((name) => {
    const value = settings[name];
    if (!value)
      return [`${name}: not set; allowed: a random value, for example from: openssl rand -base64 48`];
    if (WELL_KNOWN.has(value)) return [`${name}: is the well-known default; allowed: a random value`];
    if (value.length >= SECRET_CHARS_MIN) return [];
    return [`${name}: has ${value.length} characters; allowed: at least ${SECRET_CHARS_MIN}`];
  });
}

/** Throws ConfigError in production when a secret is missing, default or short; generates what development lacks. */
export function loadSecrets(settings: Settings, dataDir: string): Secrets {
  const production = settings.APP_ENV !== 'dev';
  const problems = judgeSecrets(settings);
  if (production && problems.length > 0 && !settings.ALLOW_INSECURE_DEFAULTS) throw new ConfigError(problems);
  const { API_TOKEN_PEPPER: pepper, SESSION_SECRET: sessionSecret, MASTER_KEY: masterKey } = settings;
  if (pepper && sessionSecret && masterKey) return { pepper, sessionSecret, masterKey };
  const kept = keepSecrets(dataDir);
  return {
    pepper: pepper || kept.pepper,
    sessionSecret: sessionSecret || kept.sessionSecret,
    masterKey: masterKey || kept.masterKey,
  };
}

function keepSecrets(dataDir: string): Secrets {
  const path = join(dataDir, 'secrets.json');
  if (existsSync(path)) return readKept(path);
  createDataDir(dataDir);
  const made = { pepper: randomToken(32), sessionSecret: randomToken(32), masterKey: randomToken(32) };
  const draft = `${path}.new`;
  try {
    writeFileSync(draft, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    throw new ConfigError([`${path}: cannot be written (${codeOf(error)}); ${WRITABLE}`]);
  }
  return made;
}

/** Puts another MASTER_KEY into the kept secrets. False when none are kept there: then it comes from the environment. */
export function keepMasterKey(dataDir: string, masterKey: string): boolean {
  const path = join(dataDir, 'secrets.json');
  if (!existsSync(path)) return false;
  const draft = `${path}.new`;
  writeFileSync(draft, `${JSON.stringify({ ...readKept(path), masterKey }, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
  return true;
}

/** Creates the data folder, open to its owner alone. */
export function createDataDir(dataDir: string): void {
  if (existsSync(dataDir)) return;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    chmodSync(dataDir, 0o700);
  } catch (error) {
    throw new ConfigError([`${dataDir}: cannot be created (${codeOf(error)}); ${WRITABLE}`]);
  }
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}

function readKept(path: string): Secrets {
  const mend = 'restore it from a backup: without it no API key works';
  let kept: Partial<Secrets>;
  try {
    kept = JSON.parse(readFileSync(path, 'utf8')) as Partial<Secrets>;
  } catch (error) {
    throw new ConfigError([`${path}: cannot be read (${String(error)}); ${mend}`]);
  }
  const { pepper, sessionSecret, masterKey } = kept;
  if (!pepper || !sessionSecret || !masterKey) throw new ConfigError([`${path}: lacks a secret; ${mend}`]);
  return { pepper, sessionSecret, masterKey };
}
