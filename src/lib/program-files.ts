// Where the files lie that the program opens by name: its threads, and what pages load. Among the sources each is in its
// room; `npm run build` puts threads under the same names into dist/, beside the program, and the rest into dist/assets/.
import { fileURLToPath } from 'node:url';

const HERE = import.meta.url;
const IS_BUILT = !HERE.endsWith('.ts');

/** The address of a thread's entry, for `new Worker`. `name` is its path below src/ without the ending. */
export function threadUrl(name: string): string {
  return new URL(IS_BUILT ? `./${name}.js` : `../${name}.ts`, HERE).href;
}

/** The path of a file that pages load; `source` is its address where the sources run. */
export function assetPath(name: string, source: () => string): string {
  return fileURLToPath(IS_BUILT ? new URL(`./assets/${name}`, HERE).href : source());
}
