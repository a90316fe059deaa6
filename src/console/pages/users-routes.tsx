// Pages of admins: GET and POST /ui/admin/users, /new, /:id and its acts: role, disable, enable, reset-password.
import { doerOf } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import { randomToken } from '../../lib/id.ts';
import {
  createAccount,
  resetAccountPassword,
  setAccountActive,
  setAccountRole,
} from '../../services/people/accounts.ts';
import { countActiveKeys, pageKeys } from '../../store/api-keys.ts';
import { countActiveAdmins, findUserById, pageUsers, type UserRow as StoredUser } from '../../store/users.ts';
import { withNotice } from '../serving/notices.ts';
import {
  type Answer,
  adminPage,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
  Redirect,
} from '../serving/page-route.ts';
import { tryAct } from '../serving/try-act.ts';
import { ConfirmPage } from '../views/confirm.tsx';
import { EMPTY_FORM, type FormState } from '../views/frame.ts';
import { keyRow } from './key-rows.ts';
import { KeyTable } from './keys-pages.tsx';
import { limitRows } from './limit-rows.ts';
import { statesOfUser } from './limits-routes.tsx';
import { UserLimits } from './limits-table.tsx';
import type { PageParts } from './page-parts.ts';
import { rangeOf, spanBefore } from './usage-buckets.ts';
import type { Counters } from './usage-model.ts';
import { HOUSE, readSharesById, readTotals } from './usage-source.ts';
import { NewUserPage, PasswordOncePage, UserPage, type UserRow, UsersPage } from './users-pages.tsx';

const USERS_MAX = 1_000;
const USERS_PER_PAGE = 100;
const KEYS_SHOWN = 200;
/** As strong as the one that the command line makes. */
const GENERATED_PASSWORD_BYTES = 15;
const BASE = '/ui/admin/users';

export function usersRoutes(parts: PageParts): PageRoute[] {
  return [
    adminPage('GET', BASE, (request) => list(parts, request)),
    adminPage(
      'GET',
      `${BASE}/new`,
      ({ frame }) => new PageAnswer(<NewUserPage frame={frame} state={EMPTY_FORM} />),
    ),
    adminPage('POST', BASE, (request) => create(parts, request)),
    adminPage('GET', `${BASE}/:id`, (request) => show(parts, request)),
    adminPage('GET', `${BASE}/:id/role`, (request) => ask(parts, request, 'role')),
    adminPage('POST', `${BASE}/:id/role`, (request) => changeRole(parts, request)),
    adminPage('GET', `${BASE}/:id/disable`, (request) => ask(parts, request, 'disable')),
    adminPage('POST', `${BASE}/:id/disable`, (request) => setActive(parts, request, false)),
    adminPage('POST', `${BASE}/:id/enable`, (request) => setActive(parts, request, true)),
    adminPage('GET', `${BASE}/:id/reset-password`, (request) => ask(parts, request, 'reset-password')),
    adminPage('POST', `${BASE}/:id/reset-password`, (request) => resetPassword(parts, request)),
  ];
}

async function list(parts: PageParts, { frame, query }: PersonRequest): Promise<Answer> {
  const search = (query.get('q') ?? '').slice(0, 100);
  const [stored, keys, usage] = await Promise.all([
    pageUsers(parts.store.read, { limit: USERS_MAX, search: search || undefined }),
    countActiveKeys(parts.store.read, frame.nowMs),
    readSharesById(parts.store, {
      subject: HOUSE,
      ...rangeOf('30d', frame.timeZone, frame.nowMs),
      by: 'user',
      limit: 10_000,
    }),
  ]);
  const sort = sortOf(query.get('sort'));
  const users = stored.map((row) => userRow(row, keys, usage)).toSorted(comparison(sort));
  const pages = Math.max(1, Math.ceil(users.length / USERS_PER_PAGE));
  const page = Math.min(pages, Math.max(1, Number(query.get('page')) || 1));
  const shown = users.slice((page - 1) * USERS_PER_PAGE, page * USERS_PER_PAGE);
  const href = (change: Record<string, string>) =>
    `${BASE}?${new URLSearchParams({ ...(search ? { q: search } : {}), sort: sortWord(sort), ...change })}`;
  const model = {
    users: shown,
    search,
    sorting: { ...sort, href: (by: string, down: boolean) => href({ sort: sortWord({ by, down }) }) },
    paging:
      pages === 1
        ? null
        : {
            shown: `Page ${page} of ${pages}, ${users.length} users`,
            earlier: page > 1 ? href({ page: String(page - 1) }) : null,
            later: page < pages ? href({ page: String(page + 1) }) : null,
          },
  };
  return new PageAnswer(<UsersPage frame={frame} model={model} />);
}

interface Sort {
  readonly by: string;
  readonly down: boolean;
}

const SORTS: Readonly<Record<string, (user: UserRow) => number | string>> = {
  name: (user) => user.name.toLowerCase(),
  created: (user) => user.createdMs,
  requests: (user) => user.usage?.requests ?? 0,
  spend: (user) => user.usage?.costNanoUsd ?? 0,
};

function sortOf(word: string | null): Sort {
  const by = (word ?? '').replace(/^-/, '');
  return Object.hasOwn(SORTS, by)
    ? { by, down: word?.startsWith('-') ?? false }
    : { by: 'name', down: false };
}

function sortWord({ by, down }: Sort): string {
  return down ? `-${by}` : by;
}

function comparison({ by, down }: Sort): (a: UserRow, b: UserRow) => number {
  const of = SORTS[by] ?? ((user: UserRow) => user.name);
  const sign = down ? -1 : 1;
  return (a, b) => {
    const [left, right] = [of(a), of(b)];
    return left === right ? (a.id < b.id ? -1 : 1) : left < right ? -sign : sign;
  };
}

function userRow(
  row: StoredUser,
  keys: ReadonlyMap<string, number>,
  usage: ReadonlyMap<string, Counters>,
): UserRow {
  return {
    id: row.id,
    name: row.username,
    role: row.role,
    isActive: row.is_active === 1,
    createdMs: row.created_ms,
    lastSignInMs: row.last_login_ms,
    keys: keys.get(row.id) ?? 0,
    usage: usage.get(row.id) ?? null,
  };
}

async function create(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { form, frame, principal, origin } = request;
  const { username = '', role = 'user', password = '' } = form;
  const generated = password === '' ? randomToken(GENERATED_PASSWORD_BYTES) : null;
  const tried = await tryAct(
    () =>
      createAccount(parts, {
        doer: doerOf(principal, origin),
        account: {
          username,
          password: generated ?? password,
          role: role === 'admin' ? 'admin' : 'user',
          isActive: true,
        },
      }),
    { username: 'username', password: 'password' },
  );
  if (!tried.ok) {
    const state: FormState = { values: { username, role }, errors: tried.errors };
    return new PageAnswer(<NewUserPage frame={frame} state={state} />, { status: tried.status });
  }
  const href = `${BASE}/${tried.value.id}`;
  if (generated === null) return new Redirect(href);
  const name = tried.value.username;
  return new PageAnswer(
    <PasswordOncePage frame={frame} name={name} password={generated} href={href} isReset={false} />,
  );
}

async function show(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { frame, principal } = request;
  const row = await requireUser(parts, request);
  const range = rangeOf('30d', frame.timeZone, frame.nowMs);
  const subject = { kind: 'user', value: row.id } as const;
  const states = await statesOfUser(parts, row.id, { withHouse: false });
  const limits = await limitRows(parts, states, true);
  const [now, before, keys, usage, admins] = await Promise.all([
    readTotals(parts.store, subject, range),
    readTotals(parts.store, subject, spanBefore(range)),
    pageKeys(parts.store.read, { userId: row.id, nowMs: frame.nowMs, limit: KEYS_SHOWN }),
    readSharesById(parts.store, { subject, ...range, by: 'key', limit: 10_000 }),
    countActiveAdmins(parts.store.read),
  ]);
  const isLastAdmin = row.role === 'admin' && row.is_active === 1 && admins <= 1;
  const isSelf = row.id === principal.userId;
  const rows = keys.map((key) => keyRow(key, { viewer: principal, usage }));
  const model = {
    user: userRow(row, new Map([[row.id, keys.length]]), new Map([[row.id, now]])),
    mayChange: !isSelf && !isLastAdmin,
    whyNot: isSelf
      ? 'This is your own account: another admin can disable it or change its role.'
      : isLastAdmin
        ? 'This is the last active admin, who can be neither disabled nor demoted.'
        : null,
    keysPanel: <KeyTable frame={frame} keys={rows} newHref={`/ui/keys/new?owner=${row.id}`} />,
    limitsPanel: <UserLimits frame={frame} userId={row.id} rows={limits} />,
    now,
    before: before.requests > 0 ? before : null,
  };
  return new PageAnswer(<UserPage frame={frame} model={model} />);
}

type Question = 'role' | 'disable' | 'reset-password';

async function ask(parts: PageParts, request: PersonRequest, question: Question): Promise<Answer> {
  const row = await requireUser(parts, request);
  const path = `${BASE}/${row.id}`;
  const model = { ...words(row, question), action: `${path}/${question}`, cancel: path };
  return new PageAnswer(<ConfirmPage frame={request.frame} model={model} />);
}

function words(row: StoredUser, question: Question) {
  const name = row.username;
  if (question === 'disable')
    return {
      title: `Disable ${name}`,
      consequences: [
        'Their signed-in sessions end at once.',
        'All their API keys are refused from the next request on.',
        'Nothing is deleted. You can enable the account again.',
      ],
      button: 'Disable user',
    };
  if (question === 'reset-password')
    return {
      title: `Reset the password of ${name}`,
      consequences: [
        'A new password is made and shown to you once.',
        'The old password stops working, and all signed-in sessions end at once.',
        'API keys keep working.',
      ],
      button: 'Reset password',
    };
  const up = row.role === 'user';
  return {
    title: up ? `Make ${name} an admin` : `Make ${name} a plain user`,
    consequences: [
      up
        ? 'They see and steer everything, everybody’s usage and keys included.'
        : 'They lose sight of everybody else.',
      up ? 'Only admins can take this back.' : 'Keys with the admin scope no longer open the admin API.',
      'Their signed-in sessions end, so that it holds at once.',
    ],
    button: up ? 'Make admin' : 'Make plain user',
  };
}

async function changeRole(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { principal, origin } = request;
  const row = await requireUser(parts, request);
  if (row.id === principal.userId) {
    throw appError('invalid_request', {
      params: { detail: 'Another admin can change your role, you cannot.' },
    });
  }
  const role = row.role === 'admin' ? 'user' : 'admin';
  await setAccountRole(parts, { doer: doerOf(principal, origin), userId: row.id, role });
  return new Redirect(withNotice(`${BASE}/${row.id}`, 'role_changed'));
}

async function setActive(parts: PageParts, request: PersonRequest, active: boolean): Promise<Answer> {
  const { principal, origin, params } = request;
  const userId = params.id ?? '';
  await setAccountActive(parts, { doer: doerOf(principal, origin), userId, active });
  return new Redirect(withNotice(`${BASE}/${userId}`, active ? 'user_enabled' : 'user_disabled'));
}

async function resetPassword(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { principal, origin, params, frame } = request;
  const act = { doer: doerOf(principal, origin), userId: params.id ?? '', password: null };
  const { user, password } = await resetAccountPassword(parts, act);
  const href = `${BASE}/${user.id}`;
  return new PageAnswer(
    <PasswordOncePage frame={frame} name={user.username} password={password} href={href} isReset />,
  );
}

async function requireUser(parts: PageParts, { params }: PersonRequest): Promise<StoredUser> {
  const row = await findUserById(parts.store.read, params.id ?? '');
  if (!row) throw appError('object_not_found', { params: { what: 'User' } });
  return row;
}
