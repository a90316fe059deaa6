// One's own account: password, signed-in sessions, time zone and theme.
import { ActButton, FormErrors, PostForm, SelectField, Submit, TextField } from '../views/form.tsx';
import type { FormState, Frame, Theme } from '../views/frame.ts';
import { EMPTY_FORM } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Ago, Facts, Moment, Panel, Tag } from '../views/piece.tsx';
import { DataTable } from '../views/table.tsx';

export interface SessionRow {
  readonly id: string;
  readonly createdMs: number;
  readonly lastSeenMs: number;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly isThis: boolean;
}

export interface AccountModel {
  readonly state: FormState;
  readonly sessions: readonly SessionRow[];
  readonly createdMs: number | null;
  readonly zones: readonly string[];
}

const THEMES: readonly (readonly [Theme, string])[] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

export function AccountPage({ frame, model }: { frame: Frame; model: AccountModel }) {
  return (
    <Page frame={frame} title="Account" lead={frame.viewer?.name}>
      <div class="stack">
        <div class="split">
          <PasswordPanel frame={frame} state={model.state} />
          <AppearancePanel frame={frame} model={model} />
        </div>
        <div class="panel">
          <DataTable
            caption="Signed-in sessions"
            note="Ending one signs that browser out at once."
            columns={[
              {
                label: 'Browser',
                head: true,
                cell: (row) => (
                  <span class="flex items-center gap-2">
                    <span class="clip" title={row.userAgent ?? ''}>
                      {row.userAgent ?? 'unknown'}
                    </span>
                    {row.isThis ? <Tag tone="good">this one</Tag> : null}
                  </span>
                ),
              },
              { label: 'Address', cell: (row) => row.address ?? 'unknown' },
              { label: 'Signed in', cell: (row) => <Moment ms={row.createdMs} frame={frame} /> },
              { label: 'Last seen', cell: (row) => <Ago ms={row.lastSeenMs} frame={frame} /> },
              {
                label: 'End session',
                quietLabel: true,
                numeric: true,
                cell: (row) =>
                  row.isThis ? null : (
                    <ActButton
                      frame={frame}
                      action={`/ui/account/sessions/${row.id}/end`}
                      label="End"
                      danger
                    />
                  ),
              },
            ]}
            rows={model.sessions}
          />
        </div>
      </div>
    </Page>
  );
}

function PasswordPanel({ frame, state }: { frame: Frame; state: FormState }) {
  return (
    <Panel title="Password" note="Changing it ends all your other sessions.">
      <PostForm frame={frame} action="/ui/account/password">
        <FormErrors state={state} />
        <input type="hidden" name="username" value={frame.viewer?.name} autocomplete="username" />
        <TextField
          name="current_password"
          label="Current password"
          type="password"
          state={state}
          autocomplete="current-password"
          required
        />
        <TextField
          name="new_password"
          label="New password"
          type="password"
          state={state}
          autocomplete="new-password"
          required
          hint="At least 8 characters; 15 or more are better."
        />
        <Submit label="Change password" />
      </PostForm>
    </Panel>
  );
}

function AppearancePanel({ frame, model }: { frame: Frame; model: AccountModel }) {
  const state = { ...EMPTY_FORM, values: { theme: frame.theme, time_zone: frame.timeZone } };
  return (
    <Panel title="Display" note="Kept in this browser.">
      <PostForm frame={frame} action="/ui/account/display">
        <SelectField name="theme" label="Theme" state={state} options={THEMES} />
        <SelectField
          name="time_zone"
          label="Time zone"
          state={state}
          options={model.zones.map((zone) => [zone, zone.replaceAll('_', ' ')] as const)}
          hint="Times and the borders of days follow it."
        />
        <Submit label="Save display" />
      </PostForm>
      {model.createdMs === null ? null : (
        <div class="mt-6">
          <Facts rows={[['Account made', <Moment ms={model.createdMs} frame={frame} style="day" />]]} />
        </div>
      )}
    </Panel>
  );
}
