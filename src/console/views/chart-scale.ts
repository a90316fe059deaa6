// The arithmetic of charts: round axis tops, folded tails, geometry. Pure.

export interface Series {
  readonly name: string;
  /** One number per bucket; null where there is nothing to tell. */
  readonly values: readonly (number | null)[];
  /** The same span earlier, drawn dashed. */
  readonly before?: boolean;
}

export const SERIES_COLOURS = 7;

/** The axis top: the next of 1, 2, 2.5, 4, 5, 8 times a power of ten. */
export function axisTop(max: number): number {
  if (!Number.isFinite(max) || max <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [1, 2, 2.5, 4, 5, 8, 10].find((each) => each * power >= max - 1e-9 * power) ?? 10;
  return step * power;
}

/** The largest series by total, the others added up as `other`; at most one colour each. */
export function foldSeries(series: readonly Series[], kept = SERIES_COLOURS - 1): readonly Series[] {
  const ranked = series.toSorted((a, b) => total(b) - total(a));
  if (ranked.length <= kept + 1) return ranked;
  const tail = ranked.slice(kept);
  const length = Math.max(...tail.map((each) => each.values.length));
  const values = Array.from({ length }, (_, at) =>
    tail.reduce((sum, each) => sum + (each.values[at] ?? 0), 0),
  );
  return [...ranked.slice(0, kept), { name: `${tail.length} others`, values }];
}

/** The sum of what a series tells. */
export function total(series: Series): number {
  return series.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** The height of each bucket when series are stacked. */
export function stackedMax(series: readonly Series[]): number {
  const length = Math.max(0, ...series.map((each) => each.values.length));
  let max = 0;
  for (let at = 0; at < length; at += 1) {
    let sum = 0;
    for (const each of series) sum += each.values[at] ?? 0;
    if (sum > max) max = sum;
  }
  return max;
}

/** An SVG path through the known values, lifted where one is missing. */
export function linePath(
  values: readonly (number | null)[],
  box: { width: number; height: number; top: number },
): string {
  const step = values.length > 1 ? box.width / (values.length - 1) : 0;
  let pen = false;
  let path = '';
  values.forEach((value, at) => {
    if (value === null) {
      pen = false;
      return;
    }
    const x = values.length > 1 ? at * step : box.width / 2;
    const y = box.height - (box.height * Math.min(value, box.top)) / box.top;
    path += `${pen ? 'L' : 'M'}${round(x)} ${round(y)}`;
    pen = true;
  });
  return path;
}

/** At most `most` labels, evenly spread, first and last included. */
export function spreadLabels(labels: readonly string[], most: number): readonly string[] {
  if (labels.length <= most) return labels;
  const step = (labels.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, at) => labels[Math.round(at * step)] ?? '');
}

/** Two decimals are finer than a pixel. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
