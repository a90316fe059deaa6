// Matches model names against globs: `*` is any run of characters, slashes included; `?` is one character.
// Letter case does not count, so that a deny entry cannot be walked around by another spelling.

/** Linear time in practice and quadratic at worst: no regular expression, so no pattern can make it hang. */
export function matchesGlob(pattern: string, name: string): boolean {
  const glob = pattern.toLowerCase();
  const text = name.toLowerCase();
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (from < glob.length && glob[from] === '*') {
      star = from++;
      resume = at;
    } else if (from < glob.length && (glob[from] === '?' || glob[from] === text[at])) {
      from += 1;
      at += 1;
    } else if (star >= 0) {
      from = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (glob[from] === '*') from += 1;
  return from === glob.length;
}
