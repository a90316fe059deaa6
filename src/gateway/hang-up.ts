// What happens upstream when a caller leaves: `cancel` cuts the provider's work, `drain` reads on for the exact numbers.
// Draining is bounded in number and in time; above the bounds it falls back to cancelling.
import { matchesGlob } from '../core/limits/model-glob.ts';
import { type CoarseTimer, cancelTimer, startCoarseTimer, type TimeLimited } from '../lib/coarse-timer.ts';

export type HangUpPolicy = 'cancel' | 'drain';

/** Answers read on at once after their callers have left. */
export const DRAINS_MAX = 64;
/** How long one of them is read on. */
export const DRAIN_MS_MAX = 300_000;

/** The house's places for draining, and its rules by model. */
export interface HangUpRules {
  /** Takes over new rules; requests under way keep theirs. */
  readonly replace: (byModel: Readonly<Record<string, HangUpPolicy>>) => void;
  /** The model's rule, the sharpest glob of `tollgate.yaml` that matches; without one the key's own. */
  readonly policyOf: (models: readonly string[], ofKey: HangUpPolicy) => HangUpPolicy;
  /** A place, to be given back once; null when all are taken. */
  readonly takePlace: () => (() => void) | null;
  readonly drainMsMax: number;
}

export interface HangUpBounds {
  readonly drainsMax?: number;
  readonly drainMsMax?: number;
}

export function createHangUpRules(
  byModel: Readonly<Record<string, HangUpPolicy>>,
  bounds: HangUpBounds = {},
): HangUpRules {
  const { drainsMax = DRAINS_MAX, drainMsMax = DRAIN_MS_MAX } = bounds;
  let globs = sorted(byModel);
  let taken = 0;
  return {
    replace: (fresh) => {
      globs = sorted(fresh);
    },
    policyOf: (models, ofKey) => (globs.length === 0 ? ofKey : (ruleFor(models, globs) ?? ofKey)),
    takePlace: () => {
      if (taken >= drainsMax) return null;
      taken += 1;
      let held = true;
      return () => {
        if (held) taken -= 1;
        held = false;
      };
    },
    drainMsMax,
  };
}

function ruleFor(
  models: readonly string[],
  globs: readonly (readonly [string, HangUpPolicy])[],
): HangUpPolicy | undefined {
  return globs.find(([glob]) => models.some((model) => matchesGlob(glob, model)))?.[1];
}

/** How long a request must last before its caller's leaving is watched for: nearly all end sooner, and watching costs. */
const WATCH_AFTER_MS = 100;

/** The part of an AbortSignal that calls upstream need, at a fraction of its cost: made for every request. */
export class StopSignal {
  aborted = false;
  #listeners: (() => void)[] = [];

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** One request's own: which signal ends its upstream calls, and whether the caller's leaving is one. */
export interface HangUp {
  /** For everything that is asked of providers. */
  readonly signal: StopSignal;
  /** The caller has left. Answers what that means; asking again answers the same. */
  readonly leave: () => HangUpPolicy;
  /** True once the caller is known to have left; a request that ended at once was never watched. */
  readonly noticed: () => boolean;
  /** True while an answer is read on for nobody. */
  readonly draining: () => boolean;
  /** The request is settled: gives back what it holds. */
  readonly end: () => void;
}

/** The caller's leaving ends the provider's work. */
export class CancelOnHangUp implements HangUp, TimeLimited {
  readonly signal = new StopSignal();
  readonly #request: Request;
  #timer: CoarseTimer | null = null;

  constructor(request: Request) {
    this.#request = request;
  }

  /** Begins to watch for the caller's leaving. `end` is owed from then on. */
  watch(): this {
    this.#timer = startCoarseTimer(WATCH_AFTER_MS, this);
    return this;
  }

  /** The request lasts: from now on its caller is listened for. */
  expire(): void {
    const caller = this.#request.signal;
    if (caller.aborted) this.signal.abort();
    else caller.addEventListener('abort', () => this.signal.abort(), { once: true });
  }

  /** The answer is a stream by now, and the runtime tells the stream when its caller leaves. */
  restWatching(): void {
    if (this.#timer) cancelTimer(this.#timer);
    this.#timer = null;
  }

  leave(): HangUpPolicy {
    return 'cancel';
  }

  noticed(): boolean {
    return this.signal.aborted;
  }

  draining(): boolean {
    return false;
  }

  end(): void {
    this.restWatching();
  }
}

/** The provider's answer is read on after the caller has left, while there is a place. */
export function createDrainingHangUp(caller: AbortSignal, rules: HangUpRules): HangUp {
  const signal = new StopSignal();
  let decided: HangUpPolicy | null = null;
  let givePlaceBack: (() => void) | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;

  const leave = (): HangUpPolicy => {
    if (decided) return decided;
    givePlaceBack = rules.takePlace();
    decided = givePlaceBack ? 'drain' : 'cancel';
    if (decided === 'cancel') signal.abort();
    else timer = setTimeout(() => signal.abort(), rules.drainMsMax);
    return decided;
  };
  if (caller.aborted) leave();
  else caller.addEventListener('abort', leave, { once: true });
  return {
    signal,
    leave,
    noticed: () => decided !== null,
    draining: () => decided === 'drain' && !signal.aborted,
    end: () => {
      caller.removeEventListener('abort', leave);
      if (timer) clearTimeout(timer);
      givePlaceBack?.();
    },
  };
}

/** The sharpest first: fewer wildcards, then the longer glob. */
function sorted(byModel: Readonly<Record<string, HangUpPolicy>>): (readonly [string, HangUpPolicy])[] {
  return Object.entries(byModel).sort(([a], [b]) => wildcardsIn(a) - wildcardsIn(b) || b.length - a.length);
}

function wildcardsIn(glob: string): number {
  return glob.replace(/[^*?]/g, '').length;
}
