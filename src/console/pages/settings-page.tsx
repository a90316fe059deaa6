// Settings as they are in force, the checks of the doctor, and pruning, for admins. Secrets are masked before they come here.
import type { Child } from 'hono/jsx';
import type { PruneState } from '../../services/prune-job.ts';
import { FormErrors, PostForm, Submit, TextField } from '../views/form.tsx';
import { count } from '../views/format.ts';
import type { FormState, Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Panel, Tag } from '../views/piece.tsx';
import { DataTable } from '../views/table.tsx';

export interface Check {
  readonly name: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly text: string;
}

export interface SettingRow {
  readonly name: string;
  readonly value: string;
}

export interface SettingsModel {
  readonly checks: readonly Check[];
  readonly settings: readonly SettingRow[];
  readonly prune: { readonly state: FormState; readonly job: PruneState | null } | null;
  readonly more?: Child;
}

export function SettingsPage({ frame, model }: { frame: Frame; model: SettingsModel }) {
  return (
    <Page
      frame={frame}
      title="Settings"
      lead="What is in force. Settings come from the environment, .env and tollgate.yaml, and change with a reload."
    >
      <div class="stack">
        <div class="panel">
          <DataTable
            caption="Doctor"
            note="What was checked just now, and the mend where one is needed."
            columns={[
              { label: 'Check', head: true, cell: (row) => row.name },
              {
                label: 'State',
                cell: (row) => (
                  <Tag tone={row.level === 'ok' ? 'good' : row.level === 'warn' ? 'warn' : 'bad'}>
                    {row.level === 'ok' ? 'Fine' : row.level === 'warn' ? 'Look' : 'Broken'}
                  </Tag>
                ),
              },
              { label: 'What it says', cell: (row) => <span class="block max-w-[60ch]">{row.text}</span> },
            ]}
            rows={model.checks}
          />
        </div>
        {model.prune ? <PrunePanel frame={frame} prune={model.prune} /> : null}
        {model.more}
        <div class="panel">
          <DataTable
            caption="Settings in force"
            columns={[
              { label: 'Name', head: true, cell: (row) => <code class="mono">{row.name}</code> },
              { label: 'Value', cell: (row) => <code class="mono break-all">{row.value}</code> },
            ]}
            rows={model.settings}
          />
        </div>
      </div>
    </Page>
  );
}

function PrunePanel({ frame, prune }: { frame: Frame; prune: NonNullable<SettingsModel['prune']> }) {
  return (
    <Panel title="Prune old requests" note="Single requests go; sums per day stay for good.">
      <PruneProgress job={prune.job} />
      {prune.job?.phase === 'running' ? null : (
        <PostForm frame={frame} action="/ui/admin/settings/prune">
          <FormErrors state={prune.state} />
          <TextField
            name="days"
            label="Older than, in days"
            type="number"
            state={prune.state}
            hint="You are asked once more before anything goes."
          />
          <Submit label="Prune" danger />
        </PostForm>
      )}
    </Panel>
  );
}

/** Asks for itself again while a prune runs; without JavaScript, loading the page again does. */
export function PruneProgress({ job }: { job: PruneState | null }) {
  if (job === null) return null;
  const removed = `${count(job.deleted)} requests older than ${job.retentionDays} days removed`;
  if (job.phase !== 'running')
    return (
      <p class="mb-4 text-sm" role="status">
        {job.phase === 'done' ? `Done: ${removed}.` : `The last prune failed; ${removed}. The log says why.`}
      </p>
    );
  return (
    <div
      class="grid gap-2 text-sm"
      role="status"
      hx-get="/ui/admin/settings/prune"
      hx-trigger="every 1s"
      hx-swap="outerHTML"
    >
      <progress class="w-full max-w-sm" aria-label="Pruning" />
      <p>
        Pruning: {removed} so far. <noscript>Load the page again to see how far it is.</noscript>
      </p>
    </div>
  );
}
