// Which models of a provider may be used and are shown: whitelist before ignore list before everything.
// What is hidden is also refused (the predecessor's E26 only hid it).

export interface ModelFilter {
  readonly ignore: readonly string[];
  readonly whitelist: readonly string[];
}

export const OPEN_FILTER: ModelFilter = { ignore: [], whitelist: [] };
const PATTERN_CHARS_MAX = 256;
const compiled = new Map<string, RegExp>();
const COMPILED_MAX = 4_096;

/** Patterns are matched against the name without and with its provider. */
export function allowsByFilter(filter: ModelFilter, provider: string, model: string): boolean {
  const matches = (pattern: string) =>
    matchesShell(pattern, model) || matchesShell(pattern, `${provider}/${model}`);
  return filter.whitelist.some(matches) || !filter.ignore.some(matches);
}

/** Shell globs: `*` any run, `?` one character, `[a-z]` and `[!a-z]` classes. Case does not count. */
export function matchesShell(pattern: string, name: string): boolean {
  let regex = compiled.get(pattern);
  if (!regex) {
    regex = toRegex(pattern.slice(0, PATTERN_CHARS_MAX));
    if (compiled.size < COMPILED_MAX) compiled.set(pattern, regex);
  }
  return regex.test(name);
}

function toRegex(pattern: string): RegExp {
  const source = pattern.replace(/\*+/g, '*').replace(/\[!?[^\]]+\]|[\s\S]/g, (token) => {
    if (token === '*') return '.*';
    if (token === '?') return '.';
    if (token.length > 2 && token.startsWith('[')) return toClass(token.slice(1, -1));
    return token.replace(/[\\^$.|+()[\]{}/-]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 'is');
}

function toClass(inner: string): string {
  const negated = inner.startsWith('!');
  const members = (negated ? inner.slice(1) : inner).replace(/[\\^\]]/g, '\\$&');
  return `[${negated ? '^' : ''}${members}]`;
}
