// The list of requests with its search. Bodies are never stored, so none is ever shown.
import type { Provenance } from '../../core/token-usage.ts';
import type { Outcome } from '../../core/usage-event.ts';
import { Pick } from '../views/form.tsx';
import { count, duration, NOTHING } from '../views/format.ts';
import type { Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Empty, Moment } from '../views/piece.tsx';
import { DataTable, type Paging } from '../views/table.tsx';
import { Cost, OutcomeTag } from './request-words.tsx';

export interface RequestRow {
  readonly id: string;
  readonly timeMs: number;
  readonly userName: string | null;
  readonly keyName: string | null;
  readonly model: string | null;
  readonly status: number;
  readonly outcome: Outcome;
  readonly provenance: Provenance;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly costNanoUsd: number | null;
  readonly unpriced: boolean;
  readonly durationMs: number;
  readonly attempts: number;
}

export interface RequestsModel {
  readonly scope: 'me' | 'house';
  readonly rows: readonly RequestRow[];
  readonly filters: RequestFilters;
  readonly choices: {
    readonly models: readonly string[];
    readonly keys: readonly (readonly [id: string, name: string])[];
    readonly users: readonly (readonly [id: string, name: string])[];
  };
  readonly paging: Paging | null;
  readonly base: string;
}

export interface RequestFilters {
  readonly q: string;
  readonly model: string;
  readonly key: string;
  readonly user: string;
  readonly outcome: string;
  readonly since: string;
  readonly until: string;
}

export const OUTCOME_CHOICES = [
  ['', 'Any outcome'],
  ['final', 'Answered'],
  ['error', 'Failed'],
  ['aborted', 'Client hung up'],
  ['unknown', 'Unknown'],
] as const;

export function RequestsPage({ frame, model }: { frame: Frame; model: RequestsModel }) {
  return (
    <Page
      frame={frame}
      title={model.scope === 'me' ? 'Requests' : 'All requests'}
      lead="Every request with what it used and cost. What was said in it is never stored."
    >
      <div class="stack">
        <RequestFilterForm model={model} />
        <div class="panel" id="results">
          {model.rows.length === 0 ? (
            <Empty icon="list" title="No request fits">
              Widen the dates or take a filter away. New requests show up within two seconds.
            </Empty>
          ) : (
            <RequestTable frame={frame} model={model} />
          )}
        </div>
      </div>
    </Page>
  );
}

function RequestFilterForm({ model }: { model: RequestsModel }) {
  const { filters, choices } = model;
  return (
    <form method="get" action={model.base} class="filters">
      <div class="field grow sm:max-w-64">
        <label for="q">Request id</label>
        <input
          class="input"
          id="q"
          name="q"
          type="search"
          value={filters.q}
          spellcheck={false}
          autocomplete="off"
        />
      </div>
      <Pick
        name="model"
        label="Model"
        value={filters.model}
        all="All models"
        options={choices.models.map((each) => [each, each])}
      />
      <Pick name="key" label="Key" value={filters.key} all="All keys" options={choices.keys} />
      {model.scope === 'house' ? (
        <Pick name="user" label="User" value={filters.user} all="All users" options={choices.users} />
      ) : null}
      <Pick name="outcome" label="Outcome" value={filters.outcome} options={OUTCOME_CHOICES} />
      <div class="field">
        <label for="since">From</label>
        <input class="input" id="since" name="since" type="date" value={filters.since} />
      </div>
      <div class="field">
        <label for="until">To</label>
        <input class="input" id="until" name="until" type="date" value={filters.until} />
      </div>
      <button type="submit" class="btn btn-outline btn-sm h-9">
        Search
      </button>
    </form>
  );
}

export function RequestTable({ frame, model }: { frame: Frame; model: RequestsModel }) {
  const who =
    model.scope === 'house'
      ? [{ label: 'User', cell: (row: RequestRow) => <Clip text={row.userName} /> }]
      : [];
  return (
    <DataTable
      caption="Requests"
      columns={[
        {
          label: 'Time',
          head: true,
          cell: (row) => (
            <a class="row-link" href={`${model.base}/${row.id}`}>
              <Moment ms={row.timeMs} frame={frame} style="stamp" />
            </a>
          ),
        },
        ...who,
        { label: 'Key', cell: (row) => <Clip text={row.keyName} /> },
        { label: 'Model', cell: (row) => <Clip text={row.model} /> },
        { label: 'Outcome', cell: (row) => <OutcomeTag outcome={row.outcome} status={row.status} /> },
        { label: 'Read', numeric: true, cell: (row) => count(row.promptTokens) },
        { label: 'Written', numeric: true, cell: (row) => count(row.completionTokens) },
        {
          label: 'Cost',
          numeric: true,
          cell: (row) => <Cost nano={row.costNanoUsd} unpriced={row.unpriced} />,
        },
        { label: 'Took', numeric: true, cell: (row) => duration(row.durationMs) },
        { label: 'Tries', numeric: true, cell: (row) => count(row.attempts) },
      ]}
      rows={model.rows}
      paging={model.paging}
    />
  );
}

function Clip({ text }: { text: string | null }) {
  if (text === null) return <span class="quiet">{NOTHING}</span>;
  return (
    <span class="clip clip-narrow" title={text}>
      {text}
    </span>
  );
}
