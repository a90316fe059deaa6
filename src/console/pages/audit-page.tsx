// The audit log, for admins: who did what to whom, when and from where. Read only, for everybody.

import { Pick } from '../views/form.tsx';
import { NOTHING } from '../views/format.ts';
import type { Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Empty, Moment } from '../views/piece.tsx';
import { DataTable, type Paging } from '../views/table.tsx';

export interface AuditRow {
  readonly id: string;
  readonly timeMs: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string | null;
  /** Before and after in a few words, without secrets. */
  readonly detail: string | null;
  readonly address: string | null;
}

export interface AuditModel {
  readonly rows: readonly AuditRow[];
  readonly actions: readonly string[];
  readonly action: string;
  readonly paging: Paging | null;
}

export function AuditPage({ frame, model }: { frame: Frame; model: AuditModel }) {
  return (
    <Page
      frame={frame}
      title="Audit log"
      lead="Who did what, when and from where. It can be added to and never changed."
    >
      <div class="stack">
        <form method="get" action="/ui/admin/audit" class="filters">
          <Pick
            name="action"
            label="Action"
            value={model.action}
            all="All actions"
            options={model.actions.map((each) => [each, each.replaceAll('_', ' ').replaceAll('.', ': ')])}
          />
          <button type="submit" class="btn btn-outline btn-sm h-9">
            Show
          </button>
        </form>
        <div class="panel">
          {model.rows.length === 0 ? (
            <Empty icon="scroll" title="Nothing is written here yet">
              Sign-ins and changes to users, keys and providers will be.
            </Empty>
          ) : (
            <DataTable
              caption="Audit log"
              columns={[
                {
                  label: 'Time',
                  head: true,
                  cell: (row) => <Moment ms={row.timeMs} frame={frame} style="second" />,
                },
                { label: 'Who', cell: (row) => <Clip text={row.actor} /> },
                { label: 'Did', cell: (row) => <code class="mono whitespace-nowrap">{row.action}</code> },
                { label: 'To', cell: (row) => <Clip text={row.target} /> },
                { label: 'Change', cell: (row) => <Clip text={row.detail} /> },
                { label: 'From', cell: (row) => row.address ?? NOTHING },
              ]}
              rows={model.rows}
              paging={model.paging}
            />
          )}
        </div>
      </div>
    </Page>
  );
}

function Clip({ text }: { text: string | null }) {
  if (text === null) return <span class="quiet">{NOTHING}</span>;
  return (
    <span class="clip" title={text}>
      {text}
    </span>
  );
}
