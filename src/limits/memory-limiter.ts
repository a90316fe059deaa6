// Admission in this process: one synchronous step over all limits, so that no two requests can pass one check together.
// Every admission is on the list of live ones until its one end, and that list is bounded.
import type { Limit } from '../core/limits/limit.ts';
import { appError } from '../errors/app-error.ts';
import { required } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import { Linked, LinkedList } from '../lib/linked-list.ts';
import type { Log } from '../lib/log.ts';
import { BudgetMeter, type BudgetSeed } from './budget-meter.ts';
import type { ActualUse, Admission, AdmitRequest, Limiter, LimitPeak, LimitState } from './limiter.ts';
import type { Charge, Holding, Meter, Shortfall } from './meter.ts';
import { MeterBook } from './meter-book.ts';
import { RateMeter } from './rate-meter.ts';
import { refusal } from './refusal.ts';
import { SettledTrace } from './settled-trace.ts';
import { SlotMeter } from './slot-meter.ts';

/** More requests at once than one process can serve; beyond it something has stopped ending requests. */
export const LIVE_ADMISSIONS_MAX = 200_000;

/** No request lives this long. One that does was lost by a defect, and its slot must not stay taken for ever. */
export const ADMISSION_AGE_MAX_MS = 6 * 3_600_000;

export interface MemoryLimiterOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly onWarning?: (state: LimitState) => void;
  readonly liveMax?: number;
}

export class MemoryLimiter implements Limiter {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onWarning: (state: LimitState) => void;
  readonly #liveMax: number;
  /** Oldest first. */
  readonly #live = new LinkedList<MemoryAdmission>();
  #book = new MeterBook();
  #trace: SettledTrace | null = null;
  #refusals = 0;

  constructor(options: MemoryLimiterOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onWarning = options.onWarning ?? (() => {});
    this.#liveMax = options.liveMax ?? LIVE_ADMISSIONS_MAX;
  }

  get liveCount(): number {
    return this.#live.size;
  }

  /** Requests refused by limits since the start. */
  get refusalCount(): number {
    return this.#refusals;
  }

  /** Wall time of the oldest request that runs, null when none does. */
  get oldestLiveMs(): number | null {
    let oldest: number | null = null;
    for (const { timeMs } of this.#live) if (oldest === null || timeMs < oldest) oldest = timeMs;
    return oldest;
  }

  admit(request: AdmitRequest): Admission {
    if (this.#live.size >= this.#liveMax) throw appError('overloaded', { retryAfterMs: 1_000 });
    const { house } = this.#book;
    const user = this.#book.groupOf(request.userId);
    const key = this.#book.groupOf(request.keyId);
    const admission = new MemoryAdmission(this, request, {
      monotonicMs: this.#clock.monotonicMs(),
      budgeted: house.hasBudget || user.hasBudget || key.hasBudget,
    });
    const free =
      allFit(house.meters, admission) && allFit(user.meters, admission) && allFit(key.meters, admission);
    if (!free) throw refusal(this.#worstShortfall(admission), request);
    for (const meter of house.meters) meter.take(admission);
    for (const meter of user.meters) meter.take(admission);
    for (const meter of key.meters) meter.take(admission);
    this.#live.add(admission);
    return admission;
  }

  statesOf(who: { userId: string | null; keyId: string | null }): readonly LimitState[] {
    const timeMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    return this.#metersOf(who).map((meter) => meter.state(timeMs, monotonicMs));
  }

  /** Every limit as it stands, for admins. */
  allStates(): readonly LimitState[] {
    const timeMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    return [...this.#book.all()].map((meter) => meter.state(timeMs, monotonicMs));
  }

  /** Begins to note what ends, for the load of a changed set of limits; `replace` or `dropTrace` ends it. */
  startTrace(): SettledTrace {
    this.#trace = new SettledTrace();
    return this.#trace;
  }

  dropTrace(): void {
    this.#trace = null;
  }

  /** Budgets among `limits` that no meter counts yet: their seeds must be read before `replace`. */
  unseeded(limits: readonly Limit[]): readonly Limit[] {
    return limits.filter((limit) => limit.period !== null && this.#book.find(limit) === undefined);
  }

  /**
   * Puts a new set of limits in force, in one step. Counters go on counting; a new one begins with its seed, the ends
   * that were traced since the seed was read, and the requests that run now.
   */
  replace(limits: readonly Limit[], seeds: ReadonlyMap<string, BudgetSeed>): void {
    const next = new MeterBook();
    for (const limit of limits) {
      const known = this.#book.find(limit);
      if (known === undefined) {
        next.add(this.#adopt(limit, seeds.get(limit.id)));
      } else {
        known.limit = limit;
        next.add(known);
      }
    }
    this.#book = next;
    this.#trace = null;
  }

  /** Ends admissions that are older than any request can be, at what they reserved. Answers how many. */
  expire(): number {
    const tooOld = this.#clock.monotonicMs() - ADMISSION_AGE_MAX_MS;
    let count = 0;
    for (const admission of this.#live) {
      if (admission.monotonicMs > tooOld) break;
      this.#log.error({ event_id: admission.eventId }, 'a request never ended; its reservation is charged');
      admission.expire();
      count += 1;
    }
    return count;
  }

  /** Peaks and refusals since the last call. */
  takePeaks(): LimitPeak[] {
    const peaks: LimitPeak[] = [];
    for (const meter of this.#book.all()) {
      if (meter.peak === 0 && meter.refusals === 0) continue;
      const peakPermille = Math.min(PERMILLE_MAX, Math.round(meter.peak * 1_000));
      peaks.push({ limitId: meter.limit.id, peakPermille, refusals: meter.refusals });
      meter.peak = 0;
      meter.refusals = 0;
    }
    return peaks;
  }

  /** For MemoryAdmission alone. `charge` is null when nothing went upstream. */
  end(admission: MemoryAdmission, charge: Charge | null): void {
    this.#live.remove(admission);
    for (const meter of this.#book.house.meters) endAt(meter, admission, charge);
    for (const meter of this.#book.groupOf(admission.userId).meters) endAt(meter, admission, charge);
    for (const meter of this.#book.groupOf(admission.keyId).meters) endAt(meter, admission, charge);
    if (charge !== null) this.#trace?.add(admission, charge);
  }

  /** For MemoryAdmission alone: the true end of a request that had been given up as lost. */
  correct(admission: MemoryAdmission, change: Charge): void {
    for (const meter of this.#metersOf(admission)) meter.addCharge(admission.timeMs, change);
  }

  #metersOf(who: { userId: string | null; keyId: string | null }): Meter[] {
    const { house } = this.#book;
    return [
      ...house.meters,
      ...this.#book.groupOf(who.userId).meters,
      ...this.#book.groupOf(who.keyId).meters,
    ];
  }

  /** The one that lasts longest: to hear of a shorter wait first would only cost the caller another refusal. */
  #worstShortfall(holding: Holding): Shortfall {
    let worst: { meter: Meter; shortfall: Shortfall } | null = null;
    for (const meter of this.#metersOf(holding)) {
      if (meter.fits(holding)) continue;
      const shortfall = meter.shortfall(holding);
      if (worst === null || severity(shortfall) > severity(worst.shortfall)) worst = { meter, shortfall };
    }
    const { meter, shortfall } = required(worst, 'the limit that refused');
    meter.refusals += 1;
    this.#refusals += 1;
    return shortfall;
  }

  #adopt(limit: Limit, seed: BudgetSeed | undefined): Meter {
    const meter = this.#createMeter(limit, seed);
    const isBound = (who: Holding) =>
      limit.scopeId === null || who.userId === limit.scopeId || who.keyId === limit.scopeId;
    for (const admission of this.#live) if (isBound(admission)) meter.adopt(admission);
    for (const { holding, charge } of this.#trace?.ends() ?? [])
      if (isBound(holding)) meter.addCharge(holding.timeMs, charge);
    return meter;
  }

  #createMeter(limit: Limit, seed: BudgetSeed | undefined): Meter {
    if (limit.kind === 'concurrent_requests') return new SlotMeter(limit);
    if (limit.period === null) return new RateMeter(limit);
    return new BudgetMeter({
      limit,
      seed: required(seed, `the seed of ${limit.id}`),
      onWarning: this.#onWarning,
    });
  }
}

const PERMILLE_MAX = 1_000_000;

/** One request's place. States: running, ended, or expired (ended by age, open to one correction). */
class MemoryAdmission extends Linked implements Admission, Holding {
  readonly eventId: string;
  readonly timeMs: number;
  readonly monotonicMs: number;
  readonly userId: string | null;
  readonly keyId: string | null;
  readonly tokensMax: number;
  readonly nanoUsdMax: number | null;
  readonly budgeted: boolean;
  readonly #limiter: MemoryLimiter;
  #state: 'running' | 'expired' | 'ended' = 'running';

  constructor(
    limiter: MemoryLimiter,
    request: AdmitRequest,
    more: { readonly monotonicMs: number; readonly budgeted: boolean },
  ) {
    super();
    this.#limiter = limiter;
    this.eventId = request.eventId;
    this.timeMs = request.timeMs;
    this.userId = request.userId;
    this.keyId = request.keyId;
    this.tokensMax = request.tokensMax;
    this.nanoUsdMax = request.nanoUsdMax;
    this.monotonicMs = more.monotonicMs;
    this.budgeted = more.budgeted;
  }

  get heldNanoUsd(): number | null {
    return this.nanoUsdMax;
  }

  get heldTokens(): number {
    return this.tokensMax;
  }

  settle(actual: ActualUse): void {
    const charge = this.#chargeOf(actual);
    if (this.#state === 'running') this.#limiter.end(this, charge);
    if (this.#state === 'expired') this.#limiter.correct(this, difference(charge, this.#chargeOf(UNKNOWN)));
    this.#state = 'ended';
  }

  release(): void {
    if (this.#state === 'running') this.#limiter.end(this, null);
    if (this.#state === 'expired') this.#limiter.correct(this, difference(NOTHING, this.#chargeOf(UNKNOWN)));
    this.#state = 'ended';
  }

  expire(): void {
    if (this.#state !== 'running') return;
    this.#limiter.end(this, this.#chargeOf(UNKNOWN));
    this.#state = 'expired';
  }

  /** The same rule as chargedNanoUsd and chargedTokens in core/usage-event.ts: counters equal rows. */
  #chargeOf({ costNanoUsd, promptTokens, completionTokens }: ActualUse): Charge {
    const isUnknown = promptTokens === null && completionTokens === null && costNanoUsd === null;
    return {
      nanoUsd: costNanoUsd ?? this.nanoUsdMax ?? 0,
      tokens: isUnknown ? this.tokensMax : (promptTokens ?? 0) + (completionTokens ?? 0),
    };
  }
}

const UNKNOWN: ActualUse = { costNanoUsd: null, promptTokens: null, completionTokens: null };
const NOTHING: Charge = { nanoUsd: 0, tokens: 0 };

function difference(a: Charge, b: Charge): Charge {
  return { nanoUsd: a.nanoUsd - b.nanoUsd, tokens: a.tokens - b.tokens };
}

function allFit(meters: readonly Meter[], holding: Holding): boolean {
  for (const meter of meters) if (!meter.fits(holding)) return false;
  return true;
}

function endAt(meter: Meter, holding: Holding, charge: Charge | null): void {
  if (charge === null) meter.release(holding);
  else meter.settle(holding, charge);
}

/** A refusal that waiting cannot mend stands above all waits, an unpriced model above everything. */
function severity({ reason, waitMs }: Shortfall): number {
  if (reason === 'unpriced') return Number.POSITIVE_INFINITY;
  return waitMs ?? Number.MAX_VALUE;
}
