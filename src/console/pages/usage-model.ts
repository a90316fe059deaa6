// What pages know of usage: counters, a span of time, buckets and groups. Filled from the ledger's roll-ups by the routes.
import { change, compactCount, count, duration, money } from '../views/format.ts';
import type { Tile } from '../views/piece.tsx';

export interface Counters {
  readonly requests: number;
  readonly failed: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly costNanoUsd: number;
  /** Requests without a known price: their cost is in no sum. */
  readonly unpriced: number;
  readonly estimated: number;
  readonly unknown: number;
  readonly durationMs: number;
}

export const NO_COUNTERS: Counters = {
  requests: 0,
  failed: 0,
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  costNanoUsd: 0,
  unpriced: 0,
  estimated: 0,
  unknown: 0,
  durationMs: 0,
};

export interface UsageGroup {
  /** What is shown. */
  readonly name: string;
  readonly href: string | null;
  readonly counters: Counters;
}

export interface UsageBucket {
  readonly startMs: number;
  /** Long enough to stand alone. */
  readonly label: string;
  readonly tick: string;
  readonly counters: Counters;
}

export type Measure = 'cost' | 'tokens' | 'requests';

/** The number of one measure. */
export function measured(counters: Counters, measure: Measure): number {
  if (measure === 'cost') return counters.costNanoUsd;
  if (measure === 'tokens') return counters.promptTokens + counters.completionTokens;
  return counters.requests;
}

/** How a measure is written. */
export function writeMeasure(measure: Measure): (value: number) => string {
  return measure === 'cost' ? money : compactCount;
}

/** The four numbers at the top of an overview, each with its change against the span before. */
export function usageTiles(now: Counters, before: Counters | null): readonly Tile[] {
  const against = (value: number, earlier: number | undefined) => {
    const text = earlier === undefined ? null : change(value, earlier);
    return text === null ? '' : `${text} against the span before`;
  };
  const tokens = now.promptTokens + now.completionTokens;
  const tokensBefore = before ? before.promptTokens + before.completionTokens : undefined;
  return [
    {
      label: 'Spend',
      value: money(now.costNanoUsd),
      exact: `$${(now.costNanoUsd / 1e9).toFixed(6)}`,
      note: joined(
        against(now.costNanoUsd, before?.costNanoUsd),
        now.unpriced ? `${count(now.unpriced)} unpriced` : '',
      ),
    },
    {
      label: 'Tokens',
      value: compactCount(tokens),
      exact: `${count(now.promptTokens)} in, ${count(now.completionTokens)} out`,
      note: joined(against(tokens, tokensBefore)),
    },
    {
      label: 'Requests',
      value: compactCount(now.requests),
      exact: count(now.requests),
      note: joined(
        against(now.requests, before?.requests),
        now.failed ? `${compactCount(now.failed)} failed` : '',
      ),
    },
    {
      label: 'Average time',
      value: duration(now.requests ? now.durationMs / now.requests : null),
      note: joined(uncertain(now)),
    },
  ];
}

/** What of the numbers is not the provider's own word. */
function uncertain(counters: Counters): string {
  const parts = [];
  if (counters.estimated) parts.push(`${compactCount(counters.estimated)} estimated`);
  if (counters.unknown) parts.push(`${compactCount(counters.unknown)} unknown`);
  return parts.join(', ');
}

function joined(...parts: readonly string[]): string | null {
  return parts.filter(Boolean).join(' · ') || null;
}
