// Pages: GET /ui/usage and /ui/usage.csv for one's own, GET /ui/admin/usage and /ui/admin/usage.csv for the house.
import { csvLine } from '../../core/csv.ts';
import type { SplitSubject, UsageSubject } from '../../store/usage-reading.ts';
import {
  type Answer,
  adminPage,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
  personPage,
} from '../serving/page-route.ts';
import type { Series } from '../views/chart-scale.ts';
import type { Option, OptionGroup } from '../views/form.tsx';
import type { PageParts } from './page-parts.ts';
import { spanBefore } from './usage-buckets.ts';
import { measured, type UsageBucket } from './usage-model.ts';
import { type ExplorerModel, type ExplorerRow, UsagePage } from './usage-page.tsx';
import { type Asked, readUsageQuery } from './usage-query.ts';
import { HOUSE, readBuckets, readShares, readStacked, readTotals } from './usage-source.ts';
import { readUsageTable } from './usage-table.ts';

type Scope = 'me' | 'house';

const ROWS_PER_PAGE = 200;
const CHOICES_MAX = 300;
const DIMENSION_NAMES: readonly Option[] = [
  ['user', 'User'],
  ['key', 'Key'],
  ['model', 'Model'],
  ['provider', 'Provider'],
  ['tag', 'Tag'],
];

export function usageRoutes(parts: PageParts): PageRoute[] {
  return [
    personPage('GET', '/ui/usage', (request) => show(parts, request, 'me')),
    personPage('GET', '/ui/usage.csv', (request) => download(parts, request, 'me')),
    adminPage('GET', '/ui/admin/usage', (request) => show(parts, request, 'house')),
    adminPage('GET', '/ui/admin/usage.csv', (request) => download(parts, request, 'house')),
  ];
}

function ask({ frame, query, principal }: PersonRequest, scope: Scope) {
  const asked = readUsageQuery(query, { scope, timeZone: frame.timeZone, nowMs: frame.nowMs });
  const whole: SplitSubject = scope === 'me' ? { kind: 'user', value: principal.userId } : HOUSE;
  return { asked, whole };
}

/** A person may narrow to a key of theirs only; anybody else's counts as nothing. */
async function checked(parts: PageParts, asked: Asked, whole: SplitSubject): Promise<Asked> {
  const { only } = asked;
  if (only === null || whole.kind === 'all') return asked;
  const own = await readShares(parts.store, { subject: whole, ...asked.range, by: 'key' });
  return own.some((share) => share.id === only.value) ? asked : { ...asked, only: null };
}

async function show(parts: PageParts, request: PersonRequest, scope: Scope): Promise<Answer> {
  const { frame } = request;
  const { store } = parts;
  const { asked: first, whole } = ask(request, scope);
  const asked = await checked(parts, first, whole);
  const { range, step, query } = asked;
  const subject: UsageSubject = asked.only ?? whole;
  const [now, before, series, table, choices] = await Promise.all([
    readTotals(store, subject, range),
    readTotals(store, subject, spanBefore(range)),
    drawn(parts, { asked, subject, timeZone: frame.timeZone }),
    readUsageTable(store, { ...asked, subject: whole }),
    choicesOf(parts, { asked, whole, scope }),
  ]);
  const base = scope === 'me' ? '/ui/usage' : '/ui/admin/usage';
  const model: ExplorerModel = {
    scope,
    base,
    query,
    dimensions: DIMENSION_NAMES.filter(([id]) => scope === 'house' || id !== 'user'),
    choices,
    now,
    before: before.requests > 0 ? before : null,
    series: series.series,
    starts: series.buckets.map((bucket) => bucket.startMs),
    labels: series.buckets.map((bucket) => bucket.label),
    ticks: series.buckets.map((bucket) => bucket.tick),
    bucketName: step === 'hour' ? 'Hour' : 'Day',
    ...paged(table.rows, { asked, base, page: Number(request.query.get('page')) }),
    tableNote: table.note,
    csvHref: `${base}.csv?${paramsOf(asked)}`,
  };
  return new PageAnswer(<UsagePage frame={frame} model={model} />);
}

async function drawn(
  parts: PageParts,
  facts: { asked: Asked; subject: UsageSubject; timeZone: string },
): Promise<{ series: readonly Series[]; buckets: readonly UsageBucket[] }> {
  const { asked, subject, timeZone } = facts;
  const { measure, compare } = asked.query;
  const question = { subject, ...asked.range, step: asked.step, timeZone };
  const buckets = await readBuckets(parts.store, question);
  const values = buckets.map((bucket) => measured(bucket.counters, measure));
  if (compare) {
    const earlier = await readBuckets(parts.store, { ...question, ...spanBefore(asked.range) });
    const before = values.map((_, at) => {
      const bucket = earlier[at];
      return bucket ? measured(bucket.counters, measure) : null;
    });
    const series = [
      { name: 'This span', values },
      { name: 'The span before', values: before, before: true },
    ];
    return { buckets, series };
  }
  // Only the house is kept slot by slot for every value; narrower, one line is all there is. Keys belong to one person.
  const split = subject.kind === 'all' ? asked.by : subject.kind === 'user' ? 'key' : null;
  if (split === null) return { buckets, series: [{ name: 'All', values }] };
  const whole: SplitSubject = subject.kind === 'user' ? { kind: 'user', value: subject.value } : HOUSE;
  const shares = await readShares(parts.store, { subject: whole, ...asked.range, by: split });
  const stacked = await readStacked(parts.store, { question, by: split, shares, whole: buckets, measure });
  return { buckets, series: stacked };
}

const SORTS: Readonly<Record<string, (row: ExplorerRow) => number | string>> = {
  name: (row) => `${row.first} ${row.second ?? ''}`,
  requests: (row) => row.counters.requests,
  prompt: (row) => row.counters.promptTokens,
  completion: (row) => row.counters.completionTokens,
  cost: (row) => row.counters.costNanoUsd,
};

function paged(rows: readonly ExplorerRow[], facts: { asked: Asked; base: string; page: number }) {
  const { asked, base } = facts;
  const { down } = asked.sort;
  const by = Object.hasOwn(SORTS, asked.sort.by) ? asked.sort.by : 'cost';
  const pages = Math.max(1, Math.ceil(rows.length / ROWS_PER_PAGE));
  const page = Math.min(pages, Math.max(1, Math.floor(facts.page) || 1));
  const href = (change: Record<string, string>) => {
    const params = paramsOf(asked);
    for (const [name, value] of Object.entries(change)) params.set(name, value);
    return `${base}?${params}`;
  };
  return {
    rows: sorted(rows, by, down).slice((page - 1) * ROWS_PER_PAGE, page * ROWS_PER_PAGE),
    sorting: {
      by,
      down,
      href: (name: string, falling: boolean) => href({ sort: falling ? `-${name}` : name }),
    },
    paging:
      pages === 1
        ? null
        : {
            shown: `Page ${page} of ${pages}, ${rows.length} rows`,
            earlier: page > 1 ? href({ page: String(page - 1) }) : null,
            later: page < pages ? href({ page: String(page + 1) }) : null,
          },
  };
}

function sorted(rows: readonly ExplorerRow[], by: string, down: boolean): readonly ExplorerRow[] {
  const of = SORTS[by] ?? ((row: ExplorerRow) => row.counters.costNanoUsd);
  const sign = down ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [left, right] = [of(a), of(b)];
    if (left === right) return b.counters.requests - a.counters.requests;
    return left < right ? -sign : sign;
  });
}

function paramsOf({ query, sort }: Asked): URLSearchParams {
  const { compare, ...words } = query;
  const params = new URLSearchParams(Object.entries(words).filter(([, value]) => value !== ''));
  if (compare) params.set('compare', '1');
  params.set('sort', `${sort.down ? '-' : ''}${sort.by}`);
  return params;
}

async function choicesOf(
  parts: PageParts,
  facts: { asked: Asked; whole: SplitSubject; scope: Scope },
): Promise<readonly OptionGroup[]> {
  const kinds =
    facts.scope === 'me' ? (['key'] as const) : (['user', 'key', 'model', 'provider', 'tag'] as const);
  return Promise.all(
    kinds.map(async (kind) => {
      const question = { subject: facts.whole, ...facts.asked.range, by: kind, limit: CHOICES_MAX };
      const shares = await readShares(parts.store, question);
      const label = `${DIMENSION_NAMES.find(([id]) => id === kind)?.[1] ?? kind}s`;
      return { label, options: shares.map((share) => [`${kind}:${share.id}`, share.name] as const) };
    }),
  );
}

async function download(parts: PageParts, request: PersonRequest, scope: Scope): Promise<Answer> {
  const { asked: first, whole } = ask(request, scope);
  const asked = await checked(parts, first, whole);
  const { rows } = await readUsageTable(parts.store, { ...asked, subject: whole });
  const head = [
    asked.by,
    ...(asked.and ? [asked.and] : []),
    'requests',
    'failed',
    'prompt_tokens',
    'completion_tokens',
    'cached_tokens',
    'cost_usd',
    'unpriced_requests',
    'estimated_requests',
    'unknown_requests',
    'average_ms',
  ];
  const lines = sorted(rows, asked.sort.by, asked.sort.down).map((row) => csvLine(csvCells(row, asked)));
  return new Response([csvLine(head), ...lines].join(''), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="usage-${asked.query.since}-to-${asked.query.until}.csv"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  });
}

function csvCells({ first, second, counters }: ExplorerRow, asked: Asked) {
  return [
    first,
    ...(asked.and ? [second ?? ''] : []),
    counters.requests,
    counters.failed,
    counters.promptTokens,
    counters.completionTokens,
    counters.cachedTokens,
    (counters.costNanoUsd / 1e9).toFixed(9),
    counters.unpriced,
    counters.estimated,
    counters.unknown,
    counters.requests ? Math.round(counters.durationMs / counters.requests) : '',
  ];
}
