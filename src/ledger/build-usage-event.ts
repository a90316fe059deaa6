// Makes the one usage event of a request from its attempts: what was billed is the sum of what each attempt used. Pure.
import { NO_USAGE, type Provenance, type TokenUsage } from '../core/token-usage.ts';
import type { AttemptRecord, UsageEvent } from '../core/usage-event.ts';

/** What of an event its attempts say. */
export type AttemptSum = Pick<UsageEvent, 'usage' | 'provenance' | 'costNanoUsd' | 'unpriced' | 'provider'>;

/** Everything about the request that its attempts do not say. */
export type RequestEnd = Omit<UsageEvent, keyof AttemptSum | 'attempts'>;

/** The least certain number decides how certain the sum is. */
const LESS_CERTAIN: readonly Provenance[] = ['imported', 'provider', 'drained', 'estimated', 'unknown'];

export function buildUsageEvent(end: RequestEnd, attempts: readonly AttemptRecord[]): UsageEvent {
  return { ...end, ...sumOfAttempts(attempts), attempts };
}

/** Nearly every request has one attempt: then there is nothing to add up. */
export function sumOfAttempts(attempts: readonly AttemptRecord[]): AttemptSum {
  const only = attempts[0];
  if (only && attempts.length === 1) {
    return {
      provider: only.provider,
      usage: only.usage,
      provenance: lessCertain('provider', only.provenance),
      costNanoUsd: only.costNanoUsd,
      unpriced: only.costNanoUsd === null && hasNumbers(only),
    };
  }
  const counted = countedAttempts(attempts);
  return {
    provider: attempts.at(-1)?.provider ?? null,
    usage: sumUsage(counted.map((attempt) => attempt.usage)),
    provenance: counted.reduce<Provenance>(
      (worst, { provenance }) => lessCertain(worst, provenance),
      'provider',
    ),
    costNanoUsd: sumOrNull(counted.map((attempt) => attempt.costNanoUsd)),
    unpriced: counted.some((attempt) => hasNumbers(attempt) && attempt.costNanoUsd === null),
  };
}

/**
 * Those with numbers; without any, those that may have been billed although nobody said how much. An attempt that told
 * nothing beside one that served keeps its `unknown` on its own row.
 */
function countedAttempts(attempts: readonly AttemptRecord[]): readonly AttemptRecord[] {
  const numbered = attempts.filter(hasNumbers);
  if (numbered.length > 0) return numbered;
  const unknown = attempts.filter(({ provenance }) => provenance === 'unknown');
  return unknown.length > 0 ? unknown : attempts.slice(-1);
}

function hasNumbers({ usage }: AttemptRecord): boolean {
  return usage.promptTokens !== null || usage.completionTokens !== null;
}

function lessCertain(one: Provenance, other: Provenance): Provenance {
  return LESS_CERTAIN.indexOf(other) > LESS_CERTAIN.indexOf(one) ? other : one;
}

export function sumUsage(usages: readonly TokenUsage[]): TokenUsage {
  const [only] = usages;
  if (only && usages.length === 1) return only;
  const names = Object.keys(NO_USAGE) as (keyof TokenUsage)[];
  const sum: Record<keyof TokenUsage, number | null> = { ...NO_USAGE };
  for (const usage of usages) {
    for (const name of names) {
      const value = usage[name];
      if (value !== null) sum[name] = (sum[name] ?? 0) + value;
    }
  }
  return sum;
}

/** Known costs added up; null only when none is known. A part that is missing shows in `unpriced` or the provenance. */
function sumOrNull(values: readonly (number | null)[]): number | null {
  return values.reduce((sum, value) => (value === null ? sum : (sum ?? 0) + value), null);
}
