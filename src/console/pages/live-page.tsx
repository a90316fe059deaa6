// Requests in flight, for admins. The list is whole in the page; where JavaScript runs, server-sent events keep it fresh.
import { count, duration, NOTHING } from '../views/format.ts';
import type { Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Empty, Tag } from '../views/piece.tsx';
import { DataTable } from '../views/table.tsx';

export interface LiveRow {
  readonly id: string;
  readonly who: string;
  readonly keyName: string | null;
  readonly model: string | null;
  readonly endpoint: string;
  readonly startedMs: number;
  readonly streamed: boolean;
  readonly phase: string;
}

export interface LiveModel {
  readonly rows: readonly LiveRow[];
  readonly total: number;
}

export function LivePage({ frame, model }: { frame: Frame; model: LiveModel }) {
  return (
    <Page
      frame={frame}
      title="Live requests"
      lead="What is running right now."
      actions={
        <>
          <span data-live-state class="quiet text-sm" role="status">
            <noscript>Load the page again to see what changed.</noscript>
          </span>
          <a class="btn btn-outline btn-sm" href="/ui/admin/live">
            Refresh
          </a>
        </>
      }
    >
      <div class="panel" id="live" data-live="/ui/admin/live/events">
        <LiveTable frame={frame} model={model} />
      </div>
    </Page>
  );
}

/** The part that an event replaces. */
export function LiveTable({ frame, model }: { frame: Frame; model: LiveModel }) {
  if (model.rows.length === 0)
    return (
      <Empty icon="pulse" title="Nothing is running">
        Requests appear here while they run, and under All requests when they are done.
      </Empty>
    );
  return (
    <DataTable
      caption={`${count(model.total)} running`}
      note={model.total > model.rows.length ? `The ${model.rows.length} oldest are shown.` : undefined}
      columns={[
        { label: 'Who', head: true, cell: (row) => <Clip text={row.who} /> },
        { label: 'Key', cell: (row) => <Clip text={row.keyName ?? NOTHING} /> },
        { label: 'Model', cell: (row) => <Clip text={row.model ?? NOTHING} /> },
        { label: 'Endpoint', cell: (row) => <code class="mono">{row.endpoint}</code> },
        {
          label: 'State',
          cell: (row) => <Tag tone={row.phase === 'answering' ? 'good' : 'quiet'}>{row.phase}</Tag>,
        },
        {
          label: 'Running for',
          numeric: true,
          cell: (row) => duration(Math.max(0, frame.nowMs - row.startedMs)),
        },
      ]}
      rows={model.rows}
    />
  );
}

function Clip({ text }: { text: string }) {
  return (
    <span class="clip" title={text}>
      {text}
    </span>
  );
}
