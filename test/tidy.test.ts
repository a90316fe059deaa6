// Guarantee: the house rules of docs/architecture.md hold for every file. A rule that no check holds rots.
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { THREADS } from '../tools/build-program.ts';

const ROOT = resolve(import.meta.dir, '..');
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

const RANKS: readonly (readonly [prefix: string, rank: number])[] = [
  ['src/main.ts', 10],
  ['src/cli/', 9],
  ['src/app.ts', 8],
  ['src/gateway/', 7],
  ['src/console/', 7],
  ['src/jobs/', 7],
  ['src/services/', 6],
  ['src/ledger/', 5],
  ['src/limits/', 5],
  ['src/store/', 4],
  ['src/upstream/', 4],
  ['src/protocol/', 3],
  ['src/http/', 3],
  ['src/core/', 2],
  ['src/errors/', 1],
  ['src/config/', 1],
  ['src/lib/', 0],
  ['package.json', 0],
];

const OWNERS: readonly { what: string; pattern: RegExp; owner: RegExp }[] = [
  { what: 'process.env belongs to src/config', pattern: /process\.env|Bun\.env/, owner: /^src\/config\// },
  {
    what: 'SQLite belongs to src/store',
    pattern: /from 'bun:sqlite'/,
    owner: /^src\/(store|services\/import)/,
  },
  {
    what: 'outbound fetch belongs to src/upstream',
    pattern: /(?<![.\w])fetch\(/,
    owner: /^src\/(upstream|cli)\//,
  },
  {
    what: 'outbound sockets belong to src/upstream/wire',
    pattern: /Bun\.connect|from 'node:(net|tls|http|https)'.*\bconnect\b/,
    owner: /^src\/upstream\/wire\//,
  },
  {
    what: 'time belongs to src/lib/clock.ts',
    pattern: /Date\.now\(|performance\.now\(|new Date\(\)/,
    owner: /^src\/(lib\/clock\.ts|store\/migrate\.ts)/,
  },
  {
    what: 'randomness belongs to src/lib/id.ts',
    pattern: /Math\.random|randomUUID|randomBytes|getRandomValues/,
    owner: /^src\/lib\/id\.ts/,
  },
  {
    what: 'log output belongs to src/lib/log.ts and src/cli',
    pattern: /console\.(log|error|warn|info|debug)\(/,
    owner: /^src\/(lib\/log\.ts|cli\/|main\.ts)/,
  },
  { what: 'no code from text', pattern: /\beval\(|new Function\(/, owner: /^$/ },
  { what: 'no process is ever started by the server', pattern: /Bun\.spawn|child_process/, owner: /^$/ },
  { what: 'TLS checks are never switched off', pattern: /rejectUnauthorized:\s*false/, owner: /^$/ },
];

const BANNED_NAMES = /(^|[/-])(utils?|helpers?|common|misc|manager)(\.|-|\/|$)/;
const BANNED_TEXT: readonly { pattern: RegExp; instead: string }[] = [
  { pattern: /\bTODO\b|\bFIXME\b|\bXXX\b/, instead: 'an issue; main carries no notes to self' },
  { pattern: /@ts-ignore|@ts-nocheck/, instead: 'a type that is true' },
];

const sources = walk(join(ROOT, 'src')).filter((path) => /\.tsx?$/.test(path));
const files = new Map(sources.map((path) => [relative(ROOT, path), readFileSync(path, 'utf8')]));
const tests = walk(join(ROOT, 'test')).filter((path) => /\.tsx?$/.test(path));
const bench = walk(join(ROOT, 'bench')).filter((path) => /\.tsx?$/.test(path));
const tools = walk(join(ROOT, 'tools')).filter((path) => /\.tsx?$/.test(path));
const allCode = [...sources, ...tests, ...bench, ...tools].map((path) => relative(ROOT, path));

describe('tidy', () => {
  test('every file has a rank and imports only from a lower one, or from its own room', () => {
    const wrong: string[] = [];
    for (const [path, text] of files) {
      for (const target of importsOf(path, text)) {
        const from = rankOf(path);
        const to = rankOf(target);
        if (roomOf(path) === roomOf(target)) continue;
        if (to >= from) wrong.push(`${path} (rank ${from}) imports ${target} (rank ${to})`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('there are no import cycles', () => {
    expect(findCycle(new Map([...files].map(([path, text]) => [path, importsOf(path, text)])))).toBeNull();
  });

  test('each effect has one owner', () => {
    const wrong: string[] = [];
    for (const [path, text] of files) {
      for (const { what, pattern, owner } of OWNERS) {
        const line = text.split('\n').findIndex((each) => pattern.test(stripComment(each)));
        if (line >= 0 && !owner.test(path)) wrong.push(`${path}:${line + 1}: ${what}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test(`files stay under ${FILE_LINES_MAX} lines, functions under ${FUNCTION_LINES_MAX}`, () => {
    const wrong: string[] = [];
    for (const path of allCode) {
      const text = readFileSync(join(ROOT, path), 'utf8');
      const lines = text.split('\n');
      if (lines.length > FILE_LINES_MAX) wrong.push(`${path} has ${lines.length} lines`);
      if (!path.startsWith('src/')) continue;
      for (const { line, length } of longFunctions(lines))
        wrong.push(`${path}:${line} is a function of ${length} lines`);
    }
    expect(wrong).toEqual([]);
  });

  test('names are the words of the field, in kebab case', () => {
    const wrong = allCode.filter(
      (path) => BANNED_NAMES.test(path) || /[A-Z_]/.test(path.split('/').at(-1) ?? ''),
    );
    expect(wrong).toEqual([]);
  });

  test('every source file opens with what it owns', () => {
    const wrong = [...files]
      .filter(([, text]) => !/^(#!.*\n)?(\/\/|\/\*\*? @jsx)/.test(text))
      .map(([path]) => path);
    expect(wrong).toEqual([]);
  });

  test('banned text stays out', () => {
    const wrong: string[] = [];
    for (const [path, text] of files) {
      for (const { pattern, instead } of BANNED_TEXT)
        if (pattern.test(text)) wrong.push(`${path}: use ${instead}`);
    }
    expect(wrong).toEqual([]);
  });

  // The foundations were laid first; before the entry exists nobody can use all of them.
  test.skipIf(!files.has('src/main.ts'))('every source file is imported by somebody', () => {
    const entries = new Set(['src/main.ts', ...THREADS.map((path) => `src/${path}`)]);
    const imported = new Set<string>();
    for (const path of allCode) {
      const text = readFileSync(join(ROOT, path), 'utf8');
      for (const target of importsOf(path, text)) imported.add(target);
    }
    expect(
      [...files.keys()].filter(
        (path) => !imported.has(path) && !entries.has(path) && !isAsset(path) && !path.endsWith('.d.ts'),
      ),
    ).toEqual([]);
  });

  test('no path of a machine and no registry host stands in any file', () => {
    const wrong = trackedText().filter(([, text]) =>
      /\/home\/[a-z]|\/Users\/[a-z]|registry\.npmjs|registry\.yarnpkg/.test(text),
    );
    expect(wrong.map(([path]) => path).filter((path) => path !== 'test/tidy.test.ts')).toEqual([]);
  });
});

function walk(folder: string): string[] {
  try {
    return readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      if (name === 'node_modules' || name === 'dist') return [];
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
  } catch {
    return [];
  }
}

function isAsset(path: string): boolean {
  return path.startsWith('src/console/assets/');
}

function rankOf(path: string): number {
  const row = RANKS.find(([prefix]) => path === prefix || path.startsWith(prefix));
  if (!row) throw new Error(`${path} lies in no room of the house`);
  return row[1];
}

function roomOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

function importsOf(path: string, text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
    found.push(relative(ROOT, resolve(ROOT, dirname(path), match[1] ?? '')));
  }
  return found;
}

function stripComment(line: string): string {
  return line.replace(/\/\/.*$/, '').replace(/^\s*\*.*$/, '');
}

function findCycle(graph: Map<string, string[]>): string | null {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (node: string, trail: string[]): string | null => {
    if (state.get(node) === 'done') return null;
    if (state.get(node) === 'open') return [...trail.slice(trail.indexOf(node)), node].join(' -> ');
    state.set(node, 'open');
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...trail, node]);
      if (cycle) return cycle;
    }
    state.set(node, 'done');
    return null;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node, []);
    if (cycle) return cycle;
  }
  return null;
}

/** Functions by indentation, which the formatter guarantees: from the opening line to the line that closes at its indent. */
function longFunctions(lines: string[]): { line: number; length: number }[] {
  const found: { line: number; length: number }[] = [];
  lines.forEach((line, index) => {
    if (!/(function\b.*|=>|^\s+(async |static |\*|#|get |set )*[\w#]+\(.*\).*) \{$/.test(line)) return;
    if (/^\s*(if|for|while|switch|else|describe|test)\b/.test(line)) return;
    const indent = line.length - line.trimStart().length;
    const end = lines.findIndex(
      (other, at) =>
        at > index && other.length - other.trimStart().length === indent && /^\s*[})]/.test(other),
    );
    if (end - index > FUNCTION_LINES_MAX) found.push({ line: index + 1, length: end - index });
  });
  return found;
}

function trackedText(): [string, string][] {
  const listed = Bun.spawnSync(['git', 'ls-files'], { cwd: ROOT })
    .stdout.toString()
    .split('\n')
    .filter(Boolean);
  return listed
    .filter((path) => !/\.(png|jpg|ico|woff2)$/.test(path))
    .filter((path) => statSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile() ?? false)
    .map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]);
}
