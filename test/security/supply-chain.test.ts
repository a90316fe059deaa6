// T42: what is built and run is exactly what was reviewed. The attack: a package, an action or a base that changes under
// its name, or an install script that runs before anybody looked.
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly allowScripts: Record<string, boolean>;
  readonly trustedDependencies: readonly string[];
  readonly scripts: Record<string, string>;
}
interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly optional?: boolean;
  readonly resolved?: string;
  readonly link?: boolean;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as {
  readonly lockfileVersion: number;
  readonly packages: Record<string, Locked & Partial<Manifest>>;
};
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

describe('T42: dependencies', () => {
  test('T42: every direct one has an exact version, and the lockfile agrees', () => {
    const root = lock.packages[''];
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
      expect([name, lock.packages[`node_modules/${name}`]?.version]).toEqual([name, version]);
    }
    expect(root?.dependencies).toEqual(manifest.dependencies);
    expect(root?.devDependencies).toEqual(manifest.devDependencies);
  });

  test('T42: every package of the lockfile is held by a SHA-512, and none comes from a place of its own', () => {
    expect(locked.length).toBeGreaterThan(20);
    for (const [path, { integrity, resolved, link }] of locked) {
      expect([path, link ?? false]).toEqual([path, false]);
      expect([path, integrity?.startsWith('sha512-')]).toEqual([path, true]);
      expect([path, /^(git|file|http:)/.test(resolved ?? '')]).toEqual([path, false]);
    }
  });

  test("T42: no install script runs but the runtime's own", () => {
    const withScripts = locked
      .filter(([, each]) => each.hasInstallScript)
      .map(([path]) => path.replace(/^.*node_modules\//, ''));
    const allowed = Object.keys(manifest.allowScripts);
    expect(allowed).toEqual(['bun']);
    const production = locked.filter(([, each]) => each.hasInstallScript && !('dev' in each));
    expect(production.map(([path]) => path)).toEqual(['node_modules/bun']);
    expect(withScripts).toContain('bun');
    expect(manifest.trustedDependencies).toEqual([]);
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(manifest.scripts[name]).toBeUndefined();
  });

  test('T42: what runs is the pinned runtime', () => {
    expect(process.versions.bun).toBe(manifest.dependencies.bun ?? '');
  });
});

describe('T42: workflows', () => {
  const folder = join(ROOT, '.github/workflows');
  const workflows = existsSync(folder)
    ? readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const)
    : [];

  test('T42: there is one, and every action in any is pinned by its full commit', () => {
    expect(workflows.length).toBeGreaterThan(0);
    for (const [name, text] of workflows) {
      for (const match of text.matchAll(/^\s*-?\s*uses:\s*(\S+)/gm)) {
        expect([name, match[1]]).toEqual([name, expect.stringMatching(/@[0-9a-f]{40}$/)]);
      }
    }
  });

  test('T42: jobs have a read token only and no secret to steal', () => {
    for (const [name, text] of workflows) {
      expect([name, /^permissions:\n\s+contents: read$/m.test(text)]).toEqual([name, true]);
      expect([
        name,
        /secrets\.|pull_request_target|id-token:|packages: write|contents: write/.test(text),
      ]).toEqual([name, false]);
    }
  });
});

describe('T42: the container', () => {
  const dockerfile = read('deploy/Dockerfile');

  test('T42: it installs the lockfile without scripts, runs as a user without rights, and has a health check', () => {
    expect(dockerfile).toContain('npm ci --omit=dev --ignore-scripts');
    expect(dockerfile).toMatch(/^USER 10001:10001$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK /m);
    expect(dockerfile).toMatch(/^ENTRYPOINT \["/m);
    expect(dockerfile).toMatch(/^VOLUME \/app\/data$/m);
    expect(dockerfile).not.toMatch(/^ADD |:latest|curl|wget|--no-check/m);
    const user = dockerfile.lastIndexOf('\nUSER ');
    expect(dockerfile.slice(user)).not.toMatch(/^(RUN|COPY)/m);
  });

  test('T42: its root file system is read-only, it has no capabilities and no new privileges', () => {
    const compose = read('deploy/compose.yaml');
    for (const line of [
      'read_only: true',
      'cap_drop: [ALL]',
      'no-new-privileges:true',
      '127.0.0.1:8000:8000',
    ])
      expect(compose).toContain(line);
    const unit = read('deploy/tollgate.service');
    for (const line of [
      'DynamicUser=yes',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'CapabilityBoundingSet=\n',
    ])
      expect(unit).toContain(line);
  });

  test('T42: nothing but what it needs is sent to the build', () => {
    const ignored = read('.dockerignore').split('\n');
    expect(ignored[0]).toBe('**');
    expect(ignored.some((line) => /^!(data|\.env|\.git|test)/.test(line))).toBe(false);
  });
});
