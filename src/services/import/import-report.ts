// What an import did, counted while it runs: taken, here already, skipped and why. Bounded, whatever the file holds.

export const SKIPPED_SHOWN_MAX = 50;

export type ImportKind = 'users' | 'keys' | 'usage';

export interface ImportTally {
  readonly taken: number;
  /** Taken by an earlier run. */
  readonly already: number;
  readonly skipped: number;
}

export interface ImportReport {
  readonly dryRun: boolean;
  readonly users: ImportTally;
  readonly keys: ImportTally;
  readonly usage: ImportTally;
  /** The first skipped rows with their reasons. */
  readonly skipped: readonly { readonly kind: ImportKind; readonly id: number; readonly why: string }[];
  /** What the operator should know or do. */
  readonly notes: readonly string[];
}

export interface ReportWriter {
  readonly taken: (kind: ImportKind, count?: number) => void;
  readonly already: (kind: ImportKind, count?: number) => void;
  readonly skip: (kind: ImportKind, id: number, why: string) => void;
  readonly note: (text: string) => void;
  readonly finish: () => ImportReport;
}

export function createReport(dryRun: boolean): ReportWriter {
  const tallies = { users: empty(), keys: empty(), usage: empty() };
  const skipped: { kind: ImportKind; id: number; why: string }[] = [];
  const notes = new Set<string>();
  return {
    taken: (kind, count = 1) => {
      tallies[kind].taken += count;
    },
    already: (kind, count = 1) => {
      tallies[kind].already += count;
    },
    skip: (kind, id, why) => {
      tallies[kind].skipped += 1;
      if (skipped.length < SKIPPED_SHOWN_MAX) skipped.push({ kind, id, why });
    },
    note: (text) => {
      if (notes.size < SKIPPED_SHOWN_MAX) notes.add(text);
    },
    finish: () => ({ dryRun, ...tallies, skipped, notes: [...notes] }),
  };
}

function empty(): { taken: number; already: number; skipped: number } {
  return { taken: 0, already: 0, skipped: 0 };
}
