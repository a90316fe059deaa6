// Providers and their credentials, for admins: health, cool-downs counting down, add, test, switch off. A secret is never shown again.

import {
  ActButton,
  FormErrors,
  type Option,
  PostForm,
  SelectField,
  Submit,
  TextField,
} from '../views/form.tsx';
import { compactCount, duration, percent } from '../views/format.ts';
import type { FormState, Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Ago, Empty, LinkButton, Panel, Tag } from '../views/piece.tsx';
import { DataTable } from '../views/table.tsx';

export interface CredentialRow {
  readonly id: string;
  readonly label: string;
  /** The secret masked: enough to tell two keys apart, never enough to use one. Empty where there is none. */
  readonly hint: string;
  readonly source: 'environment' | 'file' | 'dashboard' | 'built in';
  readonly state: 'ready' | 'cooling' | 'quarantined' | 'disabled';
  /** Why it rests or is set aside, in words. */
  readonly reason: string | null;
  readonly readyMs: number | null;
  readonly inFlight: number;
  readonly requests: number;
  readonly failures: number;
  readonly lastUsedMs: number | null;
}

const SOURCES: Readonly<Record<CredentialRow['source'], string>> = {
  environment: 'from the environment',
  file: 'from tollgate.yaml',
  dashboard: 'added here',
  'built in': 'built in',
};

export interface ProviderCard {
  readonly name: string;
  readonly title: string;
  readonly baseUrl: string | null;
  readonly models: number | null;
  readonly isDemo: boolean;
  readonly credentials: readonly CredentialRow[];
}

export interface ProvidersModel {
  readonly providers: readonly ProviderCard[];
}

export function ProvidersPage({ frame, model }: { frame: Frame; model: ProvidersModel }) {
  return (
    <Page
      frame={frame}
      title="Providers"
      lead="Who answers, with which keys, and how they fare. A failing key rests by itself and comes back by itself."
      actions={
        <LinkButton href="/ui/admin/providers/new" kind="primary">
          Add a provider key
        </LinkButton>
      }
    >
      <div class="stack">
        {model.providers.length === 0 ? (
          <Panel>
            <Empty
              icon="server"
              title="No provider yet"
              action={
                <LinkButton href="/ui/admin/providers/new" kind="primary">
                  Add a provider key
                </LinkButton>
              }
            >
              Add a key of OpenAI, Anthropic, OpenRouter or any other, here or as an environment variable.
            </Empty>
          </Panel>
        ) : (
          <ProviderList frame={frame} model={model} />
        )}
      </div>
    </Page>
  );
}

/** Refreshed by itself every few seconds where JavaScript runs; the counting down between is the script's. */
export function ProviderList({ frame, model }: { frame: Frame; model: ProvidersModel }) {
  return (
    <div
      id="providers"
      class="stack"
      hx-get="/ui/admin/providers/list"
      hx-trigger="every 5s"
      hx-swap="outerHTML"
    >
      {model.providers.map((provider) => (
        <section class="panel">
          <div class="panel-head pb-1">
            <div class="min-w-0">
              <h2 class="flex flex-wrap items-center gap-2">
                {provider.title}
                {provider.isDemo ? <Tag tone="plain">demo</Tag> : null}
              </h2>
              <p class="panel-note break-all">
                {provider.baseUrl ?? 'default address'}
                {provider.models === null ? '' : `, ${compactCount(provider.models)} models`}
              </p>
            </div>
          </div>
          <CredentialTable frame={frame} provider={provider} />
        </section>
      ))}
    </div>
  );
}

function CredentialTable({ frame, provider }: { frame: Frame; provider: ProviderCard }) {
  if (provider.credentials.length === 0)
    return <p class="quiet px-5 pt-2 pb-5 text-sm">No key is needed or none is there.</p>;
  return (
    <DataTable
      caption={`Keys of ${provider.title}`}
      hideCaption
      columns={[
        {
          label: 'Key',
          head: true,
          cell: (row) => (
            <>
              <span class="clip font-medium" title={row.label}>
                {row.label}
              </span>
              <span class="quiet text-xs">
                {row.hint ? <code class="mono">{row.hint} </code> : null}
                {SOURCES[row.source]}
              </span>
            </>
          ),
        },
        { label: 'State', cell: (row) => <CredentialState row={row} frame={frame} /> },
        { label: 'In flight', numeric: true, cell: (row) => String(row.inFlight) },
        { label: 'Calls', numeric: true, cell: (row) => compactCount(row.requests) },
        { label: 'Failed', numeric: true, cell: (row) => percent(row.failures, row.requests) },
        { label: 'Last used', cell: (row) => <Ago ms={row.lastUsedMs} frame={frame} none="never" /> },
        {
          label: 'Acts',
          quietLabel: true,
          numeric: true,
          cell: (row) => <CredentialActs row={row} frame={frame} />,
        },
      ]}
      rows={provider.credentials}
    />
  );
}

export function CredentialState({ row, frame }: { row: CredentialRow; frame: Frame }) {
  const why = row.reason ? <span class="quiet block text-xs">{row.reason}</span> : null;
  if (row.state === 'ready') return <Tag tone="good">Ready</Tag>;
  if (row.state === 'disabled') return <Tag tone="quiet">Switched off</Tag>;
  if (row.state === 'quarantined')
    return (
      <>
        <Tag tone="bad">Refused</Tag>
        {why}
      </>
    );
  const left = row.readyMs === null ? null : Math.max(0, row.readyMs - frame.nowMs);
  return (
    <>
      <Tag tone="warn">
        Resting
        {left === null ? null : (
          <span class="tabular-nums" data-countdown={String(left)}>
            {duration(Math.ceil(left / 1000) * 1000)}
          </span>
        )}
      </Tag>
      {why}
    </>
  );
}

function CredentialActs({ row, frame }: { row: CredentialRow; frame: Frame }) {
  const base = `/ui/admin/providers/credentials/${row.id}`;
  return (
    <span class="flex justify-end gap-2">
      <ActButton frame={frame} action={`${base}/test`} label="Test" />
      {row.state === 'disabled' ? (
        <ActButton frame={frame} action={`${base}/enable`} label="Switch on" />
      ) : (
        <LinkButton href={`${base}/disable`}>Switch off</LinkButton>
      )}
      {row.source === 'dashboard' ? (
        <LinkButton href={`${base}/delete`} kind="danger">
          Delete
        </LinkButton>
      ) : null}
    </span>
  );
}

export interface NewCredentialModel {
  readonly state: FormState;
  readonly providers: readonly Option[];
}

export function NewCredentialPage({ frame, model }: { frame: Frame; model: NewCredentialModel }) {
  return (
    <Page
      frame={frame}
      title="Add a provider key"
      lead="It is encrypted before it is stored, and nobody can read it afterwards."
    >
      <Panel>
        <PostForm frame={frame} action="/ui/admin/providers">
          <FormErrors state={model.state} />
          <SelectField name="provider" label="Provider" state={model.state} options={model.providers} />
          <TextField
            name="label"
            label="Label"
            state={model.state}
            placeholder="team account"
            hint="To tell it from the others of this provider."
          />
          <TextField
            name="secret"
            label="Key"
            type="password"
            state={model.state}
            required
            autocomplete="off"
            hint="As the provider gave it to you."
          />
          <details {...(model.state.errors.name || model.state.errors.base_url ? { open: true } : {})}>
            <summary class="text-sm font-medium">Another provider, or another address</summary>
            <div class="mt-4 grid gap-5">
              <TextField
                name="name"
                label="Name"
                state={model.state}
                placeholder="my_vllm"
                hint="Lower-case letters, digits and _. Its models are then my_vllm/model."
              />
              <TextField
                name="base_url"
                label="Base URL"
                type="url"
                state={model.state}
                placeholder="https://llm.example.com/v1"
                hint="An address that speaks OpenAI's API. Private addresses need ALLOW_PRIVATE_UPSTREAMS."
              />
            </div>
          </details>
          <Submit label="Save key" cancel="/ui/admin/providers" />
        </PostForm>
      </Panel>
    </Page>
  );
}

export interface TestResultModel {
  readonly label: string;
  readonly ok: boolean;
  readonly text: string;
  readonly tookMs: number;
}

export function TestResultPage({ frame, model }: { frame: Frame; model: TestResultModel }) {
  return (
    <Page frame={frame} title="Test of a provider key" lead={model.label}>
      <Panel>
        <p class="mb-3">
          <Tag tone={model.ok ? 'good' : 'bad'}>{model.ok ? 'Works' : 'Does not work'}</Tag>
        </p>
        <p>{model.text}</p>
        <p class="quiet mt-1 text-sm">It took {duration(model.tookMs)}.</p>
        <p class="mt-5">
          <LinkButton href="/ui/admin/providers">Back to providers</LinkButton>
        </p>
      </Panel>
    </Page>
  );
}
