// Compiles the dashboard's one stylesheet: Tailwind and daisyUI over the classes that the views name. Offline and repeatable.
// The result is committed, so that a fresh clone and a production install need no compiler; a test holds it to its source.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compile, optimize } from '@tailwindcss/node';
import { Scanner } from '@tailwindcss/oxide';

const ROOT = resolve(import.meta.dir, '..');
export const STYLESHEET_PATH = join(ROOT, 'src/console/assets/dist/app.css');
const SOURCE_PATH = join(ROOT, 'src/console/assets/app.css');

/** The minified stylesheet as text: equal for equal sources. */
export async function buildStylesheet(): Promise<string> {
  const scanner = new Scanner({
    sources: [{ base: join(ROOT, 'src/console'), pattern: '**/*.{tsx,js}', negated: false }],
  });
  const compiler = await compile(readFileSync(SOURCE_PATH, 'utf8'), {
    base: join(ROOT, 'src/console/assets'),
    onDependency: () => {},
  });
  const css = compiler.build(scanner.scan().toSorted());
  return `${optimize(css, { minify: true }).code.trim()}\n`;
}

if (import.meta.main) {
  const css = await buildStylesheet();
  writeFileSync(STYLESHEET_PATH, css);
  process.stdout.write(`app.css: ${css.length} bytes, ${Bun.gzipSync(css).length} compressed\n`);
}
