// Limits in a table: whose, how much, what is used, when it renews. For the limits' own pages and for a user's page.
import { amountText, isBudget, type Limit, limitName } from '../../core/limits/limit.ts';
import type { LimitState } from '../../limits/limiter.ts';
import { percent } from '../views/format.ts';
import type { Frame } from '../views/frame.ts';
import { Empty, LinkButton, Moment, Tag } from '../views/piece.tsx';
import { DataTable } from '../views/table.tsx';

export interface LimitRow {
  readonly state: LimitState;
  /** User name or key name; null for the house. */
  readonly owner: string | null;
  /** Where it is changed; null for a reader who may not. */
  readonly href: string | null;
  /** False where the reader may not know how much was used. */
  readonly showsUse: boolean;
}

/** Limits of tollgate.yaml are changed there. */
export function isInFile(limit: Limit): boolean {
  return limit.id.startsWith('lim_yaml_');
}

export function shortName(limit: Limit): string {
  const name = limitName(limit).replace(/ of (this|your).*$/, '');
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export function LimitTable(props: {
  frame: Frame;
  caption: string;
  rows: readonly LimitRow[];
  emptyText: string;
  newHref?: string;
}) {
  const { frame, caption, rows, newHref } = props;
  if (rows.length === 0) {
    return (
      <Empty
        icon="gauge"
        title="No limits"
        action={newHref ? <LinkButton href={newHref}>Set a limit</LinkButton> : null}
      >
        {props.emptyText}
      </Empty>
    );
  }
  return (
    <DataTable
      caption={caption}
      note={
        newHref ? (
          <a class="inline-link" href={newHref}>
            Set a limit for this user
          </a>
        ) : null
      }
      columns={[
        { label: 'Limit', head: true, cell: (row) => <Name row={row} /> },
        { label: 'Of', cell: (row) => <span class="clip">{row.owner ?? 'The house'}</span> },
        { label: 'Amount', numeric: true, cell: (row) => <Amount row={row} frame={frame} /> },
        { label: 'Used', numeric: true, cell: (row) => <Used row={row} /> },
        {
          label: 'Renews',
          cell: ({ state }) =>
            isBudget(state.limit.kind) ? (
              <Moment ms={state.resetsMs} frame={frame} none="never" />
            ) : (
              <span class="quiet">all the time</span>
            ),
        },
      ]}
      rows={rows}
    />
  );
}

function Name({ row: { state, href } }: { row: LimitRow }) {
  const name = shortName(state.limit);
  return (
    <span class="flex flex-wrap items-center gap-2">
      {href && !isInFile(state.limit) ? (
        <a class="row-link" href={href}>
          {name}
        </a>
      ) : (
        name
      )}
      {isInFile(state.limit) ? <Tag tone="plain">tollgate.yaml</Tag> : null}
    </span>
  );
}

function Amount({ row: { state }, frame }: { row: LimitRow; frame: Frame }) {
  const { limit, amount } = state;
  if (amount === limit.amount) return <>{amountText(limit.kind, amount)}</>;
  return (
    <span class="flex flex-wrap items-center justify-end gap-2">
      {amountText(limit.kind, amount)}
      <Tag tone="warn">
        raised until <Moment ms={limit.raisedUntilMs} frame={frame} />
      </Tag>
    </span>
  );
}

function Used({ row: { state, showsUse } }: { row: LimitRow }) {
  if (!showsUse) return <span class="quiet">not shown</span>;
  const { limit, amount, used, reserved } = state;
  const near = used * 100 >= amount * (limit.warnPercent ?? 100);
  return (
    <span class="flex flex-wrap items-center justify-end gap-2">
      <span>
        {amountText(limit.kind, used)}
        {reserved > 0 ? ` + ${amountText(limit.kind, reserved)} running` : ''}
      </span>
      {amount > 0 ? (
        <Tag tone={used >= amount ? 'bad' : near ? 'warn' : 'plain'}>{percent(used, amount)}</Tag>
      ) : null}
    </span>
  );
}

/** On a user's page: theirs and those of their keys. */
export function UserLimits(props: { frame: Frame; userId: string; rows: readonly LimitRow[] }) {
  return (
    <section class="panel" aria-label="Limits">
      <LimitTable
        frame={props.frame}
        caption="Limits"
        rows={props.rows}
        emptyText="Only the limits of the house bind this user."
        newHref={`/ui/admin/limits/new?user=${props.userId}`}
      />
    </section>
  );
}
