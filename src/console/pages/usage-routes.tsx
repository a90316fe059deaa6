// Pages: GET /ui/usage and /ui/usage.csv for one's own, GET /ui/admin/usage and /ui/admin/usage.csv for the house.
import { csvLine } from '../../core/csv.ts';
import type { UsageSubject } from '../../store/usage-reading.ts';
import { DIMENSIONS } from '../../store/usage-scopes.ts';
import type { SplitSubject } from '../../store/usage-shares.ts';
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
import { bucketsOf, spanBefore } from './usage-buckets.ts';
import { type ExplorerModel, type ExplorerRow, UsagePage } from './usage-page.tsx';
import { type Asked, readUsageQuery } from './usage-query.ts';
import {
  createShareReader,
  HOUSE,
  readMeasured,
  readStacked,
  readTotals,
  type ShareReader,
} from './usage-source.ts';
import { ROWS_MAX, readUsageTable } from './usage-table.ts';
import { type DrawnBuckets, drawnBuckets } from './usage-weeks.ts';

type Scope = 'me' | 'house';

/** A crossed year of a busy house must not weigh more than a page may (150 KB with its assets on a first visit). */
const ROWS_PER_PAGE = 30;
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

interface Question {
  readonly asked: Asked;
  readonly whole: SplitSubject;
  readonly sharesOf: ShareReader;
}

async function ask(parts: PageParts, request: PersonRequest, scope: Scope): Promise<Question> {
  const { frame, query, principal } = request;
  const asked = readUsageQuery(query, { scope, timeZone: frame.timeZone, nowMs: frame.nowMs });
  const whole: SplitSubject = scope === 'me' ? { kind: 'user', value: principal.userId } : HOUSE;
  const sharesOf = createShareReader(parts.store, { range: asked.range, limit: ROWS_MAX });
  return checked({ asked, whole, sharesOf });
}

/** A person may narrow to a key of theirs only; anybody else's counts as nothing. */
async function checked(question: Question): Promise<Question> {
  const { asked, whole, sharesOf } = question;
  const { only } = asked;
  if (only === null || whole.kind === 'all') return question;
  const own = await sharesOf(whole, 'key');
  if (own.some((share) => share.id === only.value)) return question;
  return { ...question, asked: { ...asked, only: null } };
}

async function show(parts: PageParts, request: PersonRequest, scope: Scope): Promise<Answer> {
  const { frame } = request;
  const { store } = parts;
  const question = await ask(parts, request, scope);
  const { asked, whole, sharesOf } = question;
  const { range, step, query } = asked;
  const subject: UsageSubject = asked.only ?? whole;
  const [now, before, series, table, choices] = await Promise.all([
    readTotals(store, subject, range),
    readTotals(store, subject, spanBefore(range)),
    drawn(parts, { asked, subject, timeZone: frame.timeZone, sharesOf }),
    readUsageTable(store, { ...asked, subject: whole, sharesOf }),
    choicesOf(question, scope),
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
    bucketName: step === 'hour' ? 'Hour' : series.daysPerStep > 1 ? 'Week' : 'Day',
    ...paged(table.rows, { asked, base, page: Number(request.query.get('page')) }),
    tableNote: table.note,
    csvHref: `${base}.csv?${paramsOf(asked)}`,
  };
  return new PageAnswer(<UsagePage frame={frame} model={model} />);
}

async function drawn(
  parts: PageParts,
  facts: { asked: Asked; subject: UsageSubject; timeZone: string; sharesOf: ShareReader },
): Promise<DrawnBuckets & { readonly series: readonly Series[] }> {
  const { store } = parts;
  const { asked, subject, timeZone, sharesOf } = facts;
  const { measure, compare } = asked.query;
  const span = { subject, ...asked.range, step: asked.step, timeZone };
  const { buckets, daysPerStep } = drawnBuckets(bucketsOf(span, span.step, timeZone), span.step);
  const question = { ...span, daysPerStep };
  const starts = buckets.map((bucket) => bucket.startMs);
  const values = await readMeasured(store, { question, starts, measure });
  if (compare) {
    const earlier = { ...question, ...spanBefore(asked.range) };
    const earlierStarts = bucketsOf(earlier, earlier.step, timeZone)
      .filter((_, at) => at % daysPerStep === 0)
      .map((bucket) => bucket.startMs);
    const before = await readMeasured(store, { question: earlier, starts: earlierStarts, measure });
    const series = [
      { name: 'This span', values },
      { name: 'The span before', values: values.map((_, at) => before[at] ?? null), before: true },
    ];
    return { buckets, series, daysPerStep };
  }
  // Only the house is kept slot by slot for every value; narrower, one line is all there is. Keys belong to one person.
  const split = subject.kind === 'all' ? asked.by : subject.kind === 'user' ? 'key' : null;
  if (split === null) return { buckets, series: [{ name: 'All', values }], daysPerStep };
  const shares = await sharesOf(subject, split);
  return {
    buckets,
    daysPerStep,
    series: await readStacked(store, { question, starts, by: split, shares, whole: values, measure }),
  };
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

async function choicesOf({ whole, sharesOf }: Question, scope: Scope): Promise<readonly OptionGroup[]> {
  const kinds = scope === 'me' ? (['key'] as const) : DIMENSIONS;
  return Promise.all(
    kinds.map(async (kind) => {
      const shares = (await sharesOf(whole, kind)).slice(0, CHOICES_MAX);
      const label = `${DIMENSION_NAMES.find(([id]) => id === kind)?.[1] ?? kind}s`;
      return { label, options: shares.map((share) => [`${kind}:${share.id}`, share.name] as const) };
    }),
  );
}

async function download(parts: PageParts, request: PersonRequest, scope: Scope): Promise<Answer> {
  const { asked, whole, sharesOf } = await ask(parts, request, scope);
  const { rows } = await readUsageTable(parts.store, { ...asked, subject: whole, sharesOf });
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
