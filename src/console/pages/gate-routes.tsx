// Pages: GET and POST /ui/setup, GET and POST /ui/sign-in, POST /ui/sign-out, GET /ui/forgotten.
import { signOut } from '../../services/people/own-account.ts';
import { sessionCookieOf } from '../api/auth-routes.ts';
import { clearSessionCookie } from '../guard/session-cookie.ts';
import { localPath } from '../serving/local-path.ts';
import { withNotice } from '../serving/notices.ts';
import {
  type Answer,
  openPage,
  PageAnswer,
  type PageRequest,
  type PageRoute,
  type PersonRequest,
  personPage,
  Redirect,
} from '../serving/page-route.ts';
import { tryAct } from '../serving/try-act.ts';
import { EMPTY_FORM, type Frame } from '../views/frame.ts';
import { ErrorPage, ForgottenPage, SetupPage, SignInPage } from './gate-pages.tsx';
import { KeyMadePage } from './key-made-page.tsx';
import type { PageParts } from './page-parts.ts';

export function gateRoutes(parts: PageParts): PageRoute[] {
  return [
    openPage('GET', '/ui/setup', (request) => showSetup(parts, request)),
    openPage('POST', '/ui/setup', (request) => doSetup(parts, request)),
    openPage('GET', '/ui/sign-in', (request) => showSignIn(parts, request)),
    openPage('POST', '/ui/sign-in', (request) => doSignIn(parts, request)),
    openPage('GET', '/ui/forgotten', ({ frame }) => new PageAnswer(<ForgottenPage frame={frame} />)),
    personPage('POST', '/ui/sign-out', (request) => doSignOut(parts, request)),
  ];
}

async function showSetup(parts: PageParts, { frame, query }: PageRequest): Promise<Answer> {
  if (!(await parts.setup.isOpen())) return new Redirect('/ui/sign-in');
  const token = query.get('code') ?? '';
  if (token === '') return new PageAnswer(<NoCode frame={frame} />, { status: 403 });
  return new PageAnswer(<SetupPage frame={frame} model={{ state: EMPTY_FORM, token }} />);
}

function NoCode({ frame }: { frame: Frame }) {
  const model = {
    title: 'Open the setup link',
    text: 'Tollgate has no admin yet. It printed a link with a one-time code where it was started; open that one.',
    requestId: null,
    back: '/ui/sign-in',
  };
  return <ErrorPage frame={frame} model={model} />;
}

async function doSetup(parts: PageParts, request: PageRequest): Promise<Answer> {
  const { form, frame, origin } = request;
  const { username = '', password = '', token: code = '' } = form;
  const tried = await tryAct(() => parts.setup.complete({ code, username, password, origin }), {
    username: 'username',
    password: 'password',
  });
  if (!tried.ok) {
    const state = { values: { username }, errors: tried.errors };
    return new PageAnswer(<SetupPage frame={frame} model={{ state, token: code }} />, {
      status: tried.status,
    });
  }
  const { user, session, key } = tried.value;
  const [model] = await parts.models.names();
  const viewer = { id: user.id, name: user.username, role: user.role };
  const known = { ...frame, viewer, csrf: session.csrfToken, path: '/ui/keys' };
  const made = {
    connect: { origin: request.serverOrigin, token: key.token, model: model ?? 'provider/model' },
    name: 'You are signed in as admin, and this is your first key.',
    isRotation: false,
    oldEndsMs: null,
  };
  const cookies = [sessionCookieOf(parts, session)];
  return new PageAnswer(<KeyMadePage frame={known} model={made} />, { cookies });
}

async function showSignIn(parts: PageParts, { frame, query }: PageRequest): Promise<Answer> {
  const next = localPath(query.get('next'));
  if (frame.viewer) return new Redirect(next);
  if (await parts.setup.isOpen()) return new PageAnswer(<NoCode frame={frame} />, { status: 403 });
  return new PageAnswer(<SignInPage frame={frame} model={{ state: EMPTY_FORM, next }} />);
}

async function doSignIn(parts: PageParts, request: PageRequest): Promise<Answer> {
  const { form, frame, origin, cookieToken } = request;
  const { username = '', password = '' } = form;
  const next = localPath(form.next);
  const tried = await tryAct(() => parts.signIn({ username, password, replacesToken: cookieToken, origin }));
  if (tried.ok) return new Redirect(next, [sessionCookieOf(parts, tried.value.session)]);
  const state = { values: { username }, errors: tried.errors };
  return new PageAnswer(<SignInPage frame={frame} model={{ state, next }} />, { status: tried.status });
}

async function doSignOut(parts: PageParts, request: PersonRequest): Promise<Answer> {
  await signOut(parts, { person: request.session.principal, origin: request.origin });
  return new Redirect(withNotice('/ui/sign-in', 'signed_out'), [clearSessionCookie(parts.cookies)]);
}
