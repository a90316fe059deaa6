// Pages: GET /ui and GET /ui/admin, the overview of one person and of the house.
import { pageKeys } from '../../store/api-keys.ts';
import type { SplitSubject } from '../../store/usage-shares.ts';
import { countUsers } from '../../store/users.ts';
import {
  type Answer,
  adminPage,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
  personPage,
} from '../serving/page-route.ts';
import { type OverviewModel, OverviewPage, type Step } from './overview-page.tsx';
import type { PageParts } from './page-parts.ts';
import { RANGES, type RangeId, rangeOf, spanBefore } from './usage-buckets.ts';
import type { UsageGroup } from './usage-model.ts';
import { HOUSE, type NamedShare, readBuckets, readShares, readStacked, readTotals } from './usage-source.ts';
import { drawnUsage } from './usage-weeks.ts';

const GROUPS_SHOWN = 10;
/** The overview draws four charts with a table each: longer spans are drawn by weeks, so that the page stays light. */
const DAYS_DRAWN_MAX = 60;
const DEFAULT_RANGE: RangeId = '7d';

export function overviewRoutes(parts: PageParts): PageRoute[] {
  return [
    personPage('GET', '/ui', (request) =>
      show(parts, request, { kind: 'user', value: request.principal.userId }),
    ),
    adminPage('GET', '/ui/admin', (request) => show(parts, request, HOUSE)),
  ];
}

async function show(parts: PageParts, request: PersonRequest, subject: SplitSubject): Promise<Answer> {
  const { frame, query } = request;
  const { store } = parts;
  const chosen = RANGES.find((each) => each.id === query.get('range')) ?? RANGES[1];
  const range = rangeOf(chosen?.id ?? DEFAULT_RANGE, frame.timeZone, frame.nowMs);
  const mine = subject.kind === 'user';
  const question = { subject, ...range, step: chosen.step, timeZone: frame.timeZone };
  const [now, before, days, models, owners, steps] = await Promise.all([
    readTotals(store, subject, range),
    readTotals(store, subject, spanBefore(range)),
    readBuckets(store, question),
    readShares(store, { subject, ...range, by: 'model', limit: 200 }),
    readShares(store, { subject, ...range, by: mine ? 'key' : 'user', limit: 200 }),
    checklist(parts, request),
  ]);
  const { buckets, daysPerStep } = drawnUsage(days, chosen.step, DAYS_DRAWN_MAX);
  const by = mine ? 'key' : 'model';
  const shares = mine ? owners : models;
  const spendSeries = await readStacked(store, {
    question: { ...question, daysPerStep },
    starts: buckets.map((bucket) => bucket.startMs),
    by,
    shares,
    whole: buckets.map((bucket) => bucket.counters.costNanoUsd),
    measure: 'cost',
  });
  const base = mine ? '/ui' : '/ui/admin';
  const model: OverviewModel = {
    scope: mine ? 'me' : 'house',
    range: chosen.id,
    ranges: RANGES.map(({ id, label }) => ({ id, label, href: `${base}?range=${id}` })),
    bucketName: chosen.step === 'hour' ? 'Hour' : daysPerStep > 1 ? 'Week' : 'Day',
    now,
    before: before.requests > 0 ? before : null,
    buckets,
    spendSeries,
    models: models
      .slice(0, GROUPS_SHOWN)
      .map((share) => group(share, (id) => requestsHref(mine, 'model', id))),
    owners: owners.slice(0, GROUPS_SHOWN).map((share) => group(share, (id) => ownerHref(mine, id))),
    steps,
  };
  return new PageAnswer(<OverviewPage frame={frame} model={model} />);
}

function group(share: NamedShare, href: (id: string) => string): UsageGroup {
  return { name: share.name, href: share.id === '' ? null : href(share.id), counters: share.counters };
}

function requestsHref(mine: boolean, name: string, id: string): string {
  return `${mine ? '/ui/requests' : '/ui/admin/requests'}?${new URLSearchParams({ [name]: id })}`;
}

function ownerHref(mine: boolean, id: string): string {
  return mine ? `/ui/keys/${id}` : `/ui/admin/users/${id}`;
}

/** What is left until the first request; empty once one was sent. */
async function checklist(parts: PageParts, { principal, frame }: PersonRequest): Promise<readonly Step[]> {
  const { store } = parts;
  const everywhere = { sinceMs: 0, untilMs: frame.nowMs + 1 };
  const subject: SplitSubject = { kind: 'user', value: principal.userId };
  const used = await readTotals(store, subject, everywhere);
  if (used.requests > 0) return [];
  const [keys, users] = await Promise.all([
    pageKeys(store.read, { userId: principal.userId, state: 'active', nowMs: frame.nowMs, limit: 1 }),
    countUsers(store.read),
  ]);
  const own: Step[] = [
    {
      title: 'Make an API key',
      detail: 'It is shown once, together with the settings for your program.',
      href: '/ui/keys/new',
      done: keys.length > 0,
    },
    {
      title: 'Send a first request',
      detail: 'Copy the settings for your program, or a line of curl. It shows up here within two seconds.',
      href: '/ui/connect',
      done: false,
    },
  ];
  if (principal.role !== 'admin') return own;
  const providers = await parts.providers.list();
  return [
    {
      title: 'Add a provider',
      detail: 'An API key of OpenAI, Anthropic, OpenRouter or any other. Until then the demo models answer.',
      href: '/ui/admin/providers/new',
      done: providers.some((provider) => !provider.isDemo),
    },
    {
      title: 'Create a user',
      detail: 'An account for each person, so that every request has a name.',
      href: '/ui/admin/users/new',
      done: users > 1,
    },
    ...own,
  ];
}
