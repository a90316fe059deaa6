// What a model's tokens cost: the rates, and the one rule that turns counted tokens into money. Pure.
// Money is integer nano-dollars; rates are integer nano-dollars per million units, exact for every published price.
import type { PriceCeiling } from './limits/worst-case.ts';
import type { TokenUsage } from './token-usage.ts';

/**
 * Nano-dollars per million tokens. Null: the list names no such price. A missing `input` or `output` leaves a call that
 * has such tokens unpriced; the others fall back to them, as providers without a special price bill it.
 */
export interface TokenRates {
  readonly input: number | null;
  readonly output: number | null;
  readonly cached: number | null;
  readonly cacheWrite5m: number | null;
  readonly cacheWrite1h: number | null;
  readonly reasoning: number | null;
  readonly audioInput: number | null;
  readonly audioOutput: number | null;
}

export interface PriceTier {
  /** The tier applies to a call that reads more tokens than this; 0 for the first. */
  readonly abovePromptTokens: number;
  readonly rates: TokenRates;
}

export interface Price {
  /** Where the price comes from and which edition; kept on every row it priced. */
  readonly version: string;
  /** At least one, ascending by `abovePromptTokens`, the first at 0. A call is billed whole at one tier. */
  readonly tiers: readonly [PriceTier, ...PriceTier[]];
  readonly nanoUsdPerWebSearch: number;
  readonly nanoUsdPerRequest: number;
}

/** Also: a dollar per million tokens, in the unit of TokenRates. */
export const NANO_USD_PER_USD = 1_000_000_000;
const UNITS_PER_RATE = 1_000_000;
/** Anthropic's published ratio of a one-hour cache write to plain input, for a price list that leaves it out. */
const ONE_HOUR_WRITE_RATIO = 2;

/** Dollars as people write them to integer nano-dollars. */
export function nanoUsd(usd: number): number {
  return Math.round(usd * NANO_USD_PER_USD);
}

/**
 * Cost in nano-dollars, rounded half up once at the end; null when the usage is not known.
 * Works from the comparable totals, so that no provider's habit of counting can count a token twice.
 */
export function priceUsage(price: Price, usage: TokenUsage): number | null {
  if (usage.promptTokens === null && usage.completionTokens === null) return null;
  const prompt = usage.promptTokens ?? 0;
  const { rates } = tierFor(price, prompt);
  const bill = new Bill();
  addInput(bill, rates, usage, prompt);
  addOutput(bill, rates, usage);
  const tokens = bill.nanoUsd();
  if (tokens === null) return null;
  return tokens + (usage.webSearchRequests ?? 0) * price.nanoUsdPerWebSearch + price.nanoUsdPerRequest;
}

/** What a row keeps of its price: null and `unpriced` when tokens were used that have no price, never zero. */
export interface Cost {
  readonly costNanoUsd: number | null;
  readonly unpriced: boolean;
  readonly priceVersion: string | null;
}

export function costOf(price: Price | null, usage: TokenUsage): Cost {
  const counted = usage.promptTokens !== null || usage.completionTokens !== null;
  const costNanoUsd = price ? priceUsage(price, usage) : null;
  const unpriced = counted && costNanoUsd === null;
  return { costNanoUsd, unpriced, priceVersion: costNanoUsd === null ? null : (price?.version ?? null) };
}

/** Adds up tokens at their rates: plain numbers while they are exact, BigInt beyond 2^53. */
class Bill {
  #sum = 0;
  #exact: bigint | null = null;
  #unpriced = false;

  add(tokens: number, rate: number | null): void {
    if (tokens === 0) return;
    if (rate === null) {
      this.#unpriced = true;
      return;
    }
    if (this.#exact === null && this.#sum + tokens * rate < Number.MAX_SAFE_INTEGER - UNITS_PER_RATE) {
      this.#sum += tokens * rate;
      return;
    }
    this.#exact = (this.#exact ?? BigInt(this.#sum)) + BigInt(tokens) * BigInt(rate);
  }

  /** Rounded half up; null when tokens have no rate. */
  nanoUsd(): number | null {
    if (this.#unpriced) return null;
    if (this.#exact === null) return Math.floor((this.#sum + UNITS_PER_RATE / 2) / UNITS_PER_RATE);
    return Number((this.#exact + BigInt(UNITS_PER_RATE / 2)) / BigInt(UNITS_PER_RATE));
  }
}

/** No kind of input counts more tokens than the prompt has left: none is billed twice, none that was not read. */
function addInput(bill: Bill, rates: TokenRates, usage: TokenUsage, prompt: number): void {
  let left = prompt;
  const cached = Math.min(usage.cachedTokens ?? 0, left);
  left -= cached;
  const write5m = Math.min(usage.cacheWrite5mTokens ?? 0, left);
  left -= write5m;
  const write1h = Math.min(usage.cacheWrite1hTokens ?? 0, left);
  left -= write1h;
  const audio = Math.min(usage.audioInputTokens ?? 0, left);
  bill.add(cached, rates.cached ?? rates.input);
  bill.add(write5m, rates.cacheWrite5m ?? rates.input);
  if (write1h > 0) bill.add(write1h, oneHourRate(rates));
  bill.add(audio, rates.audioInput ?? rates.input);
  bill.add(left - audio, rates.input);
}

function addOutput(bill: Bill, rates: TokenRates, usage: TokenUsage): void {
  const completion = usage.completionTokens ?? 0;
  const audio = Math.min(usage.audioOutputTokens ?? 0, completion);
  const reasoning = Math.min(usage.reasoningTokens ?? 0, completion - audio);
  bill.add(audio, rates.audioOutput ?? rates.output);
  bill.add(reasoning, rates.reasoning ?? rates.output);
  bill.add(completion - audio - reasoning, rates.output);
}

/** A price list without cache writes bills them as input; one with only the short write is completed by the known ratio. */
function oneHourRate(rates: TokenRates): number | null {
  if (rates.cacheWrite1h !== null) return rates.cacheWrite1h;
  return rates.cacheWrite5m === null || rates.input === null
    ? rates.input
    : rates.input * ONE_HOUR_WRITE_RATIO;
}

function tierFor(price: Price, promptTokens: number): PriceTier {
  let chosen: PriceTier = price.tiers[0];
  for (const tier of price.tiers) if (promptTokens > tier.abovePromptTokens) chosen = tier;
  return chosen;
}

/** The dearest this price can be, for reservations. */
export function priceCeiling(price: Price): PriceCeiling {
  const known = ceilings.get(price);
  if (known) return known;
  const ceiling = ceilingOf(price);
  ceilings.set(price, ceiling);
  return ceiling;
}

/** Asked for on every request; prices are few and never change. */
const ceilings = new WeakMap<Price, PriceCeiling>();

function ceilingOf(price: Price): PriceCeiling {
  let input = 0;
  let output = 0;
  for (const { rates } of price.tiers) {
    const { cacheWrite5m, audioInput } = rates;
    input = Math.max(input, rates.input ?? 0, cacheWrite5m ?? 0, audioInput ?? 0, oneHourRate(rates) ?? 0);
    output = Math.max(output, rates.output ?? 0, rates.reasoning ?? 0, rates.audioOutput ?? 0);
  }
  return {
    inputNanoUsdPerToken: input / UNITS_PER_RATE,
    outputNanoUsdPerToken: output / UNITS_PER_RATE,
    nanoUsdPerRequest: price.nanoUsdPerRequest,
  };
}
