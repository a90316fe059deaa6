// How one provider's credentials are used: rotation, concurrency, quota groups, fair cycle, caps. Types and defaults.

export interface CustomCap {
  /** Priority tiers the cap is for; null is the default for tiers without a cap of their own. */
  readonly tiers: readonly number[] | null;
  /** Model or quota group, in the comparable form of `capName`. */
  readonly name: string;
  /** Requests in one window of a credential. */
  readonly requests: number;
  /** How long a capped credential rests: to the window's end, some time longer, or a fixed time if that is longer. */
  readonly coolDown:
    | { readonly kind: 'quota_reset' }
    | { readonly kind: 'offset'; readonly ms: number }
    | { readonly kind: 'fixed'; readonly ms: number };
}

export interface FairCycleSettings {
  readonly enabled: boolean;
  readonly tracking: 'model_group' | 'credential';
  /** One cycle over all priorities instead of one per priority. */
  readonly crossTier: boolean;
  readonly durationMs: number;
  /** Share of a custom cap at which a credential counts as exhausted. */
  readonly quotaThreshold: number;
  /** The cycle does not start afresh while a rest shorter than this is running. */
  readonly resetCoolDownMs: number;
}

export interface PoolSettings {
  readonly mode: 'sequential' | 'balanced';
  readonly tolerance: number;
  readonly optimalConcurrent: number;
  readonly maxConcurrent: number;
  /** Multipliers of both numbers per priority. */
  readonly multipliers: ReadonlyMap<number, number>;
  /** For priorities without an entry. */
  readonly fallbackMultiplier: number;
  /** Model to the group whose quota it shares. */
  readonly groupOf: ReadonlyMap<string, string>;
  readonly fairCycle: FairCycleSettings;
  readonly caps: readonly CustomCap[];
  /** A rest at least this long marks a credential as exhausted for the fair cycle. */
  readonly exhaustionMs: number;
  /** Credential label to priority. */
  readonly priorities: ReadonlyMap<string, number>;
}

/** The window in which requests are counted, from a credential's first use of a model. */
export const USAGE_WINDOW_MS = 86_400_000;

/** The predecessor's defaults as documented, concurrency as in its later versions: spread first, then stack. */
export function defaultPoolSettings(mode: 'sequential' | 'balanced' = 'balanced'): PoolSettings {
  return {
    mode,
    tolerance: 3,
    optimalConcurrent: mode === 'balanced' ? 1 : Number.POSITIVE_INFINITY,
    maxConcurrent: Number.POSITIVE_INFINITY,
    multipliers: new Map(),
    fallbackMultiplier: 1,
    groupOf: new Map(),
    fairCycle: {
      enabled: mode === 'sequential',
      tracking: 'model_group',
      crossTier: false,
      durationMs: 86_400_000,
      quotaThreshold: 1,
      resetCoolDownMs: 90_000,
    },
    caps: [],
    exhaustionMs: 300_000,
    priorities: new Map(),
  };
}

/** A model or group in the form it has inside a variable's name. */
export function capName(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}

/** The cap that binds a credential: its tier before the default, the model before its group (predecessor (d)). */
export function capFor(
  settings: PoolSettings,
  of: { readonly priority: number; readonly model: string; readonly group: string | null },
): CustomCap | null {
  if (settings.caps.length === 0) return null;
  const names = of.group === null ? [capName(of.model)] : [capName(of.model), capName(of.group)];
  for (const tiers of ['own', 'default'] as const) {
    for (const name of names) {
      const found = settings.caps.find(
        (cap) =>
          cap.name === name && (tiers === 'own' ? cap.tiers?.includes(of.priority) : cap.tiers === null),
      );
      if (found) return found;
    }
  }
  return null;
}
