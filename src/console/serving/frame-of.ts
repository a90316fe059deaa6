// Makes the frame of a page out of a request: the reader, their zone and theme, the notice. Believes no cookie unchecked.
import type { LiveSession } from '../../services/people/sessions.ts';
import { isTimeZone } from '../views/format.ts';
import type { AssetUrls, Frame, Theme } from '../views/frame.ts';
import { noticeOf } from './notices.ts';

export const THEME_COOKIE = 'tollgate_theme';
export const ZONE_COOKIE = 'tollgate_zone';
const YEAR_SECONDS = 31_536_000;

export function frameOf(facts: {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly cookies: string | null;
  readonly session: LiveSession | null;
  readonly nowMs: number;
  readonly assets: AssetUrls;
}): Frame {
  const { session } = facts;
  const zone = readCookie(facts.cookies, ZONE_COOKIE);
  return {
    path: facts.path,
    viewer: session
      ? { id: session.principal.userId, name: session.principal.username, role: session.principal.role }
      : null,
    theme: themeOf(readCookie(facts.cookies, THEME_COOKIE)),
    csrf: session?.csrfToken ?? '',
    timeZone: zone !== null && isTimeZone(zone) ? zone : 'UTC',
    nowMs: facts.nowMs,
    assets: facts.assets,
    notice: noticeOf(facts.query),
  };
}

/** Choices of this browser; neither secret nor trusted. */
export function displayCookie(name: typeof THEME_COOKIE | typeof ZONE_COOKIE, value: string): string {
  return `${name}=${encodeURIComponent(value)}; Path=/ui; Max-Age=${YEAR_SECONDS}; SameSite=Lax`;
}

export function themeOf(value: string | null): Theme {
  return value === 'light' || value === 'dark' ? value : 'system';
}

function readCookie(header: string | null, name: string): string | null {
  const found = (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`));
  if (!found) return null;
  try {
    return decodeURIComponent(found.slice(name.length + 1));
  } catch {
    return null;
  }
}
