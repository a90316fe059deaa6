// One plain form of a path decides both routing and rights (security.md T39). Everything else is refused, never mended.

const MODEL_NAME_PATH = /^\/v1(beta)?\/models\/./;

export interface CanonicalTarget {
  readonly path: string;
  /** With its question mark, or empty. */
  readonly query: string;
}

/** Null when the path is not in its plain form: encoded slashes or dots, doubled slashes, backslashes, `;`, control bytes. */
export function canonicalTarget(url: string): CanonicalTarget | null {
  const afterScheme = url.indexOf('://');
  // With a strange Host header Bun gives a bare path (security fact B1); the path is all we need.
  const pathStart = afterScheme < 0 ? 0 : url.indexOf('/', afterScheme + 3);
  if (pathStart < 0) return { path: '/', query: '' };
  const hash = url.indexOf('#', pathStart);
  const end = hash < 0 ? url.length : hash;
  const mark = url.indexOf('?', pathStart);
  const pathEnd = mark < 0 || mark > end ? end : mark;
  const path = url.slice(pathStart, pathEnd);
  if (!isPlain(path)) return null;
  return { path, query: pathEnd === end ? '' : url.slice(pathEnd, end) };
}

function isPlain(path: string): boolean {
  if (path.charCodeAt(0) !== 47) return false;
  if (path.includes('//') || path.includes('\\') || path.includes(';')) return false;
  if (path.includes('/./') || path.includes('/../') || path.endsWith('/..') || path.endsWith('/.'))
    return false;
  if (!path.includes('%')) return true;
  // SDKs encode the slash of a model's name. The name is looked up in a list, never walked as a path.
  const checked = MODEL_NAME_PATH.test(path) ? path.replaceAll(/%2f/gi, '') : path;
  return !/%(2f|5c|2e|25|3b|[01][0-9a-f]|7f)/i.test(checked);
}
