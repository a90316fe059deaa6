// Takes a request's cost apart by kind of token, with the same rule that priced it. Pure.
import { type Price, priceUsage } from '../../core/price.ts';
import { NO_USAGE, type TokenUsage } from '../../core/token-usage.ts';
import type { UsageEvent } from '../../core/usage-event.ts';
import type { PriceLine } from './request-page.tsx';

type Kind = readonly [kind: string, tokens: number | null, alone: (tokens: number) => Partial<TokenUsage>];

/**
 * One line per kind that was used; costs are null without a price, or when the price has changed since.
 * The kinds are priced at the tier of the whole call, so a line never falls into a cheaper tier than its request.
 */
export function priceLines(event: UsageEvent, price: Price | null): readonly PriceLine[] {
  const fits = price !== null && price.version === event.priceVersion ? atOneTier(price, event) : null;
  return kindsOf(event.usage).map(([kind, tokens, alone]) => ({
    kind,
    tokens,
    costNanoUsd: fits && tokens !== null ? priceUsage(fits, { ...NO_USAGE, ...alone(tokens) }) : null,
  }));
}

function atOneTier(price: Price, event: UsageEvent): Price {
  const prompt = event.usage.promptTokens ?? 0;
  const tier = price.tiers.findLast((each) => prompt > each.abovePromptTokens) ?? price.tiers[0];
  return { ...price, nanoUsdPerRequest: 0, tiers: [{ ...tier, abovePromptTokens: 0 }] };
}

function kindsOf(usage: TokenUsage): readonly Kind[] {
  const special = sumOf(
    usage.cachedTokens,
    usage.cacheWrite5mTokens,
    usage.cacheWrite1hTokens,
    usage.audioInputTokens,
  );
  const plainIn = usage.promptTokens === null ? null : Math.max(0, usage.promptTokens - special);
  const specialOut = sumOf(usage.reasoningTokens, usage.audioOutputTokens);
  const plainOut = usage.completionTokens === null ? null : Math.max(0, usage.completionTokens - specialOut);
  const reading = (name: keyof TokenUsage) => (tokens: number) => ({ promptTokens: tokens, [name]: tokens });
  const writing = (name: keyof TokenUsage) => (tokens: number) => ({
    completionTokens: tokens,
    [name]: tokens,
  });
  const kinds: readonly Kind[] = [
    ['Read', plainIn, (tokens) => ({ promptTokens: tokens })],
    ['Read, cached', usage.cachedTokens, reading('cachedTokens')],
    ['Written to the cache, 5 minutes', usage.cacheWrite5mTokens, reading('cacheWrite5mTokens')],
    ['Written to the cache, 1 hour', usage.cacheWrite1hTokens, reading('cacheWrite1hTokens')],
    ['Heard (audio)', usage.audioInputTokens, reading('audioInputTokens')],
    ['Written', plainOut, (tokens) => ({ completionTokens: tokens })],
    ['Reasoned', usage.reasoningTokens, writing('reasoningTokens')],
    ['Spoken (audio)', usage.audioOutputTokens, writing('audioOutputTokens')],
  ];
  return kinds.filter(([kind, tokens]) => kind === 'Read' || kind === 'Written' || (tokens ?? 0) > 0);
}

function sumOf(...parts: readonly (number | null)[]): number {
  return parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
}
