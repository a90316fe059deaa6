// Environment, .env files and tollgate.yaml to one frozen Config. The only reader of process.env.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { ConfigError } from './config-error.ts';
import { judgeRuntime } from './judge-runtime.ts';
import { type Environment, judgeNames, readSettings } from './read-settings.ts';
import { judgeSecrets, loadSecrets, type Secrets } from './secrets.ts';
import type { Settings } from './settings.ts';
import { type TollgateYaml, yamlSchema } from './yaml-schema.ts';

export interface Config {
  readonly settings: Settings;
  readonly production: boolean;
  readonly dataDir: string;
  readonly databasePath: string;
  readonly secrets: Secrets;
  /** The whole environment with the .env files merged in: provider settings are read from it by name pattern. */
  readonly environment: Environment;
  readonly yaml: TollgateYaml;
  readonly yamlPath: string | null;
  /** What the operator should know and what does not stop the start. */
  readonly warnings: readonly string[];
}

export interface LoadConfigOptions {
  /** From the command line, as if set in the environment. */
  readonly overrides?: Environment;
  readonly environment?: Environment;
  readonly workDir?: string;
}

/** Throws ConfigError that lists every wrong setting with what was given and what is allowed. */
export function loadConfig(options: LoadConfigOptions = {}): Config {
  const workDir = options.workDir ?? process.cwd();
  const files = readEnvFiles(workDir);
  const environment = { ...files.values, ...(options.environment ?? process.env), ...options.overrides };
  const settings = readSettings(environment);
  const dataDir = resolve(workDir, settings.DATA_DIR);
  const { yaml, yamlPath } = readYaml(workDir, settings.TOLLGATE_CONFIG);
  const production = settings.APP_ENV !== 'dev';
  const runtime = judgeRuntime(settings, { environment, dataDir, workDir });
  const mustHold = production && !settings.ALLOW_INSECURE_DEFAULTS;
  if (mustHold && runtime.problems.length > 0) {
    throw new ConfigError([...judgeSecrets(settings), ...runtime.problems]);
  }
  return Object.freeze({
    settings,
    production,
    dataDir,
    databasePath: databasePath(settings, workDir, dataDir),
    secrets: loadSecrets(settings, dataDir),
    environment,
    yaml,
    yamlPath,
    warnings: [...files.warnings, ...runtime.problems, ...runtime.warnings, ...insecureWarnings(settings)],
  });
}

interface EnvFiles {
  readonly values: Record<string, string>;
  readonly warnings: readonly string[];
}

/** `.env` first, then every other `*.env` in name order; nothing overrides what is set. */
function readEnvFiles(workDir: string): EnvFiles {
  const others = readdirSync(workDir).filter((name) => name.endsWith('.env') && name !== '.env');
  const values: Record<string, string> = {};
  const warnings: string[] = [];
  for (const name of ['.env', ...others.sort()]) {
    const path = join(workDir, name);
    if (!existsSync(path)) continue;
    const parsed = parseEnv(readFileSync(path, 'utf8')) as Record<string, string>;
    const { unknown, withoutEffect } = judgeNames(Object.keys(parsed));
    if (unknown.length > 0) {
      throw new ConfigError(
        unknown.map((key) => `${key}: is not a setting (in ${name}); docs/configuration.md lists all`),
      );
    }
    for (const key of withoutEffect) {
      warnings.push(`${key} (in ${name}) belongs to the predecessor and has no effect here`);
    }
    for (const [key, value] of Object.entries(parsed)) values[key] ??= value;
  }
  return { values, warnings };
}

function readYaml(workDir: string, given: string | null): { yaml: TollgateYaml; yamlPath: string | null } {
  const path = resolve(workDir, given ?? 'tollgate.yaml');
  if (existsSync(path)) return { yaml: parseTollgateYaml(readFileSync(path, 'utf8'), path), yamlPath: path };
  if (given === null) return { yaml: yamlSchema.parse({}), yamlPath: null };
  throw new ConfigError([`TOLLGATE_CONFIG: given ${JSON.stringify(given)}; allowed: a file that exists`]);
}

/** Throws ConfigError with path, value and what is allowed for every mistake. */
export function parseTollgateYaml(text: string, path: string): TollgateYaml {
  let document: unknown;
  try {
    document = parseYaml(text) ?? {};
  } catch (error) {
    throw new ConfigError([
      `${path}: is not YAML: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
  const parsed = yamlSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => {
      const place = issue.path.join('.') || '(top level)';
      // What is wrong with a name of the reader's own choice stands one level down.
      const message =
        issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
      return `${path}: ${place}: given ${shown(document, issue.path)}; ${message}`;
    }),
  );
}

function shown(document: unknown, path: readonly PropertyKey[]): string {
  if (path.some((part) => /api_keys|headers/.test(String(part)))) return '(hidden)';
  let value = document;
  for (const part of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[part];
  return JSON.stringify(value) ?? 'nothing';
}

function databasePath(settings: Settings, workDir: string, dataDir: string): string {
  if (!settings.DATABASE_URL) return join(dataDir, 'tollgate.db');
  return resolve(workDir, settings.DATABASE_URL.replace(/^sqlite(\+aiosqlite)?:\/\/\//, ''));
}

function insecureWarnings(settings: Settings): string[] {
  return settings.ALLOW_INSECURE_DEFAULTS && settings.APP_ENV !== 'dev'
    ? ['ALLOW_INSECURE_DEFAULTS is on in production: secrets may be missing or guessable. Turn it off.']
    : [];
}
