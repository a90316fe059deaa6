// The usage explorer: one measure over time, split by up to two dimensions, filtered, beside the span before, and as CSV.
import { Chart } from '../views/chart.tsx';
import type { Series } from '../views/chart-scale.ts';
import { type Option, type OptionGroup, Pick, PickOne } from '../views/form.tsx';
import { compactCount, count, duration, percent } from '../views/format.ts';
import type { Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Empty, LinkButton, Panel, Tiles } from '../views/piece.tsx';
import { DataTable, type Paging, type Sorting } from '../views/table.tsx';
import { Spend } from './overview-page.tsx';
import type { Counters, Measure } from './usage-model.ts';
import { usageTiles, writeMeasure } from './usage-model.ts';

export interface ExplorerRow {
  readonly first: string;
  readonly second: string | null;
  readonly counters: Counters;
}

export interface ExplorerQuery {
  readonly measure: Measure;
  readonly by: string;
  readonly and: string;
  readonly bucket: string;
  readonly since: string;
  readonly until: string;
  /** `user:ID`, `model:NAME` and so on, or empty for everything. */
  readonly only: string;
  readonly compare: boolean;
}

export interface ExplorerModel {
  readonly scope: 'me' | 'house';
  readonly base: string;
  readonly query: ExplorerQuery;
  readonly dimensions: readonly Option[];
  /** What it can be narrowed to, by kind. */
  readonly choices: readonly OptionGroup[];
  /** What the table leaves out, in words. */
  readonly tableNote: string | null;
  readonly now: Counters;
  readonly before: Counters | null;
  readonly series: readonly Series[];
  readonly starts: readonly number[];
  readonly labels: readonly string[];
  readonly ticks: readonly string[];
  readonly bucketName: string;
  readonly rows: readonly ExplorerRow[];
  readonly sorting: Sorting;
  readonly paging: Paging | null;
  readonly csvHref: string;
}

const MEASURES: readonly Option[] = [
  ['cost', 'Spend'],
  ['tokens', 'Tokens'],
  ['requests', 'Requests'],
];
const BUCKETS: readonly Option[] = [
  ['day', 'Days'],
  ['hour', 'Hours'],
];

export function UsagePage({ frame, model }: { frame: Frame; model: ExplorerModel }) {
  const name = MEASURES.find(([id]) => id === model.query.measure)?.[1] ?? 'Usage';
  return (
    <Page
      frame={frame}
      title={model.scope === 'me' ? 'Usage explorer' : 'House usage'}
      lead={`Days and hours are those of ${frame.timeZone.replaceAll('_', ' ')}.`}
      charts
      actions={<LinkButton href={model.csvHref}>Download CSV</LinkButton>}
    >
      <div class="stack">
        <ExplorerForm model={model} />
        <Tiles tiles={usageTiles(model.now, model.before)} />
        {model.now.requests === 0 ? (
          <Panel>
            <Empty icon="chart" title="Nothing in this span">
              Choose other dates or take a filter away.
            </Empty>
          </Panel>
        ) : (
          <>
            <Panel title={`${name} over time`}>
              <Chart
                title={`${name} over time`}
                kind={model.query.compare ? 'lines' : 'bars'}
                series={model.series}
                labels={model.labels}
                ticks={model.ticks}
                bucketName={model.bucketName}
                format={writeMeasure(model.query.measure)}
                zoom={{ starts: model.starts, timeZone: frame.timeZone, unit: model.query.measure }}
              />
            </Panel>
            <div class="panel">
              <ExplorerTable model={model} />
            </div>
          </>
        )}
      </div>
    </Page>
  );
}

function ExplorerForm({ model }: { model: ExplorerModel }) {
  const { query, choices } = model;
  return (
    <form method="get" action={model.base} class="filters panel px-5 py-4">
      <Pick name="measure" label="Show" value={query.measure} options={MEASURES} />
      <Pick name="by" label="By" value={query.by} options={model.dimensions} />
      <Pick name="and" label="And by" value={query.and} all="nothing else" options={model.dimensions} />
      <Pick name="bucket" label="In" value={query.bucket} options={BUCKETS} />
      <div class="field">
        <label for="since">From</label>
        <input class="input" id="since" name="since" type="date" value={query.since} />
      </div>
      <div class="field">
        <label for="until">To</label>
        <input class="input" id="until" name="until" type="date" value={query.until} />
      </div>
      <PickOne name="only" label="Only" value={query.only} all="Everything" groups={choices} />
      <label class="check-row h-9 items-center">
        <input
          type="checkbox"
          class="checkbox checkbox-sm"
          name="compare"
          value="1"
          {...(query.compare ? { checked: true } : {})}
        />
        Compare with the span before
      </label>
      <button type="submit" class="btn btn-primary btn-sm h-9">
        Show
      </button>
    </form>
  );
}

function ExplorerTable({ model }: { model: ExplorerModel }) {
  const nameOf = (id: string) => model.dimensions.find(([each]) => each === id)?.[1] ?? id;
  const whole = model.now;
  const second = model.query.and
    ? [{ label: nameOf(model.query.and), cell: (row: ExplorerRow) => <Name text={row.second ?? 'none'} /> }]
    : [];
  return (
    <DataTable
      caption="In figures"
      note={model.tableNote ?? undefined}
      sorting={model.sorting}
      columns={[
        { label: nameOf(model.query.by), head: true, sort: 'name', cell: (row) => <Name text={row.first} /> },
        ...second,
        { label: 'Requests', numeric: true, sort: 'requests', cell: (row) => count(row.counters.requests) },
        { label: 'Failed', numeric: true, cell: (row) => count(row.counters.failed) },
        {
          label: 'Read',
          numeric: true,
          sort: 'prompt',
          cell: (row) => compactCount(row.counters.promptTokens),
        },
        { label: 'Cached', numeric: true, cell: (row) => compactCount(row.counters.cachedTokens) },
        {
          label: 'Written',
          numeric: true,
          sort: 'completion',
          cell: (row) => compactCount(row.counters.completionTokens),
        },
        {
          label: 'Average time',
          numeric: true,
          cell: (row) =>
            duration(row.counters.requests ? row.counters.durationMs / row.counters.requests : null),
        },
        { label: 'Spend', numeric: true, sort: 'cost', cell: (row) => <Spend counters={row.counters} /> },
        {
          label: 'Share',
          numeric: true,
          cell: (row) => percent(row.counters.costNanoUsd, whole.costNanoUsd),
        },
      ]}
      rows={model.rows}
      paging={model.paging}
    />
  );
}

function Name({ text }: { text: string }) {
  return (
    <span class="clip clip-narrow" title={text}>
      {text}
    </span>
  );
}
