// Guarantee: every wrong setting names itself, what was given and what is allowed; no secret is shown; production demands secrets.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig, parseTollgateYaml } from '../../src/config/load-config.ts';
import { PROVIDER_SETTINGS } from '../../src/config/provider-settings.ts';
import { SETTINGS } from '../../src/config/settings.ts';
import { problemsOf } from '../support/config-problems.ts';

let workDir: string;

beforeAll(() => {
  workDir = mkdtempSync(join(tmpdir(), 'tollgate-config-'));
});

afterAll(() => rmSync(workDir, { recursive: true, force: true }));

const load = (environment: Record<string, string>) => loadConfig({ workDir, environment });

const WRONG: readonly (readonly [name: string, given: string, says: string])[] = [
  ['PORT', 'http', 'PORT: given "http"; allowed: a whole number from 0 to 65535'],
  ['PORT', '70000', 'PORT: given "70000"; allowed: a whole number from 0 to 65535'],
  ['PORT', '', 'PORT: given ""; allowed: a whole number from 0 to 65535'],
  ['AUTH_MODE', 'everyone', 'AUTH_MODE: given "everyone"; allowed: users, legacy, both'],
  ['APP_ENV', 'live', 'APP_ENV: given "live"; allowed: dev, prod, production'],
  ['GLOBAL_TIMEOUT', 'soon', 'GLOBAL_TIMEOUT: given "soon"; allowed: a number of seconds from 1 to 86400'],
  ['SESSION_COOKIE_SECURE', 'maybe', 'SESSION_COOKIE_SECURE: given "maybe"; allowed: true or false'],
  ['TIMEZONE', 'Mars/Olympus', 'TIMEZONE: given "Mars/Olympus"; allowed: an IANA name such as Europe/Berlin'],
  ['DATABASE_URL', 'mysql://x', 'DATABASE_URL: given another kind of database; allowed: sqlite:///path'],
  ['TOLLGATE_CONFIG', 'gone.yaml', 'TOLLGATE_CONFIG: given "gone.yaml"; allowed: a file that exists'],
];

describe('settings', () => {
  for (const [name, given, says] of WRONG) {
    test(`${name}=${given} is refused by name`, () => {
      expect(problemsOf(() => load({ [name]: given }))).toEqual([says]);
    });
  }

  test('all problems are told at once', () => {
    expect(problemsOf(() => load({ PORT: 'x', AUTH_MODE: 'y' }))).toHaveLength(2);
  });

  test('* with credentials is refused', () => {
    const both = { CORS_ALLOW_ORIGINS: '*', CORS_ALLOW_CREDENTIALS: 'true' };
    expect(problemsOf(() => load(both))[0]).toStartWith('CORS_ALLOW_ORIGINS: given "*"');
  });

  test('seconds become milliseconds, decimals allowed', () => {
    expect(load({ TIMEOUT_CONNECT: '2.5' }).settings.TIMEOUT_CONNECT).toBe(2_500);
  });
});

describe('secrets', () => {
  test('are generated once in development, readable by the owner alone', () => {
    const first = load({ DATA_DIR: 'fresh' }).secrets;
    const path = join(workDir, 'fresh', 'secrets.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(workDir, 'fresh')).mode & 0o777).toBe(0o700);
    expect(load({ DATA_DIR: 'fresh' }).secrets).toEqual(first);
    expect(first.pepper).not.toBe(first.masterKey);
    expect(first.pepper.length).toBeGreaterThanOrEqual(43);
  });

  test('a damaged file is never written over', () => {
    load({ DATA_DIR: 'damaged' });
    const path = join(workDir, 'damaged', 'secrets.json');
    writeFileSync(path, '{');
    expect(problemsOf(() => load({ DATA_DIR: 'damaged' }))[0]).toContain('restore it from a backup');
    expect(readFileSync(path, 'utf8')).toBe('{');
  });

  test('are demanded in production: set, long, and not the well-known ones', () => {
    const given = {
      APP_ENV: 'prod',
      DATA_DIR: 'prod',
      SESSION_SECRET: 'short',
      API_TOKEN_PEPPER: 'change-me-token-pepper',
    };
    const problems = problemsOf(() => load(given));
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'API_TOKEN_PEPPER',
      'SESSION_SECRET',
      'MASTER_KEY',
    ]);
    expect(problems.join('\n')).not.toContain('change-me');
    expect(existsSync(join(workDir, 'prod'))).toBe(false);
  });
});

describe('.env', () => {
  test('a name nobody knows stops the start, one of the predecessor warns, and the real environment wins', () => {
    const dir = mkdtempSync(join(workDir, 'env-'));
    writeFileSync(join(dir, '.env'), 'PORT=1234\nOPENAI_API_KEY_2=sk-x\nOAUTH_REFRESH_INTERVAL=5\n');
    const config = loadConfig({ workDir: dir, environment: { PORT: '4321' } });
    expect(config.settings.PORT).toBe(4321);
    expect(config.environment.OPENAI_API_KEY_2).toBe('sk-x');
    expect(config.warnings[0]).toStartWith('OAUTH_REFRESH_INTERVAL');
    writeFileSync(join(dir, '.env'), 'PROT=1234\n');
    expect(problemsOf(() => loadConfig({ workDir: dir, environment: {} }))[0]).toStartWith(
      'PROT: is not a setting (in .env)',
    );
  });
});

describe('tollgate.yaml', () => {
  const problems = (text: string) => problemsOf(() => parseTollgateYaml(text, 'tollgate.yaml'));

  test('a mistake is told with path, value and what is allowed', () => {
    expect(problems('providers:\n  acme:\n    rotation: random\n')[0]).toBe(
      'tollgate.yaml: providers.acme.rotation: given "random"; Invalid option: expected one of "balanced"|"sequential"',
    );
    expect(problems('alias: {}\n')[0]).toContain('(top level)');
    expect(problems('aliases:\n  fast: gpt\n')[0]).toContain(
      'aliases.fast: given "gpt"; allowed: provider/model',
    );
    expect(problems('a: [\n')[0]).toContain('is not YAML');
  });

  test('a header that no request can carry is refused by name, its value never shown', () => {
    const refused = (line: string) => problems(`providers:\n  acme:\n    headers:\n      ${line}\n`);
    const at = 'tollgate.yaml: providers.acme.headers';
    expect(refused('"x bad": secret')).toEqual([
      `${at}.x bad: given (hidden); a header is named by letters, digits and hyphens`,
    ]);
    expect(refused('Content-Length: "9"')).toEqual([
      `${at}.Content-Length: given (hidden); Tollgate sets this header itself; leave it out`,
    ]);
    for (const value of ['"secret\\nx: y"', '"日本"'])
      expect(refused(`x-line: ${value}`)).toEqual([
        `${at}.x-line: given (hidden); a header's value is one line of Latin-1 characters`,
      ]);
    const good = parseTollgateYaml('providers:\n  acme:\n    headers:\n      X-Title: Größe\n', 'a.yaml');
    expect(good.providers?.acme?.headers).toEqual({ 'X-Title': 'Größe' });
  });

  test('provider keys are never shown', () => {
    const text = 'providers:\n  acme:\n    api_keys: [12345]\n';
    expect(problems(text).join()).not.toContain('12345');
  });
});

describe('docs/configuration.md', () => {
  const document = readFileSync(resolve(import.meta.dir, '../../docs/configuration.md'), 'utf8');
  const documented = [...document.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');
  const known = [...Object.keys(SETTINGS), ...PROVIDER_SETTINGS.map(({ name }) => name)];

  test('lists every setting', () => {
    expect(known.filter((name) => !documented.includes(name))).toEqual([]);
  });

  test('lists nothing that is no setting', () => {
    expect(documented.filter((name) => !known.includes(name))).toEqual([]);
  });

  test('tells each default as it is', () => {
    for (const [name, { fallback }] of Object.entries(SETTINGS)) {
      const row = document.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
      expect(row).toContain(
        fallback === null ? '| unset |' : `| ${fallback === '' ? 'empty' : `\`${fallback}\``} |`,
      );
    }
  });
});
