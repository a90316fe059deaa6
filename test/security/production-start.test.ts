// What production refuses to start with (the CVE class of empty and default secrets), and how the operator is told.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../src/config/config-error.ts';
import { loadConfig } from '../../src/config/load-config.ts';

const GOOD = {
  APP_ENV: 'prod',
  API_TOKEN_PEPPER: 'p'.repeat(40),
  SESSION_SECRET: 's'.repeat(40),
  MASTER_KEY: 'm'.repeat(40),
};
let workDir = '';
beforeEach(() => {
  workDir = mkdtempSync(join(tmpdir(), 'tollgate-start-'));
});
afterEach(() => rmSync(workDir, { recursive: true, force: true }));

function problems(environment: Record<string, string>): string {
  try {
    loadConfig({ workDir, environment: { ...GOOD, ...environment } });
    return '';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.join('\n');
  }
}

test('production starts with good secrets and nothing else', () => {
  expect(problems({})).toBe('');
});

const REFUSED: readonly (readonly [what: string, environment: Record<string, string>, named: RegExp])[] = [
  ['an empty secret', { SESSION_SECRET: '' }, /^SESSION_SECRET: not set/],
  ['a blank secret', { API_TOKEN_PEPPER: '   ' }, /^API_TOKEN_PEPPER: not set/],
  ['a short secret', { MASTER_KEY: 'short' }, /^MASTER_KEY: has 5 characters/],
  ['a well-known secret', { API_TOKEN_PEPPER: 'change-me-token-pepper' }, /well-known default/],
  ['a short master key', { PROXY_API_KEY: 'abc' }, /^PROXY_API_KEY: has 3 characters/],
  [
    'a default master key',
    { PROXY_API_KEY: 'VerysecretKey-0123456789' },
    /^PROXY_API_KEY: looks like a default/,
  ],
  ['a cookie without Secure', { SESSION_COOKIE_SECURE: 'false' }, /^SESSION_COOKIE_SECURE/],
  [
    'every origin with cookies',
    { CORS_ALLOW_ORIGINS: '*', CORS_ALLOW_CREDENTIALS: 'true' },
    /^CORS_ALLOW_ORIGINS/,
  ],
  ['a proxy that is no address', { TRUSTED_PROXIES: 'nginx' }, /^TRUSTED_PROXIES: given "nginx"/],
  ['a range that is none', { ALLOW_PRIVATE_UPSTREAMS: '10.0.0.0/99' }, /^ALLOW_PRIVATE_UPSTREAMS/],
];
for (const [what, environment, named] of REFUSED) {
  test(`production refuses ${what}, naming the setting`, () => expect(problems(environment)).toMatch(named));
}

test('T35: production refuses an environment that switches TLS checks off or prints provider keys', () => {
  expect(problems({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toMatch(/^NODE_TLS_REJECT_UNAUTHORIZED/);
  expect(problems({ BUN_CONFIG_VERBOSE_FETCH: 'curl' })).toMatch(/^BUN_CONFIG_VERBOSE_FETCH/);
  const dev = loadConfig({ workDir, environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  expect(dev.warnings.join()).toContain('NODE_TLS_REJECT_UNAUTHORIZED');
});

test('a proxy from the environment is named, its password is not', () => {
  const environment = { ...GOOD, HTTPS_PROXY: 'http://bob:hunter22@proxy.example:3128' };
  const warnings = loadConfig({ workDir, environment }).warnings.join('\n');
  expect(warnings).toContain('proxy.example:3128');
  expect(warnings).not.toContain('hunter22');
});

test('production refuses files that others may read or a folder that others may write in', () => {
  const data = join(workDir, 'data');
  mkdirSync(data);
  chmodSync(data, 0o777);
  expect(problems({})).toContain('chmod 700');
  chmodSync(data, 0o700);
  writeFileSync(join(data, 'secrets.json'), '{}');
  chmodSync(join(data, 'secrets.json'), 0o644);
  expect(problems({})).toContain('chmod 600');
  rmSync(join(data, 'secrets.json'));
  writeFileSync(join(workDir, '.env'), 'LOG_LEVEL=info\n');
  chmodSync(join(workDir, '.env'), 0o640);
  expect(problems({})).toContain('.env');
});

test('ALLOW_INSECURE_DEFAULTS lets it start and says so loudly', () => {
  const config = loadConfig({ workDir, environment: { APP_ENV: 'prod', ALLOW_INSECURE_DEFAULTS: 'true' } });
  expect(config.warnings.join()).toContain('ALLOW_INSECURE_DEFAULTS is on in production');
});
