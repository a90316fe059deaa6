// Pages: GET and POST /ui/keys, GET /ui/keys/new, GET /ui/keys/:id, its /rotate and /revoke, and GET /ui/admin/keys.
// A user sees and changes their own keys; an admin everybody's. Somebody else's key is simply not there.
import { appError } from '../../errors/app-error.ts';
import { createKey, revokeKey, rotateKey } from '../../services/people/manage-keys.ts';
import { findKeyById, type KeyWithUsername, pageKeys } from '../../store/api-keys.ts';
import { chooseUsers, findUserById } from '../../store/users.ts';
import { readCursor, writeCursor } from '../api/cursor.ts';
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
import { SelectField } from '../views/form.tsx';
import { EMPTY_FORM, type FormState } from '../views/frame.ts';
import { KeyMadePage } from './key-made-page.tsx';
import { keyRow } from './key-rows.ts';
import { KeyFilter, type KeyFormModel, KeyPage, KeysPage, NewKeyPage } from './keys-pages.tsx';
import type { PageParts } from './page-parts.ts';
import { rangeOf } from './usage-buckets.ts';
import { HOUSE, readSharesById } from './usage-source.ts';

const KEYS_PER_PAGE = 50;
/** As many users as a list to choose from can bear. */
const OWNERS_MAX = 500;
const DAY_MS = 86_400_000;
const ROTATION_CHOICES = [
  ['0', 'At once'],
  ['3600', 'In an hour'],
  ['86400', 'In a day'],
  ['604800', 'In a week'],
] as const;

export function keysRoutes(parts: PageParts): PageRoute[] {
  return [
    personPage('GET', '/ui/keys', (request) => list(parts, request, 'me')),
    adminPage('GET', '/ui/admin/keys', (request) => list(parts, request, 'house')),
    personPage('GET', '/ui/keys/new', (request) =>
      showForm(parts, request, {
        values: { owner: request.query.get('owner') ?? request.principal.userId },
        errors: {},
      }),
    ),
    personPage('POST', '/ui/keys', (request) => create(parts, request)),
    personPage('GET', '/ui/keys/:id', (request) => show(parts, request)),
    personPage('GET', '/ui/keys/:id/rotate', (request) => askRotate(parts, request)),
    personPage('POST', '/ui/keys/:id/rotate', (request) => rotate(parts, request)),
    personPage('GET', '/ui/keys/:id/revoke', (request) => askRevoke(parts, request)),
    personPage('POST', '/ui/keys/:id/revoke', (request) => revoke(parts, request)),
  ];
}

async function list(parts: PageParts, request: PersonRequest, scope: 'me' | 'house'): Promise<Answer> {
  const { frame, query, principal } = request;
  const mine = scope === 'me';
  const base = mine ? '/ui/keys' : '/ui/admin/keys';
  const search = (query.get('q') ?? '').slice(0, 100);
  const state = (['active', 'revoked', 'expired'] as const).find((each) => each === query.get('state'));
  const cursor = query.get('cursor');
  const rows = await pageKeys(parts.store.read, {
    limit: KEYS_PER_PAGE + 1,
    userId: mine ? principal.userId : undefined,
    before: readCursor(cursor ?? undefined),
    state,
    nowMs: frame.nowMs,
    search: search === '' ? undefined : search,
  });
  const page = rows.slice(0, KEYS_PER_PAGE);
  const last = page.at(-1);
  const subject = mine ? ({ kind: 'user', value: principal.userId } as const) : HOUSE;
  const usage = await keyUsage(parts, request, subject);
  const filters = new URLSearchParams({ ...(search ? { q: search } : {}), ...(state ? { state } : {}) });
  const href = (at: string) => `${base}?${new URLSearchParams([...filters, ['cursor', at]])}`;
  const more = rows.length > KEYS_PER_PAGE && last !== undefined;
  const model = {
    scope,
    keys: page.map((row) => keyRow(row, { viewer: principal, usage })),
    paging:
      more || cursor
        ? {
            shown: `${page.length} keys, newest first`,
            earlier: cursor ? `${base}?${filters}` : null,
            later: more ? href(writeCursor({ createdMs: last.created_ms, id: last.id })) : null,
          }
        : null,
    filter: mine ? null : <KeyFilter base={base} search={search} state={state ?? ''} />,
  };
  return new PageAnswer(<KeysPage frame={frame} model={model} />);
}

async function keyUsage(
  parts: PageParts,
  { frame }: PersonRequest,
  subject: typeof HOUSE | { readonly kind: 'user'; readonly value: string },
) {
  const range = rangeOf('30d', frame.timeZone, frame.nowMs);
  return readSharesById(parts.store, { subject, ...range, by: 'key', limit: 10_000 });
}

async function showForm(
  parts: PageParts,
  request: PersonRequest,
  state: FormState,
  status = 200,
): Promise<Answer> {
  const { frame, principal } = request;
  const mayAdmin = principal.role === 'admin';
  const model: KeyFormModel = {
    state,
    mayAdmin,
    owners: mayAdmin ? await chooseUsers(parts.store.read, OWNERS_MAX) : [],
  };
  return new PageAnswer(<NewKeyPage frame={frame} model={model} />, { status });
}

async function create(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { form, principal, origin, frame } = request;
  const tried = await tryAct(
    () =>
      createKey(parts, {
        principal,
        origin,
        // Whoever is no admin makes keys for themselves, whatever the form says.
        ownerId: principal.role === 'admin' && form.owner ? form.owner : principal.userId,
        name: form.name ?? '',
        fields: {
          expiresMs: expiryOf(form.expires, frame.nowMs),
          models: words(form.models),
          addresses: words(form.addresses),
          tags: words(form.tags) ?? [],
          onHangUp: form.on_hang_up === 'drain' ? 'drain' : 'cancel',
        },
        scopes: form.scope === 'admin' ? ['use', 'admin'] : ['use'],
      }),
    { name: 'name', models: 'models', addresses: 'addresses', tags: 'tags', expires_at: 'expires' },
  );
  if (!tried.ok) return showForm(parts, request, { values: form, errors: tried.errors }, tried.status);
  return made(parts, request, { token: tried.value.token, name: tried.value.row.name, oldEndsMs: null });
}

async function made(
  parts: PageParts,
  { frame, serverOrigin }: PersonRequest,
  facts: { token: string; name: string; oldEndsMs: number | null; isRotation?: boolean },
): Promise<Answer> {
  const [model] = await parts.models.names();
  const connect = { origin: serverOrigin, token: facts.token, model: model ?? 'provider/model' };
  const { name, oldEndsMs, isRotation = false } = facts;
  return new PageAnswer(<KeyMadePage frame={frame} model={{ connect, name, isRotation, oldEndsMs }} />);
}

async function show(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { frame, principal } = request;
  const row = await requireKey(parts, request);
  const usage = await keyUsage(parts, request, { kind: 'user', value: row.user_id });
  const base = row.user_id === principal.userId ? '/ui/requests' : '/ui/admin/requests';
  const model = { row: keyRow(row, { viewer: principal, usage }), usageHref: `${base}?key=${row.id}` };
  return new PageAnswer(<KeyPage frame={frame} model={model} />);
}

async function askRotate(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const row = await requireKey(parts, request);
  const model = {
    title: `Rotate ${row.name}`,
    consequences: [
      'You get a new key with the same rights, shown once.',
      'The old key stops working when you say: programs that still use it are refused from then on.',
    ],
    action: `/ui/keys/${row.id}/rotate`,
    button: 'Rotate key',
    cancel: `/ui/keys/${row.id}`,
    fields: (
      <SelectField
        name="grace"
        label="The old key ends"
        state={{ ...EMPTY_FORM, values: { grace: '86400' } }}
        options={ROTATION_CHOICES}
      />
    ),
  };
  return new PageAnswer(<ConfirmPage frame={request.frame} model={model} />);
}

async function rotate(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { form, principal, origin, frame } = request;
  const row = await requireKey(parts, request);
  const graceMs = (Number(ROTATION_CHOICES.find(([id]) => id === form.grace)?.[0] ?? '0') || 0) * 1000;
  const issued = await rotateKey(parts, { principal, origin, target: targetOf(request, row), graceMs });
  const oldEndsMs = graceMs === 0 ? null : frame.nowMs + graceMs;
  return made(parts, request, { token: issued.token, name: row.name, oldEndsMs, isRotation: true });
}

async function askRevoke(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const row = await requireKey(parts, request);
  const model = {
    title: `Revoke ${row.name}`,
    consequences: [
      `Programs that use the key ${row.token_prefix}… are refused from their next request on.`,
      'This cannot be undone. Its past use stays in the figures.',
    ],
    action: `/ui/keys/${row.id}/revoke`,
    button: 'Revoke key',
    cancel: `/ui/keys/${row.id}`,
  };
  return new PageAnswer(<ConfirmPage frame={request.frame} model={model} />);
}

async function revoke(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { principal, origin } = request;
  const row = await requireKey(parts, request);
  await revokeKey(parts, { principal, origin, target: targetOf(request, row) });
  const back = row.user_id === principal.userId ? '/ui/keys' : `/ui/admin/users/${row.user_id}`;
  return new Redirect(withNotice(back, 'key_revoked'));
}

async function requireKey(parts: PageParts, request: PersonRequest): Promise<KeyWithUsername> {
  const { principal, params } = request;
  const row = await findKeyById(parts.store.read, params.id ?? '');
  const owner = row ? await findUserById(parts.store.read, row.user_id) : undefined;
  if (!row || !owner || (row.user_id !== principal.userId && principal.role !== 'admin')) {
    throw appError('object_not_found', { params: { what: 'API key' } });
  }
  return { ...row, username: owner.username };
}

function targetOf({ principal }: PersonRequest, row: KeyWithUsername) {
  return { keyId: row.id, ownerId: principal.role === 'admin' ? null : principal.userId };
}

/** `30d` from now; null for never. Only the choices of the form. */
function expiryOf(choice: string | undefined, nowMs: number): number | null {
  const days = /^(\d{1,4})d$/.exec(choice ?? '')?.[1];
  return days === undefined ? null : nowMs + Number(days) * DAY_MS;
}

/** Words between commas or lines; null when there are none, which means no bound. */
function words(text: string | undefined): string[] | null {
  const list = (text ?? '').split(/[,\n]/).map((word) => word.trim());
  const given = list.filter((word) => word !== '');
  return given.length === 0 ? null : given;
}
