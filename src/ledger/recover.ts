// What a dead process left in the journal: which requests had begun and never ended. Reads, never writes.
import { readFile } from 'node:fs/promises';
import { NO_USAGE } from '../core/token-usage.ts';
import type { UsageEvent } from '../core/usage-event.ts';
import type { Segment } from './journal.ts';
import { decodeLines } from './journal-record.ts';

/** A request that has begun: enough to give an orphan its row. */
export interface StartedMark {
  readonly id: string;
  readonly timeMs: number;
  readonly requestId: string;
  readonly userId: string | null;
  readonly keyId: string | null;
  readonly clientSessionId: string | null;
  readonly tags: readonly string[];
  readonly endpoint: string;
  readonly provider: string | null;
  readonly modelAsked: string | null;
  readonly streamed: boolean;
  /** The request's budget reservation, null without a budget. */
  readonly heldNanoUsd: number | null;
  readonly heldTokens: number | null;
}

export interface Recovered {
  readonly orphans: readonly StartedMark[];
  /** Final events in the segments; some may be stored already. */
  readonly events: number;
}

export async function recover(segments: readonly Segment[]): Promise<Recovered> {
  const open = new Map<string, string>();
  let events = 0;
  for (const segment of segments) {
    const bytes = await readFile(segment.path);
    for (const record of decodeLines(bytes, 0, bytes.length).records) {
      if (record.kind === 'S') open.set(record.id, bytes.toString('utf8', record.jsonStart, record.jsonEnd));
      else {
        open.delete(record.id);
        events += 1;
      }
    }
  }
  return { orphans: [...open.values()].map((json) => JSON.parse(json) as StartedMark), events };
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
