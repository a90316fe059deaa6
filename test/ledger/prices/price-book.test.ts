// Guarantee: money is what the provider's price list says, to the nano-dollar, computed here by hand; what has no price is null.
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { costOf, type Price, priceCeiling, priceUsage } from '../../../src/core/price.ts';
import { NO_USAGE, type TokenUsage } from '../../../src/core/token-usage.ts';
import { BUNDLED_EDITION } from '../../../src/ledger/prices/bundled-prices.ts';
import { configuredPrice } from '../../../src/ledger/prices/configured-price.ts';
import { createPriceBook } from '../../../src/ledger/prices/price-book.ts';

const NOON = { nowMs: () => Date.UTC(2026, 10, 23, 12), monotonicMs: () => 0 };

function used(promptTokens: number, completionTokens: number, more: Partial<TokenUsage> = {}): TokenUsage {
  return { ...NO_USAGE, promptTokens, completionTokens, ...more };
}

// Dollars per million tokens as published by each provider stand beside the sums; nano-dollars = tokens x 1000 x dollars.
const BY_HAND: readonly (readonly [string, string, TokenUsage, number, string])[] = [
  ['openai', 'gpt-4.1-nano', used(16, 300), 121_600, '16*100 + 300*400'],
  ['openai', 'gpt-5-nano-2025-08-07', used(15, 78, { reasoningTokens: 64 }), 31_950, '15*50 + 78*400'],
  ['openai', 'gpt-5', used(1000, 200, { cachedTokens: 400 }), 2_800_000, '600*1250 + 400*125 + 200*10000'],
  ['openai', 'gpt-5.4', used(271_999, 1000), 694_997_500, 'last call below long context: 2500, 15000'],
  ['openai', 'gpt-5.4', used(272_000, 1000), 1_382_500_000, 'first call of long context: 5000, 22500'],
  ['openai', 'text-embedding-3-small', used(12, 0), 240, '12*20'],
  ['anthropic', 'claude-sonnet-4-5-20250929', used(12, 30), 486_000, '12*3000 + 30*15000'],
  [
    'anthropic',
    'claude-sonnet-4-6',
    used(9632, 198, { cachedTokens: 6289, cacheWrite5mTokens: 3337 }),
    17_388_450,
    '6*3000 + 6289*300 + 3337*3750 + 198*15000',
  ],
  [
    'anthropic',
    'claude-sonnet-4-6',
    used(9632, 198, { cachedTokens: 6289, cacheWrite1hTokens: 3337 }),
    24_896_700,
    '6*3000 + 6289*300 + 3337*6000 + 198*15000: one-hour writes at twice the input',
  ],
  [
    'anthropic',
    'claude-sonnet-4-5',
    used(250_000, 1000, { cachedTokens: 200_000 }),
    442_500_000,
    'long context: 50000*6000 + 200000*600 + 1000*22500',
  ],
  [
    'anthropic',
    'claude-sonnet-4-20250514',
    used(27_118, 600, { webSearchRequests: 2 }),
    110_354_000,
    '27118*3000 + 600*15000 + 2*10000000',
  ],
  [
    'gemini',
    'gemini-3-pro-preview',
    used(9, 325, { reasoningTokens: 302 }),
    3_918_000,
    '9*2000 + (23+302)*12000',
  ],
  ['gemini', 'gemini-3-pro-preview', used(200_000, 10), 400_120_000, 'at the border: 2000, 12000'],
  ['gemini', 'gemini-3-pro-preview', used(200_001, 10), 800_184_000, 'above the border: 4000, 18000'],
  [
    'gemini',
    'gemini-2.5-flash',
    used(1000, 50, { audioInputTokens: 600 }),
    845_000,
    '400*300 + 600*1000 audio + 50*2500',
  ],
  [
    'xai',
    'grok-3-mini',
    used(12, 342, { cachedTokens: 11, reasoningTokens: 340 }),
    172_125,
    '1*300 + 11*75 + (2+340)*500',
  ],
  [
    'deepseek',
    'deepseek-reasoner',
    used(495, 144, { cachedTokens: 320, reasoningTokens: 118 }),
    456_410,
    '175*550 + 320*140 + 144*2190',
  ],
  ['groq', 'qwen/qwen3-32b', used(17, 649), 387_840, '17*290 + 649*590'],
  ['perplexity', 'sonar-pro', used(10, 10), 14_180_000, '10*3000 + 10*15000 + 14000000 a request'],
];

describe('prices', () => {
  const book = createPriceBook({ clock: NOON });

  for (const [provider, model, usage, nanoUsd, why] of BY_HAND) {
    test(`${provider}/${model} costs ${nanoUsd} nano-dollars: ${why}`, () => {
      const cost = costOf(book.find({ provider, model }), usage);
      expect(cost).toEqual({
        costNanoUsd: nanoUsd,
        unpriced: false,
        priceVersion: `genai-prices ${BUNDLED_EDITION}`,
      });
    });
  }

  test('what has no price is null and marked, never zero', () => {
    const unpriced = { costNanoUsd: null, unpriced: true, priceVersion: null };
    for (const [provider, model] of [
      ['ollama', 'llama3'],
      ['openai', 'no-such-model-anywhere'],
      ['anthropic', 'claude-haiku-5-5'],
      ['my_own_server', 'gpt-5'],
      ['openai', 'gpt-transcribe'],
    ] as const) {
      expect(costOf(book.find({ provider, model }), used(5, 5))).toEqual(unpriced);
    }
  });

  test('usage that nobody reported has no cost and is not called unpriced', () => {
    const price = book.find({ provider: 'openai', model: 'gpt-5' });
    expect(costOf(price, NO_USAGE)).toEqual({ costNanoUsd: null, unpriced: false, priceVersion: null });
  });

  test('more cached tokens than input is contained, not thrown', () => {
    const price = book.find({ provider: 'openai', model: 'gpt-5' });
    expect(costOf(price, used(10, 0, { cachedTokens: 100 })).costNanoUsd).toBe(1250);
  });

  test('output without an output price leaves the call unpriced', () => {
    const price = book.find({ provider: 'openai', model: 'text-embedding-3-small' });
    expect(costOf(price, used(12, 3))).toMatchObject({ costNanoUsd: null, unpriced: true });
  });

  test('an override wins over the list, its digest stands on the row, and the model that served is billed', () => {
    const mine = configuredPrice('tollgate.yaml', { input: 0.0375, output: 2 });
    const own = createPriceBook({ clock: NOON, overrides: [{ pattern: 'ollama/*', price: mine }] });
    const cost = costOf(own.find({ provider: 'ollama', model: 'llama3' }), used(20, 1));
    expect(cost).toEqual({ costNanoUsd: 2750, unpriced: false, priceVersion: mine.version });
    expect(mine.version).toMatch(/^tollgate\.yaml [0-9a-f]{8}$/);
    expect(configuredPrice('tollgate.yaml', { input: 1, output: 2 }).version).not.toBe(mine.version);
    const routed = book.find({ provider: 'openai', model: 'model-router', served: 'gpt-5-nano-2025-08-07' });
    expect(costOf(routed, used(15, 78)).costNanoUsd).toBe(31_950);
    own.setOverrides([]);
    expect(own.find({ provider: 'ollama', model: 'llama3' })).toBeNull();
  });

  test('a name is looked up once, not once per request', () => {
    const counted = createPriceBook({ clock: NOON });
    for (let i = 0; i < 1000; i++) counted.find({ provider: 'openai', model: 'gpt-5' });
    expect(counted.stats().lookups).toBe(1);
  });

  test('huge counts stay exact beyond 2^53', () => {
    const price = configuredPrice('x', { input: 999.999999999, output: 0 });
    expect(priceUsage(price, used(99_999_999, 0))).toBe(99_999_998_999_900);
  });

  test('no usage can cost more than the ceiling that was reserved for it', () => {
    const count = fc.integer({ min: 0, max: 2_000_000 });
    const usage = fc.record({
      promptTokens: count,
      completionTokens: count,
      cachedTokens: count,
      cacheWrite5mTokens: count,
      cacheWrite1hTokens: count,
      reasoningTokens: count,
      audioInputTokens: count,
      audioOutputTokens: count,
    });
    const prices = [
      ['anthropic', 'claude-sonnet-4-5'],
      ['openai', 'gpt-5.4'],
      ['openai', 'gpt-realtime'],
      ['gemini', 'gemini-2.5-flash'],
    ].map(([provider, model]) => book.find({ provider: provider ?? '', model: model ?? '' }) as Price);
    fc.assert(
      fc.property(fc.constantFrom(...prices), usage, (price, counts) => {
        const cost = priceUsage(price, { ...NO_USAGE, ...counts }) ?? 0;
        const { inputNanoUsdPerToken, outputNanoUsdPerToken } = priceCeiling(price);
        const most =
          counts.promptTokens * inputNanoUsdPerToken + counts.completionTokens * outputNanoUsdPerToken;
        expect(cost).toBeLessThanOrEqual(Math.ceil(most));
        expect(Number.isInteger(cost)).toBe(true);
      }),
    );
  });

  test('the edition on the rows is the edition that is installed', () => {
    const packageJson = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(packageJson.dependencies['@pydantic/genai-prices']).toBe(BUNDLED_EDITION);
  });
});
