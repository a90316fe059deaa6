// `npm run build`: the program in a few files of plain JavaScript, in dist/. The runtime starts them a quarter faster and in
// less memory than the sources, which it translates one by one. bin/tollgate runs them as long as no source is newer.
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BunPlugin } from 'bun';
import { ASSET_SOURCES } from '../src/console/assets/create-assets.ts';

const ROOT = resolve(import.meta.dir, '..');
const SOURCES = join(ROOT, 'src');
const MAIN = join(SOURCES, 'main.ts');
/** Threads are programs of their own; `threadUrl` of lib/program-files.ts finds them. */
export const THREADS = ['store/dialect/sqlite/worker.ts', 'ledger/token-counter-worker.ts'];

export interface BuildOptions {
  /** Replaced when all is built: a build that fails leaves it alone. */
  readonly outdir: string;
  /** A module that the program loads before anything else: the benchmark's ledger that writes nothing. */
  readonly preload?: string;
  /** A text that stands once in one of the sources and is built as another, for the benchmark. */
  readonly changed?: ChangedSource;
}

export interface ChangedSource {
  /** Below src/. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Builds the program from the sources of this checkout. Throws with what the bundler found wrong. */
export async function buildProgram({ outdir, preload, changed }: BuildOptions): Promise<void> {
  const unfinished = `${outdir}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  // Before the bundler, whose error for a folder that may not be written names no cause.
  mkdirSync(unfinished, { recursive: true });
  await Bun.build({
    entrypoints: [MAIN, ...THREADS.map((path) => join(SOURCES, path))],
    root: SOURCES,
    outdir: unfinished,
    target: 'bun',
    splitting: true,
    // Names and lines stay as they are: minified it would be a megabyte less in memory, and its stack traces unreadable.
    minify: false,
    tsconfig: join(ROOT, 'tsconfig.json'),
    plugins: [...(preload ? [loadsFirst(preload)] : []), ...(changed ? [await changes(changed)] : [])],
  });
  const assets = join(unfinished, 'assets');
  mkdirSync(assets);
  for (const [name, source] of Object.values(ASSET_SOURCES)) {
    const from = Bun.resolveSync(source, join(SOURCES, 'console/assets'));
    copyFileSync(from, join(assets, name));
  }
  rmSync(outdir, { recursive: true, force: true });
  renameSync(unfinished, outdir);
}

function loadsFirst(preload: string): BunPlugin {
  return {
    name: 'preload',
    setup: (build) => {
      build.onLoad({ filter: /src\/main\.ts$/ }, async ({ path }) => ({
        loader: 'ts',
        contents: `import ${JSON.stringify(preload)};\n${await Bun.file(path).text()}`,
      }));
    },
  };
}

async function changes({ file, from, to }: ChangedSource): Promise<BunPlugin> {
  const source = join(SOURCES, file);
  const parts = (await Bun.file(source).text()).split(from);
  if (parts.length !== 2) throw new Error(`'${from}' does not stand once in src/${file}`);
  return {
    name: 'changed source',
    setup: (build) => {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) =>
        path === source ? { loader: 'ts', contents: parts.join(to) } : undefined,
      );
    },
  };
}

/** `--if-possible`: who may not write here starts all the same, with the build that is there or with the sources. */
async function main(): Promise<void> {
  try {
    await buildProgram({ outdir: join(ROOT, 'dist') });
  } catch (error) {
    if (!process.argv.includes('--if-possible')) throw error;
    console.error(`nothing could be built (${(error as Error).message}); what is there runs`);
  }
}

if (import.meta.main) await main();
