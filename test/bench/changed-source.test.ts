// Guarantee: what the bench compares with the product is built as it says: the one text changed, all else as it ships.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILDS } from '../../bench/rungs/tollgate.ts';
import { buildProgram } from '../../tools/build-program.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-changed-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** All code of a built program. */
async function codeOf(outdir: string): Promise<string> {
  const files = [...new Bun.Glob('**/*.js').scanSync(outdir)].sort();
  return files.map((file) => readFileSync(join(outdir, file), 'utf8')).join('\n');
}

test('SQLite NORMAL differs from the product in its pragma', async () => {
  const [full, normal] = [join(folder, 'full'), join(folder, 'normal')];
  await buildProgram({ outdir: full, ...BUILDS.full });
  await buildProgram({ outdir: normal, ...BUILDS.normal });
  const [shipped, changed] = [await codeOf(full), await codeOf(normal)];
  expect(changed).not.toContain('synchronous = FULL');
  expect(changed.split('synchronous = NORMAL')).toHaveLength(2);
  // Chunks are named by what is in them.
  const plain = (code: string) => code.replaceAll(/main-\w+\.js/g, '').replaceAll('= NORMAL', '= FULL');
  expect(plain(changed).length).toBe(plain(shipped).length);
}, 60_000);

test('a text that does not stand once in the source is an error, and nothing is built', async () => {
  const outdir = join(folder, 'none');
  const file = 'store/dialect/sqlite/open-database.ts';
  await expect(buildProgram({ outdir, changed: { file, from: 'PRAGMA none', to: '' } })).rejects.toThrow(
    "'PRAGMA none' does not stand once in src/store/dialect/sqlite/open-database.ts",
  );
  await expect(buildProgram({ outdir, changed: { file, from: 'PRAGMA', to: '' } })).rejects.toThrow(
    'does not stand once',
  );
  expect(await Bun.file(join(outdir, 'main.js')).exists()).toBe(false);
});
