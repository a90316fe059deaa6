// One request: its story, its attempts on a time line, tokens by kind and where each number came from.
import type { Child } from 'hono/jsx';
import type { AttemptRecord, UsageEvent } from '../../core/usage-event.ts';
import { count, duration, money, NOTHING } from '../views/format.ts';
import type { Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Facts, LinkButton, Moment, Panel } from '../views/piece.tsx';
import { DataTable } from '../views/table.tsx';
import { Cost, FAILURES, OutcomeTag, ProvenanceTag, story } from './request-words.tsx';

export interface RequestModel {
  readonly event: UsageEvent;
  readonly userName: string | null;
  readonly keyName: string | null;
  readonly credentialNames: ReadonlyMap<string, string>;
  /** Price of each kind of token, null where it is not known. */
  readonly lines: readonly PriceLine[];
  readonly back: string;
}

export interface PriceLine {
  readonly kind: string;
  readonly tokens: number | null;
  readonly costNanoUsd: number | null;
}

export function RequestPage({ frame, model }: { frame: Frame; model: RequestModel }) {
  const { event } = model;
  return (
    <Page
      frame={frame}
      title="Request"
      lead={<code class="mono break-all">{event.id}</code>}
      actions={<LinkButton href={model.back}>All requests</LinkButton>}
    >
      <div class="stack">
        <Panel title="What happened">
          <p class="mb-5 max-w-[70ch]">{story(event)}</p>
          <Facts rows={requestFacts(frame, model)} wide />
        </Panel>
        <Panel
          title="Attempts"
          note={
            event.attempts.length === 1
              ? 'One call to a provider.'
              : `${event.attempts.length} calls to providers, in order.`
          }
        >
          {event.attempts.length === 0 ? (
            <p class="quiet text-sm">No provider was called: the request was refused here.</p>
          ) : (
            <TimeLine model={model} />
          )}
        </Panel>
        <div class="panel">
          <TokenTable model={model} />
        </div>
      </div>
    </Page>
  );
}

function requestFacts(frame: Frame, model: RequestModel): readonly (readonly [string, Child])[] {
  const { event } = model;
  return [
    ['Time', <Moment ms={event.timeMs} frame={frame} style="second" />],
    ['Outcome', <OutcomeTag outcome={event.outcome} status={event.status} />],
    ['Status', String(event.status)],
    ['User', model.userName ?? NOTHING],
    ['Key', model.keyName ?? NOTHING],
    ['Endpoint', <code class="mono">{event.endpoint}</code>],
    ['Model asked', <code class="mono">{event.modelAsked ?? NOTHING}</code>],
    ['Model served', <code class="mono">{event.modelServed ?? NOTHING}</code>],
    ['Provider', event.provider ?? NOTHING],
    ['Streamed', event.streamed ? 'yes' : 'no'],
    ['First byte', duration(event.firstByteMs)],
    ['Time taken', duration(event.durationMs)],
    ['Finish reason', event.finishReason ?? NOTHING],
    ...(event.requestId === event.id
      ? []
      : [['Client’s request id', <code class="mono">{event.requestId}</code>] as const]),
    ...(event.clientSessionId
      ? [['Client session', <code class="mono">{event.clientSessionId}</code>] as const]
      : []),
    ...(event.tags.length ? [['Tags', event.tags.join(', ')] as const] : []),
    ...(event.errorType ? [['Error', `${event.errorType}: ${event.errorMessage ?? ''}`] as const] : []),
  ];
}

function TimeLine({ model }: { model: RequestModel }) {
  const { event } = model;
  const start = event.timeMs;
  const span = Math.max(
    event.durationMs,
    ...event.attempts.map((each) => each.startedMs - start + each.durationMs),
    1,
  );
  return (
    <ol class="grid gap-5">
      {event.attempts.map((attempt) => (
        <li class="grid gap-2">
          <div class="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
            <span class="font-semibold">
              {attempt.ordinal}. {attempt.provider}
            </span>
            <code class="mono break-all">{attempt.model}</code>
            <OutcomeTag outcome={attempt.outcome} status={attempt.status} />
            {attempt.credentialId ? (
              <span class="quiet">
                {model.credentialNames.get(attempt.credentialId) ?? attempt.credentialId}
              </span>
            ) : null}
          </div>
          <AttemptBar attempt={attempt} start={start} span={span} />
          <p class="quiet text-sm">
            <span class="tabular-nums">
              after {duration(Math.max(0, attempt.startedMs - start))}, first byte in{' '}
              {duration(attempt.firstByteMs)}, took {duration(attempt.durationMs)}
            </span>
            {attempt.failure ? `: ${FAILURES[attempt.failure]}` : ''}
          </p>
          {attempt.errorMessage ? (
            <p class="mono rounded-lg bg-(--wash) px-3 py-2 text-sm break-words">{attempt.errorMessage}</p>
          ) : null}
        </li>
      ))}
    </ol>
  );
}

function AttemptBar({ attempt, start, span }: { attempt: AttemptRecord; start: number; span: number }) {
  const at = (ms: number) => `${Math.min(100, Math.max(0, (100 * ms) / span)).toFixed(2)}%`;
  const offset = Math.max(0, attempt.startedMs - start);
  const tone =
    attempt.outcome === 'final' ? 'fill-primary-bar' : attempt.outcome === 'error' ? 'fill-bad' : 'fill-warn';
  const wait = Math.min(attempt.firstByteMs ?? attempt.durationMs, attempt.durationMs);
  return (
    <svg
      class="h-3 w-full"
      role="img"
      aria-label={`From ${duration(offset)} to ${duration(offset + attempt.durationMs)} of ${duration(span)}`}
    >
      <rect width="100%" height="100%" rx="3" class="meter-track" />
      <rect
        x={at(offset)}
        width={at(Math.max(attempt.durationMs, span / 250))}
        height="100%"
        rx="3"
        class={tone}
        opacity="0.45"
      />
      <rect x={at(offset + wait)} width={at(attempt.durationMs - wait)} height="100%" rx="3" class={tone} />
    </svg>
  );
}

function TokenTable({ model }: { model: RequestModel }) {
  const { event } = model;
  return (
    <DataTable
      caption="Tokens and price"
      note={
        <span class="mt-1 flex flex-wrap items-center gap-2">
          <ProvenanceTag provenance={event.provenance} />
          {event.priceVersion ? `prices of ${event.priceVersion}` : null}
        </span>
      }
      columns={[
        { label: 'Kind', head: true, cell: (row) => row.kind },
        { label: 'Tokens', numeric: true, cell: (row) => count(row.tokens) },
        { label: 'Cost', numeric: true, cell: (row) => money(row.costNanoUsd) },
      ]}
      rows={model.lines}
      foot={
        <tr>
          <th scope="row">Total</th>
          <td class="num">{count(sum(event.usage.promptTokens, event.usage.completionTokens))}</td>
          <td class="num">
            <Cost nano={event.costNanoUsd} unpriced={event.unpriced} />
          </td>
        </tr>
      }
    />
  );
}

function sum(a: number | null, b: number | null): number | null {
  return a === null && b === null ? null : (a ?? 0) + (b ?? 0);
}
