// `90d`, `12h`, `30m` on the command line.

const UNIT_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** Milliseconds, or null when the text is not a positive number with a unit of m, h, d, w or y. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,6})([mhdwy])$/.exec(text.trim());
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  if (!match || unitMs === undefined || Number(match[1]) === 0) return null;
  return Number(match[1]) * unitMs;
}
