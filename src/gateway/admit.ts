// The step that asks the limits for a place. What it hands back is owed exactly one end.
import type { Exchange } from './exchange.ts';

/** What a request used in the end; null where nobody knows. */
export interface ActualUse {
  readonly costNanoUsd: number | null;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
}

/** A place taken. Exactly one of the two ends it; further calls do nothing. */
export interface Admission {
  /** What is reserved; stands in for the truth while an event's numbers are unknown. */
  readonly heldNanoUsd: number | null;
  readonly heldTokens: number | null;
  readonly settle: (actual: ActualUse) => void;
  /** Nothing went upstream: as if the request had never been. */
  readonly release: () => void;
}

/** Throws AppError 403 or 429 when a limit stands in the way; then nothing was taken. */
export type Admit = (exchange: Exchange) => Admission;

const UNLIMITED: Admission = { heldNanoUsd: null, heldTokens: null, settle() {}, release() {} };

export const admitEverything: Admit = () => UNLIMITED;
