// Models, for admins: what may be asked for, what it costs, which names stand for it and who steps in when it fails.
import { compactCount, NOTHING } from '../views/format.ts';
import type { Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Empty, Panel, Tag } from '../views/piece.tsx';
import { DataTable, type Paging, type Sorting } from '../views/table.tsx';

export interface ModelRow {
  readonly id: string;
  readonly provider: string;
  /** Dollars per million tokens; null where no price is known. */
  readonly inputUsd: number | null;
  readonly outputUsd: number | null;
  readonly cachedUsd: number | null;
  readonly contextTokens: number | null;
  readonly isOverridden: boolean;
  readonly requests: number;
}

export interface AliasRow {
  readonly name: string;
  readonly targets: readonly string[];
}

export interface ModelsModel {
  readonly models: readonly ModelRow[];
  readonly aliases: readonly AliasRow[];
  readonly fallbacks: readonly AliasRow[];
  readonly search: string;
  readonly sorting: Sorting;
  readonly paging: Paging | null;
}

export function ModelsPage({ frame, model }: { frame: Frame; model: ModelsModel }) {
  return (
    <Page
      frame={frame}
      title="Models"
      lead="What programs may ask for, and what each costs per million tokens."
    >
      <div class="stack">
        <form method="get" action="/ui/admin/models" class="filters">
          <div class="field grow sm:max-w-72">
            <label for="q">Name</label>
            <input class="input" id="q" name="q" type="search" value={model.search} autocomplete="off" />
          </div>
          <button type="submit" class="btn btn-outline btn-sm h-9">
            Search
          </button>
        </form>
        <div class="panel">
          {model.models.length === 0 ? (
            <Empty icon="tag" title="No model fits">
              No provider offers a model of this name. Providers that do not list their models still answer to
              provider/model.
            </Empty>
          ) : (
            <ModelTable model={model} />
          )}
        </div>
        <div class="split">
          <Names
            title="Aliases"
            note="A name of yours that stands for a model."
            rows={model.aliases}
            empty="No alias is set. Set them under models: aliases: in tollgate.yaml."
          />
          <Names
            title="Fallbacks"
            note="Who is asked next when a model cannot answer."
            rows={model.fallbacks}
            empty="No fallback is set. Set them under models: fallbacks: in tollgate.yaml."
          />
        </div>
      </div>
    </Page>
  );
}

function ModelTable({ model }: { model: ModelsModel }) {
  return (
    <DataTable
      caption="Models"
      sorting={model.sorting}
      columns={[
        {
          label: 'Model',
          head: true,
          sort: 'name',
          cell: (row) => (
            <span class="mono block max-w-[24rem] truncate" title={row.id}>
              {row.id}
            </span>
          ),
        },
        { label: 'Read', numeric: true, sort: 'input', cell: (row) => <Price usd={row.inputUsd} /> },
        { label: 'Read, cached', numeric: true, cell: (row) => <Price usd={row.cachedUsd} /> },
        { label: 'Written', numeric: true, sort: 'output', cell: (row) => <Price usd={row.outputUsd} /> },
        { label: 'Context', numeric: true, cell: (row) => compactCount(row.contextTokens) },
        {
          label: 'Requests, 30 days',
          numeric: true,
          sort: 'requests',
          cell: (row) => compactCount(row.requests),
        },
        {
          label: 'Price',
          cell: (row) => (
            <a class="row-link" href={`/ui/admin/models/price?${new URLSearchParams({ model: row.id })}`}>
              {row.inputUsd === null ? (
                <Tag tone="warn">unpriced</Tag>
              ) : row.isOverridden ? (
                <Tag tone="plain">set here</Tag>
              ) : (
                'bundled'
              )}
              <span class="sr-only">, set the price of {row.id}</span>
            </a>
          ),
        },
      ]}
      rows={model.models}
      paging={model.paging}
    />
  );
}

function Price({ usd }: { usd: number | null }) {
  if (usd === null) return <span class="quiet">{NOTHING}</span>;
  return <>{`$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 4 })}`}</>;
}

function Names(props: { title: string; note: string; rows: readonly AliasRow[]; empty: string }) {
  if (props.rows.length === 0)
    return (
      <Panel title={props.title} note={props.note}>
        <p class="quiet text-sm">{props.empty}</p>
      </Panel>
    );
  return (
    <div class="panel">
      <DataTable
        caption={props.title}
        note={props.note}
        columns={[
          { label: 'Name', head: true, cell: (row) => <code class="mono">{row.name}</code> },
          {
            label: 'Stands for',
            cell: (row) => <code class="mono break-all">{row.targets.join(', then ')}</code>,
          },
        ]}
        rows={props.rows}
      />
    </div>
  );
}
