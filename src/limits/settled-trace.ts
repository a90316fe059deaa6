// Notes what ends while a changed set of limits is being loaded, so that a new budget's start can be read from the
// ledger's rows without missing an end or counting one twice. Lives for the length of one load.
import type { Charge, Holding } from './meter.ts';

/** Ends noted during one load: seconds of heavy traffic. Beyond it the load is given up and tried again. */
export const TRACE_ENTRIES_MAX = 200_000;

export interface TracedEnd {
  readonly holding: Holding;
  readonly charge: Charge;
}

export class SettledTrace {
  readonly #ends = new Map<string, TracedEnd>();
  #overflowed = false;

  get overflowed(): boolean {
    return this.#overflowed;
  }

  add(holding: Holding, charge: Charge): void {
    if (this.#ends.size >= TRACE_ENTRIES_MAX) this.#overflowed = true;
    else this.#ends.set(holding.eventId, { holding, charge });
  }

  /** True for an event that is counted from here: its row must be left out of what is read. */
  has(eventId: string): boolean {
    return this.#ends.has(eventId);
  }

  ends(): Iterable<TracedEnd> {
    return this.#ends.values();
  }
}
