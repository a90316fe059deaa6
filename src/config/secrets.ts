// The three secrets of a house: given by the environment, or generated once and kept in the data folder (0600).
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskFault } from '../lib/disk-fault.ts';
import { errorCode } from '../lib/error-code.ts';
import { randomToken } from '../lib/id.ts';
import { syncFile } from '../lib/sync-file.ts';
import { ConfigError } from './config-error.ts';
import type { Settings } from './settings.ts';

export interface Secrets {
  readonly pepper: string;
  readonly sessionSecret: string;
  readonly masterKey: string;
}

/** Shorter secrets can be guessed; 32 characters of base64 are 192 bits. */
export const SECRET_CHARS_MIN = 32;

const ELSEWHERE = 'choose another folder with --data';
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
  writeWhole(path, made, `or ${ELSEWHERE}`);
  return made;
}

/** Puts another MASTER_KEY into the kept secrets. False when none are kept there: then it comes from the environment. */
export function keepMasterKey(dataDir: string, masterKey: string): boolean {
  const path = join(dataDir, 'secrets.json');
  if (!existsSync(path)) return false;
  writeWhole(path, { ...readKept(path), masterKey }, 'then run this again with the same new MASTER_KEY');
  return true;
}

/** What stood there before stays until all of it is written. Throws ConfigError; then no half file is left. */
function writeWhole(path: string, secrets: Secrets, otherwise: string): void {
  const draft = `${path}.new`;
  try {
    writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    // Renamed before it is on the disk, a power cut could leave an empty file in its place.
    syncFile(draft);
    renameSync(draft, path);
  } catch (error) {
    if (existsSync(draft)) rmSync(draft);
    throw refusal(path, 'written', { error, otherwise });
  }
}

/** Creates the data folder, open to its owner alone. */
export function createDataDir(dataDir: string): void {
  if (existsSync(dataDir)) return;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    chmodSync(dataDir, 0o700);
  } catch (error) {
    throw refusal(dataDir, 'created', { error, otherwise: `or ${ELSEWHERE}` });
  }
}

interface Refusal {
  readonly error: unknown;
  /** What follows the mend. */
  readonly otherwise: string;
}

function refusal(path: string, verb: 'written' | 'created', { error, otherwise }: Refusal): ConfigError {
  const said = `${path}: cannot be ${verb}`;
  switch (diskFault(error, path)) {
    case 'full':
      return new ConfigError([`${said}, the disk is full; nothing was lost: make room, ${otherwise}`]);
    case 'forbidden':
      return new ConfigError([
        `${said} (${errorCode(error)}); give this user write permission on the folder, ${otherwise}`,
      ]);
    default:
      return new ConfigError([`${said} (${textOf(error)}); mend that, ${otherwise}`]);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readKept(path: string): Secrets {
  const mend = 'restore it from a backup: without it no API key works';
  let kept: Partial<Secrets>;
  try {
    kept = JSON.parse(readFileSync(path, 'utf8')) as Partial<Secrets>;
  } catch (error) {
    throw new ConfigError([
      diskFault(error, path) === 'forbidden'
        ? `${path}: cannot be read (${errorCode(error)}); give this user read permission on it`
        : `${path}: cannot be read (${String(error)}); ${mend}`,
    ]);
  }
  const { pepper, sessionSecret, masterKey } = kept;
  if (!pepper || !sessionSecret || !masterKey) throw new ConfigError([`${path}: lacks a secret; ${mend}`]);
  return { pepper, sessionSecret, masterKey };
}
