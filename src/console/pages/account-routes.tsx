// Pages: GET /ui/account, POST /ui/account/password, /ui/account/display, /ui/account/sessions/:id/end.
import { changeOwnPassword, endOwnSession } from '../../services/people/own-account.ts';
import { findUserById } from '../../store/users.ts';
import { sessionCookieOf } from '../api/auth-routes.ts';
import { displayCookie, THEME_COOKIE, themeOf, ZONE_COOKIE } from '../serving/frame-of.ts';
import { withNotice } from '../serving/notices.ts';
import {
  type Answer,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
  personPage,
  Redirect,
} from '../serving/page-route.ts';
import { tryAct } from '../serving/try-act.ts';
import { isTimeZone } from '../views/format.ts';
import { EMPTY_FORM, type FormState } from '../views/frame.ts';
import { AccountPage } from './account-page.tsx';
import type { PageParts } from './page-parts.ts';

export function accountRoutes(parts: PageParts): PageRoute[] {
  return [
    personPage('GET', '/ui/account', (request) => show(parts, request, EMPTY_FORM)),
    personPage('POST', '/ui/account/password', (request) => changePassword(parts, request)),
    personPage('POST', '/ui/account/display', saveDisplay),
    personPage('POST', '/ui/account/sessions/:id/end', (request) => endSession(parts, request)),
  ];
}

async function show(
  parts: PageParts,
  request: PersonRequest,
  state: FormState,
  status = 200,
): Promise<Answer> {
  const { frame, session } = request;
  const { userId, sessionId } = session.principal;
  const [user, sessions] = await Promise.all([
    findUserById(parts.store.read, userId),
    parts.sessions.list(userId),
  ]);
  const model = {
    state,
    createdMs: user?.created_ms ?? null,
    zones: zones(frame.timeZone),
    sessions: sessions.map((row) => ({
      id: row.id,
      createdMs: row.created_ms,
      lastSeenMs: row.last_seen_ms,
      address: row.address,
      userAgent: browserName(row.user_agent),
      isThis: row.id === sessionId,
    })),
  };
  return new PageAnswer(<AccountPage frame={frame} model={model} />, { status });
}

async function changePassword(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { form, session, origin } = request;
  const { current_password: current = '', new_password: next = '' } = form;
  const tried = await tryAct(
    () => changeOwnPassword(parts, { person: session.principal, origin, current, next }),
    { current_password: 'current_password', password: 'new_password' },
  );
  if (!tried.ok) return show(parts, request, { values: {}, errors: tried.errors }, tried.status);
  return new Redirect(withNotice('/ui/account', 'password_changed'), [sessionCookieOf(parts, tried.value)]);
}

function saveDisplay({ form, frame }: PersonRequest): Answer {
  const zone = form.time_zone ?? '';
  const cookies = [
    displayCookie(THEME_COOKIE, themeOf(form.theme ?? null)),
    displayCookie(ZONE_COOKIE, isTimeZone(zone) ? zone : frame.timeZone),
  ];
  return new Redirect(withNotice('/ui/account', 'display_saved'), cookies);
}

async function endSession(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { session, origin, params } = request;
  await endOwnSession(parts, { person: session.principal, origin, sessionId: params.id ?? '' });
  return new Redirect(withNotice('/ui/account', 'session_closed'));
}

let allZones: readonly string[] | null = null;

/** Every zone the runtime knows, the reader's own among them even when it goes by another name. */
function zones(own: string): readonly string[] {
  allZones ??= ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];
  return allZones.includes(own) ? allZones : [own, ...allZones];
}

/** The two words people know a browser by; the whole text where they cannot be told. */
export function browserName(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\/(\d+)/.exec(userAgent);
  const system = /(Windows|Macintosh|Android|iPhone|iPad|Linux)/.exec(userAgent)?.[1];
  if (!browser || !system) return userAgent;
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', Macintosh: 'macOS' };
  const name = browser[1] ?? '';
  return `${names[name] ?? name} ${browser[2]} on ${names[system] ?? system}`;
}
