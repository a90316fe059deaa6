// Makes the one usage event of a request from its attempts: what was billed is the sum of what each attempt used. Pure.
import { NO_USAGE, type Provenance, type TokenUsage } from '../core/token-usage.ts';
import type { AttemptRecord, UsageEvent } from '../core/usage-event.ts';

type Summed = 'usage' | 'provenance' | 'costNanoUsd' | 'unpriced' | 'provider' | 'attempts';

/** Everything about the request that its attempts do not say. */
export type RequestFacts = Omit<UsageEvent, Summed>;

/** An attempt as the gateway keeps it: `unpriced` says that tokens were used which have no price. */
export interface BilledAttempt extends AttemptRecord {
  readonly unpriced: boolean;
}

/** The least certain number decides how certain the sum is. An attempt without numbers keeps its own row's `unknown`. */
const LESS_CERTAIN: readonly Provenance[] = ['imported', 'provider', 'drained', 'estimated', 'unknown'];

export function buildUsageEvent(facts: RequestFacts, attempts: readonly BilledAttempt[]): UsageEvent {
  const last = attempts.at(-1);
  const numbered = attempts.filter(hasNumbers);
  const counted = numbered.length > 0 || !last ? numbered : [last];
  return {
    ...facts,
    provider: last?.provider ?? null,
    usage: sumUsage(counted.map((attempt) => attempt.usage)),
    provenance: counted.reduce<Provenance>(
      (worst, { provenance }) => lessCertain(worst, provenance),
      'provider',
    ),
    costNanoUsd: sumOrNull(counted.map((attempt) => attempt.costNanoUsd)),
    unpriced: counted.some((attempt) => attempt.unpriced),
    attempts: attempts.map(({ unpriced: _, ...attempt }) => attempt),
  };
}

function hasNumbers({ usage }: AttemptRecord): boolean {
  return usage.promptTokens !== null || usage.completionTokens !== null;
}

function lessCertain(one: Provenance, other: Provenance): Provenance {
  return LESS_CERTAIN.indexOf(other) > LESS_CERTAIN.indexOf(one) ? other : one;
}

export function sumUsage(usages: readonly TokenUsage[]): TokenUsage {
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
