// Pages: GET /ui/requests and /ui/requests/:id for one's own, GET /ui/admin/requests and /:id for everybody's.
import { dayLabel, dayStartMs } from '../../core/time-zone.ts';
import { appError } from '../../errors/app-error.ts';
import { namesOfKeys, pageKeys } from '../../store/api-keys.ts';
import { findRequest, type ListedRequest, listRequests } from '../../store/usage-requests.ts';
import type { SplitSubject } from '../../store/usage-shares.ts';
import { chooseUsers, namesOfUsers } from '../../store/users.ts';
import { readCursor, writeCursor } from '../api/cursor.ts';
import {
  type Answer,
  adminPage,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
  personPage,
} from '../serving/page-route.ts';
import { eventOf } from './event-of.ts';
import type { PageParts } from './page-parts.ts';
import { RequestPage } from './request-page.tsx';
import { OUTCOME_CHOICES, type RequestFilters, type RequestRow, RequestsPage } from './requests-page.tsx';
import { HOUSE, readShares } from './usage-source.ts';

const ROWS_PER_PAGE = 50;
const CHOICES_MAX = 500;
const DAY_MS = 86_400_000;
/** What the choices of models and keys are taken from. */
const CHOICES_DAYS = 30;
/** Without dates a filter looks back so far: it must not walk through years for a rare outcome. */
const LOOK_BACK_DAYS = 90;

type Scope = 'me' | 'house';

export function requestsRoutes(parts: PageParts): PageRoute[] {
  return [
    personPage('GET', '/ui/requests', (request) => list(parts, request, 'me')),
    personPage('GET', '/ui/requests/:id', (request) => show(parts, request, 'me')),
    adminPage('GET', '/ui/admin/requests', (request) => list(parts, request, 'house')),
    adminPage('GET', '/ui/admin/requests/:id', (request) => show(parts, request, 'house')),
  ];
}

async function list(parts: PageParts, request: PersonRequest, scope: Scope): Promise<Answer> {
  const { frame, query, principal } = request;
  const base = scope === 'me' ? '/ui/requests' : '/ui/admin/requests';
  const filters = readFilters(query, scope);
  const cursor = readCursor(query.get('cursor') ?? undefined);
  const rows = await listRequests(parts.store.read, {
    ...bounds(filters, frame.timeZone, frame.nowMs),
    userId: scope === 'me' ? principal.userId : filters.user || undefined,
    keyId: filters.key || undefined,
    model: filters.model || undefined,
    id: filters.q || undefined,
    before: cursor ? { timeMs: cursor.createdMs, id: cursor.id } : undefined,
    limit: ROWS_PER_PAGE + 1,
  });
  const page = rows.slice(0, ROWS_PER_PAGE);
  const kept = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== ''));
  const last = page.at(-1);
  const more = rows.length > ROWS_PER_PAGE && last !== undefined;
  const later = more
    ? `${base}?${new URLSearchParams([...kept, ['cursor', writeCursor({ createdMs: last.time_ms, id: last.id })]])}`
    : null;
  const earlier = cursor ? `${base}?${kept}` : null;
  const model = {
    scope,
    base,
    filters,
    rows: await named(parts, page),
    choices: await choices(parts, request, scope),
    paging: later || earlier ? { shown: `${page.length} requests, newest first`, earlier, later } : null,
  };
  return new PageAnswer(<RequestsPage frame={frame} model={model} />);
}

function readFilters(query: URLSearchParams, scope: Scope): RequestFilters {
  const word = (name: string) => (query.get(name) ?? '').trim().slice(0, 200);
  const date = (name: string) => (/^\d{4}-\d{2}-\d{2}$/.test(word(name)) ? word(name) : '');
  return {
    q: word('q'),
    model: word('model'),
    key: word('key'),
    user: scope === 'house' ? word('user') : '',
    outcome: OUTCOME_CHOICES.some(([id]) => id === word('outcome')) ? word('outcome') : '',
    since: date('since'),
    until: date('until'),
  };
}

/** Dates in the reader's zone; the last day is included. */
function bounds(filters: RequestFilters, timeZone: string, nowMs: number) {
  const isRare = filters.outcome !== '' || filters.model !== '';
  const sinceMs = filters.since
    ? startOf(timeZone, filters.since)
    : isRare
      ? nowMs - LOOK_BACK_DAYS * DAY_MS
      : undefined;
  const endOf = filters.until ? startOf(timeZone, filters.until) : undefined;
  const untilMs =
    endOf === undefined ? undefined : startOf(timeZone, dayLabel(timeZone, endOf + 26 * 3_600_000));
  const outcome = (['final', 'error', 'aborted', 'unknown'] as const).find(
    (each) => each === filters.outcome,
  );
  return { sinceMs, untilMs, outcome };
}

/** A text like a date that is none (2026-02-31) is left out. */
function startOf(timeZone: string, day: string): number | undefined {
  try {
    return dayStartMs(timeZone, day);
  } catch {
    return undefined;
  }
}

async function named(parts: PageParts, rows: readonly ListedRequest[]): Promise<readonly RequestRow[]> {
  const ids = (name: 'user_id' | 'key_id') => [
    ...new Set(rows.map((row) => row[name]).filter((id): id is string => id !== null)),
  ];
  const [users, keys] = await Promise.all([
    namesOfUsers(parts.store.read, ids('user_id')),
    namesOfKeys(parts.store.read, ids('key_id')),
  ]);
  return rows.map((row) => ({
    id: row.id,
    timeMs: row.time_ms,
    userName: row.user_id === null ? 'master key' : (users.get(row.user_id) ?? row.user_id),
    keyName: row.key_id === null ? null : (keys.get(row.key_id) ?? row.key_id),
    model: row.model ?? row.model_asked,
    status: row.status,
    outcome: row.outcome,
    provenance: row.provenance,
    promptTokens: row.prompt_tokens,
    completionTokens: row.completion_tokens,
    costNanoUsd: row.cost_nano_usd,
    unpriced: row.unpriced === 1,
    durationMs: row.duration_ms,
    attempts: row.attempts,
  }));
}

async function choices(parts: PageParts, { frame, principal }: PersonRequest, scope: Scope) {
  const { store } = parts;
  const mine = scope === 'me';
  const subject: SplitSubject = mine ? { kind: 'user', value: principal.userId } : HOUSE;
  const range = { sinceMs: frame.nowMs - CHOICES_DAYS * DAY_MS, untilMs: frame.nowMs };
  const [models, keys, users] = await Promise.all([
    readShares(store, { subject, ...range, by: 'model', limit: CHOICES_MAX }),
    pageKeys(store.read, {
      userId: mine ? principal.userId : undefined,
      nowMs: frame.nowMs,
      limit: CHOICES_MAX,
    }),
    mine ? [] : chooseUsers(store.read, CHOICES_MAX),
  ]);
  return {
    models: models
      .map((share) => share.id)
      .filter((id) => id !== '')
      .toSorted(),
    keys: keys.map((key) => [key.id, mine ? key.name : `${key.name} (${key.username})`] as const),
    users,
  };
}

async function show(parts: PageParts, request: PersonRequest, scope: Scope): Promise<Answer> {
  const { frame, params, principal } = request;
  const found = await findRequest(parts.store.read, params.id ?? '');
  if (!found || (scope === 'me' && found.event.user_id !== principal.userId)) {
    throw appError('object_not_found', { params: { what: 'Request' } });
  }
  const event = eventOf(found.event, found.attempts);
  const [users, keys, credentialNames] = await Promise.all([
    namesOfUsers(parts.store.read, event.userId ? [event.userId] : []),
    namesOfKeys(parts.store.read, event.keyId ? [event.keyId] : []),
    // Which of the house's keys answered is the admins' business.
    scope === 'house' ? parts.providers.names() : new Map<string, string>(),
  ]);
  const model = {
    event: scope === 'house' ? event : withoutCredentials(event),
    userName: users.get(event.userId ?? '') ?? (event.userId === null ? 'master key' : event.userId),
    keyName: keys.get(event.keyId ?? '') ?? event.keyId,
    credentialNames,
    lines: parts.models.lines(event),
    back: scope === 'me' ? '/ui/requests' : '/ui/admin/requests',
  };
  return new PageAnswer(<RequestPage frame={frame} model={model} />);
}

function withoutCredentials(event: ReturnType<typeof eventOf>): ReturnType<typeof eventOf> {
  return { ...event, attempts: event.attempts.map((attempt) => ({ ...attempt, credentialId: null })) };
}
