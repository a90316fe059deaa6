// Which credential serves the next call: a pure function over a snapshot, the same for every provider.
// Never looks at a clock, a map or a secret; chance is handed in.

/** One credential as it stands for one model at one moment. */
export interface Candidate {
  readonly id: string;
  /** Lower goes first. */
  readonly priority: number;
  readonly inFlight: number;
  /** Load is spread up to here first; Infinity when there is no such number. */
  readonly optimal: number;
  /** Never more than this at once; Infinity when unlimited. */
  readonly max: number;
  /** Until it may be used: cool-down, quarantine, lock-out, cap or fair cycle. 0 when it may be used now. */
  readonly waitMs: number;
  /** Failed once just now for no fault of its own: used only when nothing rested is left. */
  readonly yielding: boolean;
  /** One call is out to find out whether it works (again): no second one until that is known. */
  readonly held: boolean;
  /** Requests in the current window. */
  readonly usage: number;
}

export interface SelectionRule {
  readonly mode: 'sequential' | 'balanced';
  /** Balanced: how far above the least used one a credential may be and still be chosen. */
  readonly tolerance: number;
  /** Sequential: the credential in use. */
  readonly stickyId: string | null;
  /** The credential that holds this conversation's prompt cache. */
  readonly affinityId: string | null;
  /** In [0, 1). */
  readonly chance: number;
}

export type Selection =
  | { readonly kind: 'pick'; readonly candidate: Candidate }
  /** A healthy one is there, but at its limit. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'cooling'; readonly waitMs: number }
  | { readonly kind: 'none' };

export function selectCredential(candidates: readonly Candidate[], rule: SelectionRule): Selection {
  const [only] = candidates;
  if (!only) return { kind: 'none' };
  // Most providers have one credential: then there is nothing to weigh.
  if (candidates.length === 1 && only.waitMs <= 0)
    return only.held || only.inFlight >= only.max ? { kind: 'busy' } : { kind: 'pick', candidate: only };
  const healthy = candidates.filter((each) => each.waitMs <= 0);
  if (healthy.length === 0)
    return { kind: 'cooling', waitMs: Math.min(...candidates.map((each) => each.waitMs)) };
  const free = healthy.filter((each) => !each.held && each.inFlight < each.max);
  const rested = free.filter((each) => !each.yielding);
  // A rested one that is only busy for a moment is not worth waiting for while a yielding one is free.
  const usable = rested.length > 0 ? rested : free;
  if (usable.length === 0) return { kind: 'busy' };
  const warm = usable.find((each) => each.id === rule.affinityId);
  if (warm) return { kind: 'pick', candidate: warm };
  const priority = Math.min(...usable.map((each) => each.priority));
  const tier = usable.filter((each) => each.priority === priority);
  return { kind: 'pick', candidate: rule.mode === 'sequential' ? stay(tier, rule) : balance(tier, rule) };
}

/** The one in use while it can be used; then the one most used, so that quotas are emptied one after another. */
function stay(tier: readonly Candidate[], rule: SelectionRule): Candidate {
  const current = tier.find((each) => each.id === rule.stickyId);
  if (current) return current;
  return tier.reduce((best, each) => (each.usage > best.usage ? each : best));
}

/** Spread over those below their optimum; then chance, weighted towards the least used, within the tolerance. */
function balance(tier: readonly Candidate[], rule: SelectionRule): Candidate {
  const idle = tier.filter((each) => each.inFlight < each.optimal);
  const least = Math.min(...tier.map((each) => each.inFlight));
  const spread = idle.length > 0 ? idle : tier.filter((each) => each.inFlight === least);
  const floor = Math.min(...spread.map((each) => each.usage));
  const close = spread.filter((each) => each.usage <= floor + rule.tolerance);
  const top = Math.max(...close.map((each) => each.usage));
  const weights = close.map((each) => top - each.usage + 1);
  let mark = rule.chance * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, candidate] of close.entries()) {
    mark -= weights[index] ?? 0;
    if (mark < 0) return candidate;
  }
  return close[close.length - 1] ?? (tier[0] as Candidate);
}
