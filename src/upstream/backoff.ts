// How long to wait before the same credential is tried again: exponential, with full jitter so that callers spread out.

const FIRST_MS = 250;
const LONGEST_MS = 8_000;

/** `turn` counts from 0; `fraction` is chance in [0, 1). Never less than half the step, so that it is a wait at all. */
export function backoffMs(turn: number, fraction: number): number {
  const step = Math.min(FIRST_MS * 2 ** turn, LONGEST_MS);
  return Math.round(step / 2 + (step / 2) * fraction);
}
