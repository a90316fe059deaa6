// What a dead process left in the journal: which requests had begun and never ended. Reads, never writes.
import { readFile } from 'node:fs/promises';
import { decodeLines } from '../core/journal-record.ts';
import { NO_USAGE } from '../core/token-usage.ts';
import type { StartedMark, UsageEvent } from '../core/usage-event.ts';
import { decodeMark } from '../core/usage-record.ts';
import type { Segment } from './segment-files.ts';

export type { StartedMark };

export interface Recovered {
  readonly orphans: readonly StartedMark[];
  /** Final events in the segments; some may be stored already. */
  readonly events: number;
  /** Marks of a form that this release does not know. */
  readonly unread: number;
}

export async function recover(segments: readonly Segment[]): Promise<Recovered> {
  const open = new Map<string, string>();
  let events = 0;
  for (const segment of segments) {
    const bytes = await readFile(segment.path);
    for (const record of decodeLines(bytes, 0, bytes.length).records) {
      const id = bytes.toString('latin1', record.idStart, record.idEnd);
      if (record.kind === 'S') open.set(id, bytes.toString('utf8', record.jsonStart, record.jsonEnd));
      else {
        open.delete(id);
        events += 1;
      }
    }
  }
  const orphans = [...open.values()].flatMap(readMark);
  return { orphans, events, unread: open.size - orphans.length };
}

/** A mark that cannot be read must not keep the house from starting. */
function readMark(json: string): StartedMark[] {
  try {
    return [decodeMark(JSON.parse(json))];
  } catch {
    return [];
  }
}

/** The row of a request whose process died: what it used is unknown, which is not zero. */
export function orphanEvent(mark: StartedMark): UsageEvent {
  return {
    ...mark,
    modelServed: null,
    status: 0,
    outcome: 'unknown',
    usage: NO_USAGE,
    provenance: 'unknown',
    costNanoUsd: null,
    unpriced: false,
    priceVersion: null,
    firstByteMs: null,
    durationMs: 0,
    finishReason: null,
    errorType: 'process_died',
    errorMessage: 'The server stopped before this request was settled; what it used is not known.',
    attempts: [],
  };
}
