// What the ledger remembers of a request under way, and the lines of the journal that speak of it.
import type { JournalLine } from '../core/journal-record.ts';
import type { StartedMark } from '../core/usage-event.ts';
import { encodeMark } from '../core/usage-record.ts';
import { Linked } from '../lib/linked-list.ts';
import type { Segment } from './segment-files.ts';

/** A request under way. Its mark goes with its event, once that is written. */
export class OpenMark extends Linked {
  readonly id: string;
  readonly json: string;
  readonly budgeted: boolean;
  /** Where it stands; null when it is to be written again. */
  segment: Segment | null = null;
  written = false;

  constructor(started: StartedMark, budgeted: boolean) {
    super();
    this.id = started.id;
    this.json = encodeMark(started);
    this.budgeted = budgeted;
  }
}

/** What became of a settled event whose turn's write was refused. */
export interface SettledEvent {
  /** Its request may end in order all the same: memory keeps the event, or the house serves uncounted. */
  readonly mayEnd: boolean;
}

/** A line of the journal with the mark it writes (`S`) or ends (`E`). */
export interface LedgerLine extends JournalLine, SettledEvent {
  readonly mark: OpenMark | null;
  mayEnd: boolean;
}
