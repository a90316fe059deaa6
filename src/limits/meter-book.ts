// Which meters bind whom: the house's, each user's, each key's. Looked up on every request, rebuilt when limits change.
import { isBudget, type Limit } from '../core/limits/limit.ts';
import type { Meter } from './meter.ts';

export interface MeterGroup {
  readonly meters: readonly Meter[];
  readonly hasBudget: boolean;
}

const NONE: MeterGroup = { meters: [], hasBudget: false };

export class MeterBook {
  readonly #byKey = new Map<string, Meter>();
  readonly #groups = new Map<string, { meters: Meter[]; hasBudget: boolean }>();

  add(meter: Meter): void {
    const { limit } = meter;
    this.#byKey.set(meterKey(limit), meter);
    const owner = limit.scopeId ?? HOUSE;
    const group = this.#groups.get(owner) ?? { meters: [], hasBudget: false };
    group.meters.push(meter);
    group.hasBudget ||= isBudget(limit.kind);
    this.#groups.set(owner, group);
  }

  /** The meter that already counts for this limit, whatever its amount is now. */
  find(limit: Limit): Meter | undefined {
    return this.#byKey.get(meterKey(limit));
  }

  /** User ids and key ids carry their kind, so one map holds both. */
  groupOf(ownerId: string | null): MeterGroup {
    return (ownerId === null ? undefined : this.#groups.get(ownerId)) ?? NONE;
  }

  get house(): MeterGroup {
    return this.groupOf(HOUSE);
  }

  all(): Iterable<Meter> {
    return this.#byKey.values();
  }
}

const HOUSE = 'house';

/** What makes a counter another counter. The amount is not part of it: raising a limit forgets nothing. */
function meterKey(limit: Limit): string {
  return `${limit.id} ${limit.kind} ${limit.scopeId} ${limit.period} ${limit.timeZone}`;
}
