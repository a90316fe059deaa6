// API keys: one's own and, for admins, everybody's; a new one, one in detail, and the new key shown once.
import type { Child } from 'hono/jsx';
import { FormErrors, Pick, PostForm, SelectField, Submit, TextField } from '../views/form.tsx';
import { compactCount, money, NOTHING } from '../views/format.ts';
import type { FormState, Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Ago, Empty, Facts, LinkButton, Moment, Panel, Tag } from '../views/piece.tsx';
import { type Column, DataTable, type Paging } from '../views/table.tsx';
import type { Counters } from './usage-model.ts';

export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly owner: string;
  readonly ownerHref: string | null;
  readonly href: string;
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly revokedMs: number | null;
  readonly lastUsedMs: number | null;
  readonly models: readonly string[] | null;
  readonly addresses: readonly string[] | null;
  readonly scopes: readonly string[];
  readonly tags: readonly string[];
  readonly onHangUp: 'cancel' | 'drain';
  /** Last 30 days. */
  readonly usage: Counters | null;
}

export interface KeysModel {
  readonly scope: 'me' | 'house';
  readonly keys: readonly KeyRow[];
  readonly paging: Paging | null;
  readonly filter: Child;
}

export function KeysPage({ frame, model }: { frame: Frame; model: KeysModel }) {
  const mine = model.scope === 'me';
  return (
    <Page
      frame={frame}
      title={mine ? 'API keys' : 'All keys'}
      lead={
        mine
          ? 'One key for each program, so that you see what each uses and can revoke one without the others.'
          : 'The keys of everybody. A key never has more rights than its owner.'
      }
      actions={
        <LinkButton href="/ui/keys/new" kind="primary">
          New key
        </LinkButton>
      }
    >
      <div class="stack">
        {model.filter}
        <div class="panel">
          {model.keys.length === 0 ? (
            <Empty
              icon="key"
              title={mine ? 'You have no API key yet' : 'No key fits'}
              action={
                <LinkButton href="/ui/keys/new" kind="primary">
                  Make a key
                </LinkButton>
              }
            >
              A key lets a program call models in your name. It is shown once, with the settings for your
              program.
            </Empty>
          ) : (
            <DataTable
              caption={mine ? 'Your keys' : 'Keys'}
              columns={keyColumns(frame, mine)}
              rows={model.keys}
              paging={model.paging}
            />
          )}
        </div>
      </div>
    </Page>
  );
}

/** The keys of one user, for the page of that user. */
export function KeyTable({
  frame,
  keys,
  newHref,
}: {
  frame: Frame;
  keys: readonly KeyRow[];
  newHref: string;
}) {
  if (keys.length === 0)
    return (
      <Panel title="Keys" side={<LinkButton href={newHref}>New key</LinkButton>}>
        <p class="quiet text-sm">No key yet.</p>
      </Panel>
    );
  return (
    <div class="panel">
      <DataTable
        caption="Keys"
        note={
          <a class="inline-link" href={newHref}>
            Make a key for this user
          </a>
        }
        columns={keyColumns(frame, true)}
        rows={keys}
      />
    </div>
  );
}

export function KeyFilter({ base, search, state }: { base: string; search: string; state: string }) {
  return (
    <form method="get" action={base} class="filters">
      <div class="field grow sm:max-w-72">
        <label for="q">Name or beginning</label>
        <input class="input" id="q" name="q" type="search" value={search} autocomplete="off" />
      </div>
      <Pick
        name="state"
        label="State"
        value={state}
        all="Any state"
        options={[
          ['active', 'Active'],
          ['expired', 'Expired'],
          ['revoked', 'Revoked'],
        ]}
      />
      <button type="submit" class="btn btn-outline btn-sm h-9">
        Search
      </button>
    </form>
  );
}

function keyColumns(frame: Frame, mine: boolean): readonly Column<KeyRow>[] {
  const owner: Column<KeyRow> = {
    label: 'Owner',
    cell: (row) =>
      row.ownerHref ? (
        <a class="row-link clip" href={row.ownerHref} title={row.owner}>
          {row.owner}
        </a>
      ) : (
        row.owner
      ),
  };
  return [
    {
      label: 'Name',
      head: true,
      cell: (row) => (
        <>
          <a class="row-link clip" href={row.href} title={row.name}>
            {row.name || 'unnamed'}
          </a>
          <span class="quiet mono text-xs">{row.prefix}…</span>
        </>
      ),
    },
    ...(mine ? [] : [owner]),
    { label: 'State', cell: (row) => <KeyState row={row} frame={frame} /> },
    { label: 'Last used', cell: (row) => <Ago ms={row.lastUsedMs} frame={frame} none="never" /> },
    { label: 'Expires', cell: (row) => <Moment ms={row.expiresMs} frame={frame} style="day" none="never" /> },
    {
      label: 'Requests, 30 days',
      numeric: true,
      cell: (row) => (row.usage ? compactCount(row.usage.requests) : NOTHING),
    },
    { label: 'Spend, 30 days', numeric: true, cell: (row) => money(row.usage?.costNanoUsd ?? null) },
  ];
}

export function KeyState({ row, frame }: { row: KeyRow; frame: Frame }) {
  if (row.revokedMs !== null && row.revokedMs <= frame.nowMs) return <Tag tone="bad">Revoked</Tag>;
  if (row.expiresMs !== null && row.expiresMs <= frame.nowMs) return <Tag tone="warn">Expired</Tag>;
  if (row.revokedMs !== null) return <Tag tone="warn">Ends soon</Tag>;
  return <Tag tone="good">Active</Tag>;
}

export interface KeyFormModel {
  readonly state: FormState;
  /** Users an admin may make a key for; empty for everybody else. */
  readonly owners: readonly (readonly [id: string, name: string])[];
  readonly mayAdmin: boolean;
}

export const EXPIRY_CHOICES = [
  ['', 'Never'],
  ['7d', 'In 7 days'],
  ['30d', 'In 30 days'],
  ['90d', 'In 90 days'],
  ['365d', 'In a year'],
] as const;

export function NewKeyPage({ frame, model }: { frame: Frame; model: KeyFormModel }) {
  return (
    <Page frame={frame} title="New key" lead="Name it after the program that will use it.">
      <Panel>
        <PostForm frame={frame} action="/ui/keys">
          <FormErrors state={model.state} />
          <TextField
            name="name"
            label="Name"
            state={model.state}
            required
            autofocus
            placeholder="laptop, Claude Code"
            hint="Only for you to tell your keys apart."
          />
          {model.owners.length > 0 ? (
            <SelectField name="owner" label="Owner" state={model.state} options={model.owners} />
          ) : null}
          <SelectField name="expires" label="Expires" state={model.state} options={EXPIRY_CHOICES} />
          <MoreRules model={model} />
          <Submit label="Make key" cancel="/ui/keys" />
        </PostForm>
      </Panel>
    </Page>
  );
}

function MoreRules({ model }: { model: KeyFormModel }) {
  return (
    <details {...(hasMore(model.state) ? { open: true } : {})}>
      <summary class="text-sm font-medium">More rules</summary>
      <div class="mt-4 grid gap-5">
        <TextField
          name="models"
          label="Models"
          state={model.state}
          placeholder="openai/*, anthropic/claude-*"
          hint="Which models it may use, separated by commas; * stands for anything. Empty: all of yours."
        />
        <TextField
          name="addresses"
          label="Addresses"
          state={model.state}
          placeholder="192.0.2.0/24"
          hint="Where it may be used from: addresses or ranges, separated by commas. Empty: anywhere."
        />
        <TextField
          name="tags"
          label="Tags"
          state={model.state}
          placeholder="team-a, experiment"
          hint="Words to group usage by, separated by commas."
        />
        <SelectField
          name="on_hang_up"
          label="When the program hangs up"
          state={model.state}
          options={[
            ['cancel', 'Stop the provider at once'],
            ['drain', 'Read on, for exact numbers'],
          ]}
          hint="Stopping saves money; the rest of the numbers are then estimated and marked so."
        />
        {model.mayAdmin ? (
          <SelectField
            name="scope"
            label="Opens"
            state={model.state}
            options={[
              ['use', 'Models only'],
              ['admin', 'Models and the admin API'],
            ]}
            hint="The admin API is for scripts that manage users, keys and providers."
          />
        ) : null}
      </div>
    </details>
  );
}

function hasMore(state: FormState): boolean {
  return ['models', 'addresses', 'tags', 'scope'].some((name) => state.values[name] || state.errors[name]);
}

export function KeyPage({ frame, model }: { frame: Frame; model: { row: KeyRow; usageHref: string } }) {
  const { row } = model;
  const live = row.revokedMs === null;
  return (
    <Page
      frame={frame}
      title={row.name || 'Unnamed key'}
      lead={
        <>
          <code class="mono">{row.prefix}…</code> of {row.owner}
        </>
      }
      actions={
        live ? (
          <>
            <LinkButton href={`${row.href}/rotate`}>Rotate</LinkButton>
            <LinkButton href={`${row.href}/revoke`} kind="danger">
              Revoke
            </LinkButton>
          </>
        ) : undefined
      }
    >
      <div class="stack">
        <Panel title="About this key">
          <Facts
            rows={[
              ['State', <KeyState row={row} frame={frame} />],
              ['Created', <Moment ms={row.createdMs} frame={frame} />],
              ['Last used', <Ago ms={row.lastUsedMs} frame={frame} none="never" />],
              ['Expires', <Moment ms={row.expiresMs} frame={frame} none="never" />],
              ...(row.revokedMs === null
                ? []
                : [['Revoked', <Moment ms={row.revokedMs} frame={frame} />] as const]),
              ['Models', row.models ? row.models.join(', ') : 'all that the owner may use'],
              ['Addresses', row.addresses ? row.addresses.join(', ') : 'any'],
              ['Opens', row.scopes.includes('admin') ? 'models and the admin API' : 'models'],
              ['Tags', row.tags.length ? row.tags.join(', ') : 'none'],
              [
                'On hang-up',
                row.onHangUp === 'drain' ? 'reads on for exact numbers' : 'stops the provider at once',
              ],
            ]}
          />
        </Panel>
        <Panel title="Last 30 days">
          <Facts
            rows={[
              ['Requests', compactCount(row.usage?.requests ?? null)],
              [
                'Tokens',
                compactCount(row.usage ? row.usage.promptTokens + row.usage.completionTokens : null),
              ],
              ['Spend', money(row.usage?.costNanoUsd ?? null)],
            ]}
          />
          <p class="mt-4">
            <a class="inline-link" href={model.usageHref}>
              Requests of this key
            </a>
          </p>
        </Panel>
      </div>
    </Page>
  );
}
