// The overview, for one person or for the whole house: spend, tokens, requests and time, over time and by what made them.
import { Chart, ShareBar } from '../views/chart.tsx';
import type { Series } from '../views/chart-scale.ts';
import { compactCount, count, duration, money, percent } from '../views/format.ts';
import type { Frame } from '../views/frame.ts';
import { Icon } from '../views/icon.tsx';
import { Page } from '../views/layout.tsx';
import { Empty, LinkButton, Panel, Tiles } from '../views/piece.tsx';
import { DataTable } from '../views/table.tsx';
import type { Counters, UsageBucket, UsageGroup } from './usage-model.ts';
import { usageTiles } from './usage-model.ts';

export interface Step {
  readonly title: string;
  readonly detail: string;
  readonly href: string;
  readonly done: boolean;
}

export interface OverviewModel {
  readonly scope: 'me' | 'house';
  readonly range: string;
  readonly ranges: readonly { readonly id: string; readonly label: string; readonly href: string }[];
  readonly bucketName: string;
  readonly now: Counters;
  readonly before: Counters | null;
  readonly buckets: readonly UsageBucket[];
  /** Spend bucket by bucket, by key for one person and by model for the house. */
  readonly spendSeries: readonly Series[];
  readonly models: readonly UsageGroup[];
  /** Keys for one person, users for the house. */
  readonly owners: readonly UsageGroup[];
  /** What is left to do for a first request; empty when there is nothing. */
  readonly steps: readonly Step[];
}

export function OverviewPage({ frame, model }: { frame: Frame; model: OverviewModel }) {
  const title = model.scope === 'me' ? 'Overview' : 'House overview';
  const lead =
    model.scope === 'me' ? 'What your keys used and what it cost.' : 'What everybody used and what it cost.';
  return (
    <Page frame={frame} title={title} lead={lead} actions={<Ranges model={model} />}>
      <div class="stack">
        {model.steps.length > 0 ? <Checklist steps={model.steps} /> : null}
        <Tiles tiles={usageTiles(model.now, model.before)} />
        {model.now.requests === 0 ? <NoUsage model={model} /> : <Usage model={model} />}
      </div>
    </Page>
  );
}

function Ranges({ model }: { model: OverviewModel }) {
  return (
    <nav aria-label="Span of time">
      <ul class="segments">
        {model.ranges.map((each) => (
          <li>
            <a href={each.href} {...(each.id === model.range ? { 'aria-current': 'true' } : {})}>
              {each.label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function NoUsage({ model }: { model: OverviewModel }) {
  return (
    <Panel>
      <Empty
        icon="chart"
        title="No requests in this span"
        action={
          <LinkButton href="/ui/connect" kind="primary">
            Connect a program
          </LinkButton>
        }
      >
        {model.scope === 'me'
          ? 'Point a program at Tollgate with one of your keys, and its use shows up here within two seconds.'
          : 'As soon as anybody sends a request, it shows up here within two seconds.'}
      </Empty>
    </Panel>
  );
}

function Usage({ model }: { model: OverviewModel }) {
  const labels = model.buckets.map((each) => each.label);
  const ticks = model.buckets.map((each) => each.tick);
  const shared = { labels, ticks, bucketName: model.bucketName };
  const spendTitle = model.scope === 'me' ? 'Spend by key' : 'Spend by model';
  return (
    <>
      <Panel title={spendTitle}>
        <Chart {...shared} title={spendTitle} kind="bars" series={model.spendSeries} format={money} />
      </Panel>
      <div class="split">
        <Panel title="Requests">
          <Chart
            {...shared}
            title="Requests"
            kind="bars"
            series={outcomeSeries(model.buckets)}
            format={compactCount}
          />
        </Panel>
        <Panel title="Tokens">
          <Chart
            {...shared}
            title="Tokens"
            kind="bars"
            series={tokenSeries(model.buckets)}
            format={compactCount}
          />
        </Panel>
      </div>
      <Panel
        title="Average time per request"
        note="From the first byte of the request to the last byte of the answer."
      >
        <Chart
          {...shared}
          title="Average time per request"
          kind="lines"
          series={timeSeries(model.buckets)}
          format={duration}
        />
      </Panel>
      <div class="split">
        <GroupTable title="By model" name="Model" groups={model.models} />
        <GroupTable
          title={model.scope === 'me' ? 'By key' : 'By user'}
          name={model.scope === 'me' ? 'Key' : 'User'}
          groups={model.owners}
        />
      </div>
    </>
  );
}

export function GroupTable(props: { title: string; name: string; groups: readonly UsageGroup[] }) {
  const whole = props.groups.reduce((sum, each) => sum + each.counters.costNanoUsd, 0);
  const requests = props.groups.reduce((sum, each) => sum + each.counters.requests, 0);
  const share = (each: UsageGroup) =>
    whole > 0 ? each.counters.costNanoUsd / whole : requests > 0 ? each.counters.requests / requests : 0;
  return (
    <div class="panel">
      <DataTable
        caption={props.title}
        columns={[
          {
            label: props.name,
            head: true,
            cell: (row) => (
              <span
                class="block"
                title={`${percent(share(row), 1)} of the ${whole > 0 ? 'spend' : 'requests'}`}
              >
                <GroupName group={row} />
                <ShareBar share={share(row)} />
              </span>
            ),
          },
          { label: 'Requests', numeric: true, cell: (row) => count(row.counters.requests) },
          {
            label: 'Tokens',
            numeric: true,
            cell: (row) => compactCount(row.counters.promptTokens + row.counters.completionTokens),
          },
          { label: 'Spend', numeric: true, cell: (row) => <Spend counters={row.counters} /> },
        ]}
        rows={props.groups}
      />
    </div>
  );
}

function GroupName({ group }: { group: UsageGroup }) {
  if (!group.href)
    return (
      <span class="clip" title={group.name}>
        {group.name}
      </span>
    );
  return (
    <a class="row-link clip" href={group.href} title={group.name}>
      {group.name}
    </a>
  );
}

/** A sum that leaves requests out says so. */
export function Spend({ counters }: { counters: Counters }) {
  if (
    counters.unpriced > 0 &&
    counters.unpriced >= counters.requests - counters.failed &&
    counters.costNanoUsd === 0
  )
    return <span class="quiet">unpriced</span>;
  return (
    <>
      {money(counters.costNanoUsd)}
      {counters.unpriced > 0 ? (
        <abbr
          class="quiet ml-1 no-underline"
          title={`${count(counters.unpriced)} requests have no price and are left out`}
        >
          +?
        </abbr>
      ) : null}
    </>
  );
}

function Checklist({ steps }: { steps: readonly Step[] }) {
  const left = steps.filter((step) => !step.done).length;
  return (
    <section aria-labelledby="first-steps">
      <h2 id="first-steps" class="mb-3">
        {left === 1 ? 'One step left' : `${left} steps to your first request`}
      </h2>
      <ol class="steps-list">
        {steps.map((step, at) => (
          <li class={step.done ? 'step-done' : ''}>
            <span class="step-mark" aria-hidden="true">
              {step.done ? (
                <span class="size-4">
                  <Icon name="check" />
                </span>
              ) : (
                at + 1
              )}
            </span>
            <div class="min-w-0">
              {step.done ? (
                <p class="font-medium">
                  {step.title} <span class="quiet font-normal">(done)</span>
                </p>
              ) : (
                <p>
                  <a class="inline-link" href={step.href}>
                    {step.title}
                  </a>
                </p>
              )}
              <p class="quiet text-sm">{step.detail}</p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function outcomeSeries(buckets: readonly UsageBucket[]): readonly Series[] {
  const answered = buckets.map(({ counters }) => counters.requests - counters.failed);
  const failed = buckets.map(({ counters }) => counters.failed);
  const series: Series[] = [{ name: 'Answered', values: answered }];
  return failed.some((value) => value > 0) ? [...series, { name: 'Failed', values: failed }] : series;
}

function tokenSeries(buckets: readonly UsageBucket[]): readonly Series[] {
  return [
    { name: 'Read', values: buckets.map(({ counters }) => counters.promptTokens) },
    { name: 'Written', values: buckets.map(({ counters }) => counters.completionTokens) },
  ];
}

function timeSeries(buckets: readonly UsageBucket[]): readonly Series[] {
  const values = buckets.map(({ counters }) =>
    counters.requests ? counters.durationMs / counters.requests : null,
  );
  return [{ name: 'Average time', values }];
}
