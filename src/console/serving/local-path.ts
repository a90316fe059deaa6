// Where to go after signing in. Only a page of ours is an answer: no open redirect (security.md T16). Pure.

const HOME = '/ui';

/** `next` when it is a plain path under /ui, else the overview. */
export function localPath(next: string | null | undefined): string {
  if (!next || next.length > 2000) return HOME;
  if (!/^\/ui(?:[/?]|$)/.test(next)) return HOME;
  // A slash or backslash twice, a control character or an encoded one could be read as another host somewhere on the way.
  if (/\/\/|[\\\p{Cc}\s]|%(?:0|1|2f|5c)/iu.test(next.split('?')[0] ?? '')) return HOME;
  if (/[\\\p{Cc}\s]/u.test(next)) return HOME;
  const url = URL.parse(next, 'http://tollgate.invalid');
  return url?.host === 'tollgate.invalid' && /^\/ui(?:\/|$)/.test(url.pathname) ? next : HOME;
}
