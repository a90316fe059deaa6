// Fair cycle: a credential whose quota is used up sits out until all of its tier are, or until the cycle is over.
// Keeps one bounded record per provider; knows nothing of providers or calls.
import type { FairCycleSettings } from './pool-settings.ts';

/** More cycles than this on one provider: the oldest is forgotten, which only lets its credentials in again. */
export const CYCLES_PER_PROVIDER_MAX = 512;

interface Cycle {
  readonly sinceMs: number;
  readonly exhausted: Set<string>;
}

export interface CycleMember {
  readonly id: string;
  readonly priority: number;
  /** How long its rest on this model goes on, 0 when none. */
  readonly restMs: number;
}

export interface FairCycle {
  readonly exhaust: (member: CycleMember, scopeKey: string, nowMs: number) => void;
  /** Whether the member sits out; `all` are the members of the provider. May start the cycle afresh. */
  readonly sitsOut: (
    member: CycleMember,
    scopeKey: string,
    all: readonly CycleMember[],
    nowMs: number,
  ) => boolean;
  /** Milliseconds until the cycle that holds the member back is over. */
  readonly leftMs: (member: CycleMember, scopeKey: string, nowMs: number) => number;
}

export function createFairCycle(settings: FairCycleSettings): FairCycle {
  const cycles = new Map<string, Cycle>();
  const keyOf = (member: CycleMember, scopeKey: string) =>
    `${settings.crossTier ? '' : member.priority}\n${settings.tracking === 'credential' ? '' : scopeKey}`;

  function running(key: string, nowMs: number): Cycle | null {
    const cycle = cycles.get(key);
    if (!cycle) return null;
    if (nowMs - cycle.sinceMs < settings.durationMs) return cycle;
    cycles.delete(key);
    return null;
  }

  return {
    exhaust: (member, scopeKey, nowMs) => {
      if (!settings.enabled) return;
      const key = keyOf(member, scopeKey);
      const cycle = running(key, nowMs) ?? { sinceMs: nowMs, exhausted: new Set<string>() };
      cycle.exhausted.add(member.id);
      if (cycles.size >= CYCLES_PER_PROVIDER_MAX && !cycles.has(key))
        cycles.delete([...cycles.keys()][0] ?? '');
      cycles.set(key, cycle);
    },
    sitsOut: (member, scopeKey, all, nowMs) => {
      if (!settings.enabled) return false;
      const key = keyOf(member, scopeKey);
      const cycle = running(key, nowMs);
      if (!cycle?.exhausted.has(member.id)) return false;
      const tier = all.filter((each) => settings.crossTier || each.priority === member.priority);
      const spent = tier.every((each) => cycle.exhausted.has(each.id));
      const soonBack = tier.some((each) => each.restMs > 0 && each.restMs < settings.resetCoolDownMs);
      if (!spent || soonBack) return true;
      cycles.delete(key);
      return false;
    },
    leftMs: (member, scopeKey, nowMs) => {
      const cycle = running(keyOf(member, scopeKey), nowMs);
      return cycle ? settings.durationMs - (nowMs - cycle.sinceMs) : 0;
    },
  };
}
