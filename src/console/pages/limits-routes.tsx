// Pages: GET /ui/limits; of admins GET and POST /ui/admin/limits, /new, /:id, its /raise and /remove.
import { BUDGET_PERIODS, type BudgetPeriod } from '../../core/limits/budget-period.ts';
import {
  isBudget,
  LIMIT_KINDS,
  type Limit,
  type LimitKind,
  limitName,
  WARN_PERCENT_DEFAULT,
} from '../../core/limits/limit.ts';
import { readUsd, readWholeNumber, writeUsd } from '../../core/limits/read-amount.ts';
import { doerOf } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import type { LimitState } from '../../limits/limiter.ts';
import {
  raiseLimit,
  removeLimit,
  type SetLimitRequest,
  setLimit,
} from '../../services/limits/manage-limits.ts';
import { findKeyById, listKeysOfUser } from '../../store/api-keys.ts';
import { findUserById } from '../../store/users.ts';
import { withNotice } from '../serving/notices.ts';
import {
  type Answer,
  adminPage,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
  personPage,
  Redirect,
} from '../serving/page-route.ts';
import { tryAct } from '../serving/try-act.ts';
import { ConfirmPage } from '../views/confirm.tsx';
import type { Option } from '../views/form.tsx';
import { EMPTY_FORM, type FormState } from '../views/frame.ts';
import { limitRows } from './limit-rows.ts';
import { LimitPage, LimitsPage, MyLimitsPage, NewLimitPage } from './limits-pages.tsx';
import { isInFile, shortName } from './limits-table.tsx';
import type { PageParts } from './page-parts.ts';

const BASE = '/ui/admin/limits';
/** More rows than anybody reads; a user's page shows that user's. */
const ROWS_MAX = 500;
const DAY_MS = 86_400_000;

export function limitsRoutes(parts: PageParts): PageRoute[] {
  return [
    personPage('GET', '/ui/limits', (request) => mine(parts, request)),
    adminPage('GET', BASE, (request) => list(parts, request)),
    adminPage('GET', `${BASE}/new`, (request) => showNew(parts, request, null)),
    adminPage('POST', BASE, (request) => set(parts, request)),
    adminPage('GET', `${BASE}/:id`, (request) => show(parts, request, {})),
    adminPage('POST', `${BASE}/:id/raise`, (request) => raise(parts, request)),
    adminPage('GET', `${BASE}/:id/remove`, (request) => askRemove(parts, request)),
    adminPage('POST', `${BASE}/:id/remove`, (request) => remove(parts, request)),
  ];
}

async function mine(parts: PageParts, { frame, principal }: PersonRequest): Promise<Answer> {
  const states = await statesOfUser(parts, principal.userId, { withHouse: true });
  const rows = await limitRows(parts, states, false);
  const shown = rows.map((row) => ({ ...row, showsUse: row.showsUse || principal.role === 'admin' }));
  return new PageAnswer(<MyLimitsPage frame={frame} rows={shown} />);
}

/** What binds a user and their keys. */
export async function statesOfUser(
  parts: PageParts,
  userId: string,
  { withHouse }: { withHouse: boolean },
): Promise<readonly LimitState[]> {
  const keys = await listKeysOfUser(parts.store.read, userId);
  const owners = new Set<string | null>([userId, ...keys.map(({ id }) => id), ...(withHouse ? [null] : [])]);
  return (await parts.limits.states()).filter(({ limit }) => owners.has(limit.scopeId));
}

async function list(parts: PageParts, { frame }: PersonRequest): Promise<Answer> {
  const states = await parts.limits.states();
  const rows = await limitRows(parts, states.slice(0, ROWS_MAX), true);
  const shown = states.length > ROWS_MAX ? `The first ${ROWS_MAX} of ${states.length}.` : null;
  return new PageAnswer(<LimitsPage frame={frame} rows={rows} shown={shown} />);
}

/** `?user=` makes a limit of that user or one of their keys; without it, of the house. */
async function showNew(parts: PageParts, request: PersonRequest, failed: FormState | null): Promise<Answer> {
  const { frame, query, form } = request;
  const userId = query.get('user') ?? form.user ?? '';
  const owners = await ownersFor(parts, userId);
  const cancel = userId === '' ? BASE : `/ui/admin/users/${userId}`;
  const defaults = {
    owner: owners[0]?.[0] ?? 'house',
    period: 'month',
    time_zone: frame.timeZone,
    warn_percent: String(WARN_PERCENT_DEFAULT),
  };
  const state = failed ?? { values: defaults, errors: {} };
  const status = failed === null ? 200 : 422;
  return new PageAnswer(<NewLimitPage frame={frame} model={{ owners, cancel }} state={state} />, { status });
}

async function ownersFor(parts: PageParts, userId: string): Promise<readonly Option[]> {
  if (userId === '') return [['house', 'The whole house']];
  const user = await findUserById(parts.store.read, userId);
  if (!user) throw appError('object_not_found', { params: { what: 'User' } });
  const keys = (await listKeysOfUser(parts.store.read, userId)).filter((key) => key.revoked_ms === null);
  return [
    [`user:${userId}`, `${user.username}, over all their keys`],
    ...keys.map((key): Option => [`key:${key.id}`, `Key ${key.name} (${key.token_prefix}…)`]),
  ];
}

async function set(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { form, principal, origin } = request;
  const wanted = readForm(form);
  const tried =
    typeof wanted === 'string'
      ? { ok: false as const, errors: { amount: wanted } }
      : await tryAct(() => setLimit(parts, wanted, doerOf(principal, origin)));
  if (!tried.ok) {
    const state = { values: form, errors: tried.errors };
    if (form.id) return show(parts, { ...request, params: { id: form.id } }, { change: state });
    const userId = await userOfOwner(parts, form.owner ?? '');
    return showNew(parts, { ...request, form: { ...form, user: userId } }, state);
  }
  await parts.limits.reload();
  const userId = await userOfOwner(parts, form.owner ?? '');
  return new Redirect(withNotice(userId === '' ? BASE : `/ui/admin/users/${userId}`, 'limits_saved'));
}

/** What to set, or what is wrong with the amount. */
function readForm(form: Readonly<Record<string, string>>): SetLimitRequest | string {
  const kind: LimitKind = LIMIT_KINDS.find((each) => each === form.kind) ?? 'budget_money';
  const period: BudgetPeriod | null = BUDGET_PERIODS.find((each) => each === form.period) ?? null;
  const [scope = '', scopeId = ''] = (form.owner ?? '').split(':');
  const amount = readAmount(kind, form.amount ?? '');
  if (amount === null) return amountFault(kind);
  const warn = readWholeNumber(form.warn_percent ?? '');
  return {
    scope: scope === 'user' || scope === 'key' ? scope : 'house',
    scopeId: scopeId === '' ? null : scopeId,
    kind,
    period: isBudget(kind) ? period : null,
    amount,
    ...(isBudget(kind) && {
      timeZone: form.time_zone || 'UTC',
      warnPercent: form.warn_percent ? (warn ?? -1) : null,
      allowUnpriced: kind === 'budget_money' && form.allow_unpriced === 'yes',
    }),
  };
}

function readAmount(kind: LimitKind, text: string): number | null {
  return kind === 'budget_money' ? readUsd(text) : readWholeNumber(text);
}

function amountFault(kind: LimitKind): string {
  return kind === 'budget_money' ? 'An amount of dollars such as 25 or 0.50.' : 'A whole number.';
}

/** The user to whose page an owner belongs; empty for the house. */
async function userOfOwner(parts: PageParts, owner: string): Promise<string> {
  const [scope, id = ''] = owner.split(':');
  if (scope === 'user') return id;
  if (scope !== 'key') return '';
  return (await findKeyById(parts.store.read, id))?.user_id ?? '';
}

async function show(
  parts: PageParts,
  { frame, params }: PersonRequest,
  failed: { readonly change?: FormState; readonly raise?: FormState },
): Promise<Answer> {
  const state = await requireLimit(parts, params.id ?? '');
  const [row] = await limitRows(parts, [state], true);
  if (!row) throw appError('object_not_found', { params: { what: 'Limit' } });
  const { limit } = state;
  const model = {
    row,
    limit,
    owner: limit.scopeId === null ? 'house' : `${limit.scope}:${limit.scopeId}`,
    change: failed.change ?? { values: valuesOf(limit), errors: {} },
    raise: failed.raise ?? EMPTY_FORM,
  };
  const status = failed.change || failed.raise ? 422 : 200;
  return new PageAnswer(<LimitPage frame={frame} model={model} />, { status });
}

function valuesOf(limit: Limit): Record<string, string> {
  return {
    amount: limit.kind === 'budget_money' ? writeUsd(limit.amount) : String(limit.amount),
    time_zone: limit.timeZone,
    warn_percent: limit.warnPercent === null ? '' : String(limit.warnPercent),
    allow_unpriced: limit.allowUnpriced ? 'yes' : '',
  };
}

async function raise(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { form, params, principal, origin, frame } = request;
  const { limit } = await requireLimit(parts, params.id ?? '');
  const amount = readAmount(limit.kind, form.raise_to ?? '');
  const days = readWholeNumber(form.days ?? '');
  const errors: Record<string, string> = {
    ...(amount === null && { raise_to: amountFault(limit.kind) }),
    ...((days === null || days < 1 || days > 3_650) && { days: 'A whole number of days.' }),
  };
  if (amount === null || days === null || Object.keys(errors).length > 0)
    return show(parts, request, { raise: { values: form, errors } });
  const untilMs = frame.nowMs + days * DAY_MS;
  const tried = await tryAct(() =>
    raiseLimit(parts, { id: limit.id, amount, untilMs }, doerOf(principal, origin)),
  );
  if (!tried.ok) return show(parts, request, { raise: { values: form, errors: tried.errors } });
  await parts.limits.reload();
  return new Redirect(withNotice(`${BASE}/${limit.id}`, 'limits_saved'));
}

async function askRemove(parts: PageParts, { frame, params }: PersonRequest): Promise<Answer> {
  const { limit } = await requireLimit(parts, params.id ?? '');
  const model = {
    title: `Remove: ${shortName(limit)}`,
    consequences: [
      `The ${limitName(limit).replace(/ of (this|your).*$/, '')} binds nobody from the next request on.`,
      'What was used stays in the ledger: set again, a budget begins where its rows say.',
    ],
    action: `${BASE}/${limit.id}/remove`,
    button: 'Remove limit',
    cancel: `${BASE}/${limit.id}`,
  };
  return new PageAnswer(<ConfirmPage frame={frame} model={model} />);
}

async function remove(parts: PageParts, { params, principal, origin }: PersonRequest): Promise<Answer> {
  await removeLimit(parts, params.id ?? '', doerOf(principal, origin));
  await parts.limits.reload();
  return new Redirect(withNotice(BASE, 'limit_removed'));
}

async function requireLimit(parts: PageParts, id: string): Promise<LimitState> {
  const state = (await parts.limits.states()).find(({ limit }) => limit.id === id);
  if (!state || isInFile(state.limit)) throw appError('object_not_found', { params: { what: 'Limit' } });
  return state;
}
