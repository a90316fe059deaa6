// Small pieces that pages are put together from: panels, tiles, tags, times, empty states, facts.
import type { Child } from 'hono/jsx';
import { moment, NOTHING, relative } from './format.ts';
import type { Frame } from './frame.ts';
import { Icon, type IconName } from './icon.tsx';

export function Panel(props: {
  title?: string;
  note?: Child;
  side?: Child;
  children?: Child;
  flush?: boolean;
}) {
  return (
    <section class="panel">
      {props.title ? (
        <div class="panel-head">
          <div>
            <h2>{props.title}</h2>
            {props.note ? <p class="panel-note">{props.note}</p> : null}
          </div>
          {props.side ? <div class="actions">{props.side}</div> : null}
        </div>
      ) : null}
      {props.flush ? props.children : <div class="panel-body">{props.children}</div>}
    </section>
  );
}

export interface Tile {
  readonly label: string;
  readonly value: string;
  /** The exact number when `value` is shortened, shown on hover and read out. */
  readonly exact?: string;
  readonly note?: string | null;
}

export function Tiles({ tiles }: { tiles: readonly Tile[] }) {
  return (
    <dl class="tiles">
      {tiles.map((tile) => (
        <div class="tile">
          <dt>{tile.label}</dt>
          <dd class="tile-value" {...(tile.exact ? { title: tile.exact } : {})}>
            {tile.value}
          </dd>
          {tile.note ? <dd class="tile-note">{tile.note}</dd> : null}
        </div>
      ))}
    </dl>
  );
}

export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'plain';

/** A state as a word with a dot; `plain` has no dot. */
export function Tag({ tone, children, title }: { tone: Tone; children?: Child; title?: string }) {
  return (
    <span class={`tag tag-${tone}`} {...(title ? { title } : {})}>
      {children}
    </span>
  );
}

/** A moment in the reader's zone; machine-readable as well. */
export function Moment(props: {
  ms: number | null;
  frame: Frame;
  style?: 'minute' | 'second' | 'stamp' | 'day';
  none?: string;
}) {
  if (props.ms === null) return <span class="quiet">{props.none ?? NOTHING}</span>;
  return (
    <time datetime={new Date(props.ms).toISOString()} class="whitespace-nowrap">
      {moment(props.ms, props.frame.timeZone, props.style)}
    </time>
  );
}

/** A moment told as a distance from now, with the exact one on hover. */
export function Ago({ ms, frame, none }: { ms: number | null; frame: Frame; none?: string }) {
  if (ms === null) return <span class="quiet">{none ?? NOTHING}</span>;
  return (
    <time
      datetime={new Date(ms).toISOString()}
      title={moment(ms, frame.timeZone, 'second')}
      class="whitespace-nowrap"
    >
      {relative(ms, frame.nowMs)}
    </time>
  );
}

/** Says what is not there yet and what to do about it. */
export function Empty(props: { icon: IconName; title: string; children?: Child; action?: Child }) {
  return (
    <div class="empty">
      <Icon name={props.icon} />
      <p class="font-semibold">{props.title}</p>
      <p class="quiet text-sm">{props.children}</p>
      {props.action ? <div class="mt-3">{props.action}</div> : null}
    </div>
  );
}

export function Facts(props: { rows: readonly (readonly [label: string, value: Child])[]; wide?: boolean }) {
  return (
    <dl class={props.wide ? 'facts facts-wide' : 'facts'}>
      {props.rows.map(([label, value]) => (
        <>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

export function LinkButton(props: {
  href: string;
  kind?: 'primary' | 'outline' | 'danger';
  children?: Child;
}) {
  const kind = props.kind ?? 'outline';
  const look = kind === 'primary' ? 'btn-primary' : kind === 'danger' ? 'btn-danger-quiet' : 'btn-outline';
  return (
    <a href={props.href} class={`btn btn-sm ${look}`}>
      {props.children}
    </a>
  );
}
