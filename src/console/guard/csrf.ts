// Protects changes made by cookie: same-origin proof or the session's token, on forms and JSON alike (security.md T12).
import { appError } from '../../errors/app-error.ts';
import { isCsrfTokenOf } from '../../services/people/sessions.ts';
import { judgeOrigin } from './same-origin.ts';
import type { Visitor } from './visitor.ts';

/** Header of scripts; pages put the same token in the form field `csrf_token`. */
export const CSRF_HEADER = 'x-csrf-token';
export const CSRF_FIELD = 'csrf_token';

export interface CsrfPolicy {
  readonly publicUrl: string | null;
  /** Origins that CORS lets send cookies; empty for nearly everybody. */
  readonly allowedOrigins: readonly string[];
}

/**
 * Throws AppError `csrf_failed` unless the change comes from our own pages or carries the session's token.
 * Without a session (signing in, setting up) there is no token: a foreign origin is refused, the absence of any is not,
 * because nothing of a victim's is at stake but the session that the caller is about to get.
 */
export function requireOwnChange(
  policy: CsrfPolicy,
  request: { readonly headers: Headers; readonly visitor: Visitor; readonly token: string | null },
): void {
  const { headers, visitor, token } = request;
  // A key in a header is sent by programs only: no browser adds it by itself.
  if (visitor.keyPrincipal) return;
  const verdict = judgeOrigin({
    fetchSite: headers.get('sec-fetch-site'),
    origin: headers.get('origin'),
    host: headers.get('host'),
    publicUrl: policy.publicUrl,
    allowedOrigins: policy.allowedOrigins,
  });
  if (verdict === 'own') return;
  if (verdict === 'foreign') throw appError('csrf_failed', { internal: 'foreign origin' });
  if (!visitor.session) return;
  if (token !== null && isCsrfTokenOf(visitor.session.token, token)) return;
  throw appError('csrf_failed', { internal: 'neither same-origin proof nor token' });
}
