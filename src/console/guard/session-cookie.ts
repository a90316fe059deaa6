// The cookie that carries a session. `__Host-` binds it to this host, to TLS and to the path / (security.md T9);
// the plain name exists for plain http on the own machine only.

export interface CookiePolicy {
  readonly secure: boolean;
  readonly sameSite: 'lax' | 'strict' | 'none';
}

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;

/** Secure by choice, in production by default, and always when SameSite is none. */
export function cookiePolicy(facts: {
  readonly production: boolean;
  readonly secure: boolean | null;
  readonly sameSite: 'lax' | 'strict' | 'none';
}): CookiePolicy {
  const secure = facts.sameSite === 'none' ? true : (facts.secure ?? facts.production);
  return { secure, sameSite: facts.sameSite };
}

export function sessionCookieName(policy: CookiePolicy): string {
  return policy.secure ? '__Host-tollgate_session' : 'tollgate_session';
}

/** The token that the request's cookie carries, or null. Of two cookies of the name, neither is believed. */
export function readSessionCookie(header: string | null, policy: CookiePolicy): string | null {
  if (header === null) return null;
  const start = `${sessionCookieName(policy)}=`;
  const found = header
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(start))
    .map((part) => part.slice(start.length));
  return found.length === 1 ? (found[0] ?? null) : null;
}

export function writeSessionCookie(
  policy: CookiePolicy,
  session: { readonly token: string; readonly maxAgeSeconds: number },
): string {
  return cookie(policy, session.token, session.maxAgeSeconds);
}

export function clearSessionCookie(policy: CookiePolicy): string {
  return cookie(policy, '', 0);
}

function cookie(policy: CookiePolicy, value: string, maxAgeSeconds: number): string {
  const parts = [`${sessionCookieName(policy)}=${value}`, 'Path=/', 'HttpOnly'];
  parts.push(`SameSite=${SAME_SITE[policy.sameSite]}`, `Max-Age=${maxAgeSeconds}`);
  if (policy.secure) parts.push('Secure');
  return parts.join('; ');
}
