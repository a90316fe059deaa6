// Page of admins: GET /ui/admin/models.
import {
  type Answer,
  adminPage,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
} from '../serving/page-route.ts';
import { type ModelRow, ModelsPage } from './models-page.tsx';
import type { PageParts } from './page-parts.ts';
import { rangeOf } from './usage-buckets.ts';
import { HOUSE, readSharesById } from './usage-source.ts';

const ROWS_PER_PAGE = 100;
const BASE = '/ui/admin/models';

export function modelsRoutes(parts: PageParts): PageRoute[] {
  return [adminPage('GET', BASE, (request) => show(parts, request))];
}

const SORTS: Readonly<Record<string, (row: ModelRow) => number | string>> = {
  name: (row) => row.id,
  input: (row) => row.inputUsd ?? -1,
  output: (row) => row.outputUsd ?? -1,
  requests: (row) => row.requests,
};

async function show(parts: PageParts, { frame, query }: PersonRequest): Promise<Answer> {
  const search = (query.get('q') ?? '').slice(0, 100);
  const word = query.get('sort') ?? '-requests';
  const by = Object.hasOwn(SORTS, word.replace(/^-/, '')) ? word.replace(/^-/, '') : 'requests';
  const down = word.startsWith('-');
  const range = rangeOf('30d', frame.timeZone, frame.nowMs);
  const [listed, used] = await Promise.all([
    parts.models.list(),
    readSharesById(parts.store, { subject: HOUSE, ...range, by: 'model', limit: 10_000 }),
  ]);
  const of = SORTS[by] ?? ((row: ModelRow) => row.id);
  const rows = listed
    .filter((row) => row.id.toLowerCase().includes(search.toLowerCase()))
    .map((row) => ({ ...row, requests: used.get(row.id)?.requests ?? 0 }))
    .toSorted((a, b) => {
      const [left, right] = [of(a), of(b)];
      if (left === right) return a.id < b.id ? -1 : 1;
      return left < right === down ? 1 : -1;
    });
  const pages = Math.max(1, Math.ceil(rows.length / ROWS_PER_PAGE));
  const page = Math.min(pages, Math.max(1, Math.floor(Number(query.get('page'))) || 1));
  const href = (change: Record<string, string>) =>
    `${BASE}?${new URLSearchParams({ ...(search ? { q: search } : {}), sort: word, ...change })}`;
  const model = {
    models: rows.slice((page - 1) * ROWS_PER_PAGE, page * ROWS_PER_PAGE),
    aliases: parts.models.aliases(),
    fallbacks: parts.models.fallbacks(),
    search,
    sorting: {
      by,
      down,
      href: (name: string, falling: boolean) => href({ sort: falling ? `-${name}` : name }),
    },
    paging:
      pages === 1
        ? null
        : {
            shown: `Page ${page} of ${pages}, ${rows.length} models`,
            earlier: page > 1 ? href({ page: String(page - 1) }) : null,
            later: page < pages ? href({ page: String(page + 1) }) : null,
          },
  };
  return new PageAnswer(<ModelsPage frame={frame} model={model} />);
}
