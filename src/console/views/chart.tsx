// Charts drawn on the server as SVG: stacked bars and lines, with axes as text beside them and the figures in a table beneath.
// The plot stretches with the page; text never does. Colours come from classes, so that themes and the CSP both hold.
import type { Child } from 'hono/jsx';
import {
  axisTop,
  foldSeries,
  linePath,
  round,
  type Series,
  spreadLabels,
  stackedMax,
} from './chart-scale.ts';
import { DataTable } from './table.tsx';

const WIDTH = 1000;
const HEIGHT = 220;
const LABELS_MAX = 6;
const FIGURES_ROWS_MAX = 400;

export interface ChartProps {
  readonly title: string;
  readonly kind: 'bars' | 'lines';
  readonly series: readonly Series[];
  /** One per bucket, long enough to stand alone. */
  readonly labels: readonly string[];
  /** Shorter words for the axis. */
  readonly ticks: readonly string[];
  readonly format: (value: number) => string;
  /** What the buckets are called in the table beneath. */
  readonly bucketName: string;
  readonly summary?: string;
  /** Offers a second drawing that can be zoomed, where JavaScript runs. */
  readonly zoom?: {
    readonly starts: readonly number[];
    readonly timeZone: string;
    readonly unit: 'cost' | 'tokens' | 'requests';
  };
}

export function Chart(props: ChartProps) {
  const series = foldSeries(props.series);
  const top = axisTop(props.kind === 'bars' ? stackedMax(series) : linesMax(series));
  return (
    <figure
      class="min-w-0"
      {...(props.zoom ? { 'data-zoom': JSON.stringify({ ...props.zoom, series }) } : {})}
    >
      <div class="flex flex-wrap items-start justify-between gap-3">
        {series.length > 1 ? <Legend series={series} /> : <span />}
        {props.zoom ? (
          <button type="button" class="btn btn-outline btn-xs" data-zoom-button aria-pressed="false" hidden>
            Zoom
          </button>
        ) : null}
      </div>
      {props.zoom ? <div class="mt-4" data-zoom-plot hidden /> : null}
      <div data-zoom-drawn class="mt-4 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3">
        <div
          class="quiet flex h-55 flex-col justify-between text-right text-2xs tabular-nums"
          aria-hidden="true"
        >
          <span class="-mt-2">{props.format(top)}</span>
          <span>{props.format(top / 2)}</span>
          <span class="-mb-2">{props.format(0)}</span>
        </div>
        <Plot {...props} series={series} top={top} />
        <div
          class="quiet col-start-2 mt-2 flex justify-between gap-2 text-2xs whitespace-nowrap tabular-nums"
          aria-hidden="true"
        >
          {spreadLabels(props.ticks, LABELS_MAX).map((label, at) => (
            <span class={at % 2 === 1 ? 'max-sm:hidden' : ''}>{label}</span>
          ))}
        </div>
      </div>
      <details class="mt-3 text-sm">
        <summary class="quiet w-fit hover:underline">Figures as a table</summary>
        <div class="mt-2 max-h-96 overflow-auto">
          <Figures {...props} series={series} />
        </div>
      </details>
    </figure>
  );
}

function Plot(props: ChartProps & { top: number }) {
  const { series, top, labels } = props;
  const summary =
    props.summary ?? `${series.map((each) => each.name).join(', ')}; the figures are in the table below.`;
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      class="chart h-55"
      role="img"
      aria-label={`${props.title}: ${summary}`}
    >
      {[0, 0.25, 0.5, 0.75, 1].map((at) => (
        <line
          x1="0"
          x2={WIDTH}
          y1={HEIGHT * at}
          y2={HEIGHT * at}
          class="grid-line"
          vector-effect="non-scaling-stroke"
        />
      ))}
      {props.kind === 'bars' ? bars(series, top) : lines(series, top)}
      {labels.map((label, at) => hit({ label, at, buckets: labels.length, series, format: props.format }))}
    </svg>
  );
}

function bars(series: readonly Series[], top: number): Child {
  const buckets = Math.max(1, ...series.map((each) => each.values.length));
  const slot = WIDTH / buckets;
  const width = slot * (buckets > 60 ? 0.86 : 0.68);
  const floors = new Array<number>(buckets).fill(HEIGHT);
  // One path per series: a rectangle of its own for each of a year's days makes the page a quarter larger and slower.
  return series.map((each, index) => {
    const path = each.values.map((value, at) => {
      if (!value) return '';
      const height = Math.max((HEIGHT * value) / top, 0.8);
      const floor = (floors[at] ?? HEIGHT) - height;
      floors[at] = floor;
      return `M${round(at * slot + (slot - width) / 2)} ${round(floor)}h${round(width)}v${round(height)}h${-round(width)}z`;
    });
    return <path d={path.join('')} class={`s${index + 1} fill`} />;
  });
}

function lines(series: readonly Series[], top: number): Child {
  return series.map((each, index) => (
    <path
      d={linePath(each.values, { width: WIDTH, height: HEIGHT, top })}
      class={`line stroke s${index + 1} ${each.before ? 'before' : ''}`}
    />
  ));
}

/** The column under the pointer: its title is the tooltip, with or without JavaScript. */
function hit(props: {
  label: string;
  at: number;
  buckets: number;
  series: readonly Series[];
  format: (value: number) => string;
}): Child {
  const slot = WIDTH / props.buckets;
  const rows = props.series
    .map((each) => [each.name, each.values[props.at] ?? null] as const)
    .filter(([, value]) => value !== null && value !== 0)
    .map(([name, value]) => `${name}: ${props.format(value ?? 0)}`);
  return (
    <rect class="hit" x={round(props.at * slot)} y="0" width={round(slot)} height={HEIGHT}>
      <title>{[props.label, ...(rows.length ? rows : ['nothing'])].join('\n')}</title>
    </rect>
  );
}

export function Legend({ series }: { series: readonly Series[] }) {
  return (
    <ul class="legend">
      {series.map((each, index) => (
        <li>
          <i class={`s${index + 1}`} aria-hidden="true" />
          <span class="max-w-56 truncate">{each.name}</span>
        </li>
      ))}
    </ul>
  );
}

function Figures(props: ChartProps) {
  const rows = props.labels.map((label, at) => ({ label, at })).slice(-FIGURES_ROWS_MAX);
  return (
    <DataTable
      caption={`${props.title}, figures`}
      hideCaption
      columns={[
        {
          label: props.bucketName,
          head: true,
          cell: (row) => <span class="whitespace-nowrap">{row.label}</span>,
        },
        ...props.series.map((each) => ({
          label: each.name,
          numeric: true,
          cell: (row: { at: number }) => {
            const value = each.values[row.at] ?? null;
            return value === null ? '–' : props.format(value);
          },
        })),
      ]}
      rows={rows}
    />
  );
}

/** A share of a whole as a small bar; the number always stands beside it. */
export function ShareBar({ share, tone }: { share: number; tone?: 'good' | 'warn' | 'bad' }) {
  const width = `${Math.max(0, Math.min(100, share * 100)).toFixed(2)}%`;
  return (
    <svg class="share" aria-hidden="true">
      <rect width="100%" height="100%" rx="3" class="meter-track" />
      <rect width={width} height="100%" rx="3" class={tone ? `fill-${tone}` : 'fill-primary-bar'} />
    </svg>
  );
}

function linesMax(series: readonly Series[]): number {
  let max = 0;
  for (const each of series) for (const value of each.values) if (value !== null && value > max) max = value;
  return max;
}
