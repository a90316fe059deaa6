// Users, for admins: the list, a new one, and one with role, state, password reset, keys and use.
import type { Child } from 'hono/jsx';
import { CopyButton } from '../views/code.tsx';
import { ActButton, FormErrors, PostForm, SelectField, Submit, TextField } from '../views/form.tsx';
import { compactCount, count, money } from '../views/format.ts';
import type { FormState, Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Ago, Empty, Facts, LinkButton, Moment, Panel, Tag, Tiles } from '../views/piece.tsx';
import { DataTable, type Paging, type Sorting } from '../views/table.tsx';
import type { Counters } from './usage-model.ts';
import { usageTiles } from './usage-model.ts';

export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly role: 'admin' | 'user';
  readonly isActive: boolean;
  readonly createdMs: number;
  readonly lastSignInMs: number | null;
  readonly keys: number;
  readonly usage: Counters | null;
}

export interface UsersModel {
  readonly users: readonly UserRow[];
  readonly sorting: Sorting;
  readonly paging: Paging | null;
  readonly search: string;
}

export function UsersPage({ frame, model }: { frame: Frame; model: UsersModel }) {
  return (
    <Page
      frame={frame}
      title="Users"
      lead="Everybody with an account. There is no self sign-up: you make accounts."
      actions={
        <LinkButton href="/ui/admin/users/new" kind="primary">
          New user
        </LinkButton>
      }
    >
      <div class="stack">
        <form method="get" action="/ui/admin/users" class="filters">
          <div class="field grow sm:max-w-72">
            <label for="q">Name</label>
            <input class="input" id="q" name="q" type="search" value={model.search} autocomplete="off" />
          </div>
          <button type="submit" class="btn btn-outline btn-sm h-9">
            Search
          </button>
        </form>
        <div class="panel">
          {model.users.length === 0 ? (
            <Empty icon="users" title="Nobody fits">
              No user’s name contains these letters.
            </Empty>
          ) : (
            <UserTable frame={frame} model={model} />
          )}
        </div>
      </div>
    </Page>
  );
}

function UserTable({ frame, model }: { frame: Frame; model: UsersModel }) {
  return (
    <DataTable
      caption="Users"
      sorting={model.sorting}
      columns={[
        {
          label: 'Name',
          head: true,
          sort: 'name',
          cell: (row) => (
            <a class="row-link clip" href={`/ui/admin/users/${row.id}`} title={row.name}>
              {row.name}
            </a>
          ),
        },
        { label: 'Role', cell: (row) => (row.role === 'admin' ? 'Admin' : 'User') },
        { label: 'State', cell: (row) => <UserState active={row.isActive} /> },
        { label: 'Keys', numeric: true, cell: (row) => count(row.keys) },
        {
          label: 'Requests, 30 days',
          numeric: true,
          sort: 'requests',
          cell: (row) => compactCount(row.usage?.requests ?? 0),
        },
        {
          label: 'Spend, 30 days',
          numeric: true,
          sort: 'spend',
          cell: (row) => money(row.usage?.costNanoUsd ?? 0),
        },
        { label: 'Last sign-in', cell: (row) => <Ago ms={row.lastSignInMs} frame={frame} none="never" /> },
        {
          label: 'Created',
          sort: 'created',
          cell: (row) => <Moment ms={row.createdMs} frame={frame} style="day" />,
        },
      ]}
      rows={model.users}
      paging={model.paging}
    />
  );
}

function UserState({ active }: { active: boolean }) {
  return active ? <Tag tone="good">Active</Tag> : <Tag tone="bad">Disabled</Tag>;
}

export function NewUserPage({ frame, state }: { frame: Frame; state: FormState }) {
  return (
    <Page frame={frame} title="New user" lead="The person gets a name and a first password from you.">
      <Panel>
        <PostForm frame={frame} action="/ui/admin/users">
          <FormErrors state={state} />
          <TextField
            name="username"
            label="Name"
            state={state}
            required
            autofocus
            hint="Letters, digits, dots, dashes and underscores. It cannot be changed later."
          />
          <SelectField
            name="role"
            label="Role"
            state={state}
            options={[
              ['user', 'User: own keys and usage'],
              ['admin', 'Admin: everything'],
            ]}
          />
          <TextField
            name="password"
            label="First password"
            type="password"
            state={state}
            autocomplete="new-password"
            hint="Leave it empty and a good one is made and shown once."
          />
          <Submit label="Create user" cancel="/ui/admin/users" />
        </PostForm>
      </Panel>
    </Page>
  );
}

/** A password made here, shown once after creating a user or resetting a password. */
export function PasswordOncePage(props: {
  frame: Frame;
  name: string;
  password: string;
  href: string;
  isReset: boolean;
}) {
  return (
    <Page
      frame={props.frame}
      title={props.isReset ? 'Password reset' : 'User created'}
      lead={props.name}
      actions={<LinkButton href={props.href}>Done, I have copied it</LinkButton>}
    >
      <Panel
        title="The password"
        note="Hand it over safely. It is shown only now; the person can change it under Account."
      >
        <div class="flex flex-wrap items-center gap-3 rounded-lg bg-(--wash) px-4 py-3">
          <code class="token min-w-0 flex-1" data-password>
            {props.password}
          </code>
          <CopyButton text={props.password} label="the password" look="btn btn-primary btn-sm" />
        </div>
      </Panel>
    </Page>
  );
}

export interface UserModel {
  readonly user: UserRow;
  /** False for oneself and for the last admin. */
  readonly mayChange: boolean;
  readonly whyNot: string | null;
  readonly keysPanel: Child;
  readonly limitsPanel: Child;
  readonly now: Counters;
  readonly before: Counters | null;
}

export function UserPage({ frame, model }: { frame: Frame; model: UserModel }) {
  const { user } = model;
  const base = `/ui/admin/users/${user.id}`;
  return (
    <Page
      frame={frame}
      title={user.name}
      lead={user.role === 'admin' ? 'Admin' : 'User'}
      actions={<UserActs frame={frame} model={model} base={base} />}
    >
      <div class="stack">
        <Tiles tiles={usageTiles(model.now, model.before)} />
        <Panel title="Account">
          <Facts
            rows={[
              ['State', <UserState active={user.isActive} />],
              ['Role', user.role === 'admin' ? 'Admin' : 'User'],
              ['Created', <Moment ms={user.createdMs} frame={frame} />],
              ['Last sign-in', <Ago ms={user.lastSignInMs} frame={frame} none="never" />],
              [
                'Usage',
                <a class="inline-link" href={`/ui/admin/usage?user=${user.id}`}>
                  Explore
                </a>,
              ],
            ]}
          />
          {model.whyNot ? <p class="quiet mt-4 text-sm">{model.whyNot}</p> : null}
        </Panel>
        {model.limitsPanel}
        {model.keysPanel}
      </div>
    </Page>
  );
}

function UserActs({ frame, model, base }: { frame: Frame; model: UserModel; base: string }) {
  const { user, mayChange } = model;
  return (
    <>
      <LinkButton href={`${base}/reset-password`}>Reset password</LinkButton>
      {mayChange ? (
        <LinkButton href={`${base}/role`}>
          {user.role === 'admin' ? 'Make a plain user' : 'Make admin'}
        </LinkButton>
      ) : null}
      {mayChange && user.isActive ? (
        <LinkButton href={`${base}/disable`} kind="danger">
          Disable
        </LinkButton>
      ) : null}
      {user.isActive ? null : <ActButton frame={frame} action={`${base}/enable`} label="Enable" />}
    </>
  );
}
