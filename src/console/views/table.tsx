// One table for every list: caption, sortable headers as links, numbers to the right, a pager beneath.
import type { Child } from 'hono/jsx';
import { Icon } from './icon.tsx';

export interface Column<Row> {
  readonly label: string;
  readonly cell: (row: Row) => Child;
  readonly numeric?: boolean;
  /** The word in `?sort=`; without it the column cannot be sorted. */
  readonly sort?: string;
  /** Hidden from sight, kept for screen readers: for columns of buttons. */
  readonly quietLabel?: boolean;
  /** This cell names the row. */
  readonly head?: boolean;
}

export interface Sorting {
  readonly by: string;
  readonly down: boolean;
  /** The address that sorts by `by`, first falling when `down`. */
  readonly href: (by: string, down: boolean) => string;
}

export interface Paging {
  readonly shown: string;
  readonly earlier: string | null;
  readonly later: string | null;
}

export interface TableProps<Row> {
  readonly caption: string;
  readonly note?: Child;
  readonly hideCaption?: boolean;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly sorting?: Sorting;
  readonly paging?: Paging | null;
  readonly foot?: Child;
}

export function DataTable<Row>(props: TableProps<Row>) {
  return (
    <>
      {/* A wide table scrolls inside its own region, which the keyboard can reach. */}
      <section class="table-scroll" tabindex={0} aria-label={props.caption}>
        <table class="data">
          <caption class={props.hideCaption ? 'sr-only' : ''}>
            <span class="text-lg font-semibold tracking-tight">{props.caption}</span>
            {props.note ? <span class="panel-note block">{props.note}</span> : null}
          </caption>
          <thead>
            <tr>{props.columns.map((column) => heading(column, props.sorting))}</tr>
          </thead>
          <tbody>
            {props.rows.map((row) => (
              <tr>{props.columns.map((column) => cell(column, row))}</tr>
            ))}
          </tbody>
          {props.foot ? <tfoot>{props.foot}</tfoot> : null}
        </table>
      </section>
      {props.paging ? <Pager paging={props.paging} /> : null}
    </>
  );
}

function heading<Row>(column: Column<Row>, sorting: Sorting | undefined) {
  const look = column.numeric ? 'num' : '';
  if (!column.sort || !sorting)
    return (
      <th scope="col" class={look}>
        {column.quietLabel ? <span class="sr-only">{column.label}</span> : column.label}
      </th>
    );
  const active = sorting.by === column.sort;
  const down = active ? !sorting.down : true;
  const state = active ? (sorting.down ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" class={look} aria-sort={state}>
      <a href={sorting.href(column.sort, down)}>
        {column.label}
        <span class={`size-3.5 ${active ? '' : 'opacity-0'}`}>
          <Icon name={active && !sorting.down ? 'up' : 'down'} />
        </span>
      </a>
    </th>
  );
}

function cell<Row>(column: Column<Row>, row: Row) {
  const look = column.numeric ? 'num' : '';
  if (!column.head) return <td class={look}>{column.cell(row)}</td>;
  return (
    <th scope="row" class={look}>
      {column.cell(row)}
    </th>
  );
}

export function Pager({ paging }: { paging: Paging }) {
  return (
    <nav class="pager" aria-label="Pages">
      <p>{paging.shown}</p>
      <div class="flex gap-2">
        {paging.earlier ? (
          <a class="btn btn-outline btn-sm" href={paging.earlier} rel="prev">
            Back
          </a>
        ) : null}
        {paging.later ? (
          <a class="btn btn-outline btn-sm" href={paging.later} rel="next">
            More
          </a>
        ) : null}
      </div>
    </nav>
  );
}
