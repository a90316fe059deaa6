// Decides whether a request that changes something comes from our own pages (security.md T12). A pure rule over headers.
// Every browser of the last years sends Sec-Fetch-Site on TLS and localhost, and Origin on every POST.

export interface OriginFacts {
  /** Value of Sec-Fetch-Site, which no script can set. */
  readonly fetchSite: string | null;
  readonly origin: string | null;
  /** The Host header: a page of another site cannot make a browser send ours with its own Origin. */
  readonly host: string | null;
  /** PUBLIC_URL, for servers behind a proxy that rewrites Host. */
  readonly publicUrl: string | null;
  /** Origins that CORS lets send cookies: they are heard, but must show the token. */
  readonly allowedOrigins: readonly string[];
}

/** `own`: proved to come from here. `foreign`: refused whatever else it carries. `unproved`: needs the CSRF token. */
export function judgeOrigin(facts: OriginFacts): 'own' | 'foreign' | 'unproved' {
  const { fetchSite, origin, allowedOrigins } = facts;
  if (origin !== null && allowedOrigins.includes(origin)) return 'unproved';
  if (fetchSite !== null) return fetchSite === 'same-origin' ? 'own' : 'foreign';
  if (origin === null) return 'unproved';
  return isOwnOrigin(facts, origin) ? 'own' : 'foreign';
}

function isOwnOrigin(facts: OriginFacts, origin: string): boolean {
  const given = parseOrigin(origin);
  if (!given) return false;
  const own = facts.publicUrl ? parseOrigin(facts.publicUrl) : null;
  if (own && own.origin === given.origin) return true;
  return facts.host !== null && given.host === facts.host.toLowerCase();
}

/** `null`, the origin of sandboxed frames and local files, is nobody's own. */
function parseOrigin(text: string): URL | null {
  const url = URL.parse(text);
  return url && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null;
}
