// The step that asks the limits for a place. What it hands back is owed exactly one end.
import type { Admission } from '../limits/limiter.ts';
import type { Exchange } from './exchange.ts';

/** Throws AppError 403 or 429 when a limit stands in the way; then nothing was taken. */
export type Admit = (exchange: Exchange) => Admission | Promise<Admission>;

const UNLIMITED: Admission = {
  budgeted: false,
  heldNanoUsd: null,
  heldTokens: 0,
  settle() {},
  release() {},
};

export const admitEverything: Admit = () => UNLIMITED;
