// Who came near a limit in a month: the highest share of each limit, and how often it refused. Reads only.
import { type Limit, limitName } from '../../core/limits/limit.ts';
import { readPeaks } from '../../store/limit-peaks.ts';
import { listLimits } from '../../store/limits.ts';
import type { Store } from '../../store/open-store.ts';

export interface ReportedLimit {
  readonly limitId: string;
  /** Null when the limit was removed since. */
  readonly limit: Limit | null;
  readonly name: string;
  readonly peakPercent: number;
  readonly refusals: number;
}

export interface ReportAsked {
  /** A UTC month: both its first millisecond and that of the next. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Limits that came less near and refused nothing are left out. */
  readonly nearPercent: number;
}

/** Nearest first. What happened in the last minute may still be in the server's memory. */
export async function limitReport(store: Store, asked: ReportAsked): Promise<ReportedLimit[]> {
  const limits = new Map((await listLimits(store.read)).map((limit) => [limit.id, limit]));
  const peaks = await readPeaks(store.read, asked);
  return peaks
    .map(({ limitId, peakPermille, refusals }): ReportedLimit => {
      const limit = limits.get(limitId) ?? null;
      const name = limit ? limitName(limit) : 'a limit removed since';
      return { limitId, limit, name, peakPercent: peakPermille / 10, refusals };
    })
    .filter(({ peakPercent, refusals }) => peakPercent >= asked.nearPercent || refusals > 0)
    .sort((a, b) => b.peakPercent - a.peakPercent || b.refusals - a.refusals);
}

/** `2026-11` as its two ends, or null. */
export function monthSpan(text: string): { sinceMs: number; untilMs: number } | null {
  const match = /^(\d{4})-(\d{2})$/.exec(text);
  const month = Number(match?.[2]);
  if (!match || month < 1 || month > 12) return null;
  const year = Number(match[1]);
  return { sinceMs: Date.UTC(year, month - 1), untilMs: Date.UTC(year, month) };
}
