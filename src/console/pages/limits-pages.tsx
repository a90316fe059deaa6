// Limits: mine, all of the house, a new one, and one with its change, its temporary raise and its end.
import { BUDGET_PERIODS } from '../../core/limits/budget-period.ts';
import { amountText, isBudget, type Limit } from '../../core/limits/limit.ts';
import {
  CheckField,
  FormErrors,
  type Option,
  PostForm,
  SelectField,
  Submit,
  TextField,
} from '../views/form.tsx';
import type { FormState, Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Facts, LinkButton, Moment, Panel } from '../views/piece.tsx';
import { type LimitRow, LimitTable, shortName } from './limits-table.tsx';

const KIND_OPTIONS: readonly Option[] = [
  ['budget_money', 'Budget in dollars'],
  ['budget_tokens', 'Budget in tokens'],
  ['requests_per_minute', 'Requests per minute'],
  ['tokens_per_minute', 'Tokens per minute'],
  ['concurrent_requests', 'Requests at once'],
];
const PERIOD_NAMES = { day: 'Day', week: 'Week', month: 'Month', forever: 'For good' } as const;

export function MyLimitsPage({ frame, rows }: { frame: Frame; rows: readonly LimitRow[] }) {
  return (
    <Page
      frame={frame}
      title="My limits"
      lead="What binds you and your keys, and what is left. A request must fit into all of them."
    >
      <div class="panel">
        <LimitTable
          frame={frame}
          caption="My limits"
          rows={rows}
          emptyText="Nothing binds you or your keys."
        />
      </div>
    </Page>
  );
}

export function LimitsPage(props: { frame: Frame; rows: readonly LimitRow[]; shown: string | null }) {
  const { frame, rows, shown } = props;
  return (
    <Page
      frame={frame}
      title="Limits"
      lead="Of keys, users and the whole house. A request must fit into all that bind it."
      actions={
        <LinkButton href="/ui/admin/limits/new" kind="primary">
          New limit of the house
        </LinkButton>
      }
    >
      <div class="stack">
        <div class="panel">
          <LimitTable
            frame={frame}
            caption="All limits"
            rows={rows}
            emptyText="Nobody is bound. Limits of a user and of their keys are set on the user’s page."
          />
        </div>
        {shown ? <p class="quiet text-sm">{shown}</p> : null}
      </div>
    </Page>
  );
}

export interface NewLimitModel {
  /** `house`, `user:ID` or `key:ID`, with the words for it. */
  readonly owners: readonly Option[];
  readonly cancel: string;
}

export function NewLimitPage(props: { frame: Frame; model: NewLimitModel; state: FormState }) {
  const { frame, model, state } = props;
  return (
    <Page
      frame={frame}
      title="New limit"
      lead="It holds from the next request on. One of the same kind and period is changed."
    >
      <Panel>
        <PostForm frame={frame} action="/ui/admin/limits">
          <FormErrors state={state} />
          <SelectField name="owner" label="Of" state={state} options={model.owners} />
          <SelectField name="kind" label="What is limited" state={state} options={KIND_OPTIONS} />
          <TextField
            name="amount"
            label="Amount"
            state={state}
            required
            hint="Dollars for a budget in dollars, such as 25 or 0.50; else requests or tokens. Zero lets nothing through."
          />
          <SelectField
            name="period"
            label="Period of a budget"
            state={state}
            options={BUDGET_PERIODS.map((period): Option => [period, PERIOD_NAMES[period]])}
            hint="Not used for rates and requests at once."
          />
          <BudgetFields state={state} />
          <Submit label="Set limit" cancel={model.cancel} />
        </PostForm>
      </Panel>
    </Page>
  );
}

function BudgetFields({ state }: { state: FormState }) {
  return (
    <>
      <TextField
        name="time_zone"
        label="Time zone of a budget"
        state={state}
        hint="Whose calendar counts the days, such as Europe/Berlin."
      />
      <TextField
        name="warn_percent"
        label="Warn at percent of a budget"
        state={state}
        hint="A line in the server’s log, once per period. Empty for never."
      />
      <CheckField
        name="allow_unpriced"
        value="yes"
        label="Let models without a price through"
        state={state}
        hint="Only for a budget in dollars: they cost it nothing, whatever they really cost."
      />
    </>
  );
}

export interface LimitModel {
  readonly row: LimitRow;
  readonly limit: Limit;
  /** `house`, `user:ID` or `key:ID`. */
  readonly owner: string;
  readonly change: FormState;
  readonly raise: FormState;
}

export function LimitPage({ frame, model }: { frame: Frame; model: LimitModel }) {
  const { row, limit } = model;
  const base = `/ui/admin/limits/${limit.id}`;
  return (
    <Page
      frame={frame}
      title={shortName(limit)}
      lead={row.owner ?? 'The whole house'}
      actions={
        <LinkButton href={`${base}/remove`} kind="danger">
          Remove
        </LinkButton>
      }
    >
      <div class="stack">
        <Panel title="Now">
          <Standing frame={frame} row={row} />
        </Panel>
        <ChangePanel frame={frame} model={model} />
        <Panel title="Raise for a while" note="The amount goes back by itself.">
          <PostForm frame={frame} action={`${base}/raise`}>
            <FormErrors state={model.raise} />
            <TextField
              name="raise_to"
              label={limit.kind === 'budget_money' ? 'Dollars' : 'Amount'}
              state={model.raise}
            />
            <TextField name="days" label="Days" type="number" state={model.raise} />
            <Submit label="Raise" />
          </PostForm>
        </Panel>
      </div>
    </Page>
  );
}

function Standing({ frame, row: { state } }: { frame: Frame; row: LimitRow }) {
  const { limit } = state;
  const text = (amount: number) => amountText(limit.kind, amount);
  return (
    <Facts
      rows={[
        ['In force', text(state.amount)],
        ['Used', text(state.used)],
        ['Reserved by running requests', text(state.reserved)],
        ['Left', text(state.remaining)],
        ['Renews', <Moment ms={state.resetsMs} frame={frame} none="–" />],
      ]}
    />
  );
}

function ChangePanel({ frame, model }: { frame: Frame; model: LimitModel }) {
  const { limit, change } = model;
  return (
    <Panel title="Change" note="What is counted stays counted.">
      <PostForm frame={frame} action="/ui/admin/limits">
        <FormErrors state={change} />
        <input type="hidden" name="id" value={limit.id} />
        <input type="hidden" name="owner" value={model.owner} />
        <input type="hidden" name="kind" value={limit.kind} />
        <input type="hidden" name="period" value={limit.period ?? ''} />
        <TextField
          name="amount"
          label={limit.kind === 'budget_money' ? 'Dollars' : 'Amount'}
          state={change}
          required
        />
        {isBudget(limit.kind) ? <BudgetFields state={change} /> : null}
        <Submit label="Save" cancel="/ui/admin/limits" />
      </PostForm>
    </Panel>
  );
}
