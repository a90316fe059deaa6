// Guarantee: no request uses more than its worst case says, whatever it carries; only what is asked or known lowers it.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  CONTEXT_TOKENS_UNKNOWN,
  HIDDEN_PROMPT_TOKENS_MAX,
  OUTPUT_TOKENS_UNKNOWN,
  type RequestSize,
  worstCase,
  worstCostNanoUsd,
} from '../../../src/core/limits/worst-case.ts';
import { NO_FEATURES } from '../../../src/core/wire.ts';

const size = (changes: Partial<RequestSize> = {}): RequestSize => ({
  bodyBytes: 1_000,
  features: NO_FEATURES,
  maxOutputTokens: 100,
  choices: 1,
  writes: true,
  ...changes,
});
const unknown = { contextTokens: null, maxOutputTokens: null };

test('text is bounded by its bytes, and by the window where that is smaller', () => {
  expect(worstCase(size(), unknown).promptTokens).toBe(1_000 + HIDDEN_PROMPT_TOKENS_MAX);
  expect(worstCase(size(), { ...unknown, contextTokens: 500 }).promptTokens).toBe(500);
});

test('media is bounded by the window alone: a link says nothing of what lies behind it', () => {
  for (const kind of ['images', 'documents', 'audio'] as const) {
    const asked = size({ features: { ...NO_FEATURES, [kind]: true }, bodyBytes: 80 });
    expect(worstCase(asked, { ...unknown, contextTokens: 200_000 }).promptTokens).toBe(200_000);
    expect(worstCase(asked, unknown).promptTokens).toBe(CONTEXT_TOKENS_UNKNOWN);
  }
});

test('the answer is bounded by what was asked, else by the model, else by the longest known', () => {
  const known = { contextTokens: 200_000, maxOutputTokens: 8_192 };
  expect(worstCase(size({ maxOutputTokens: 50, choices: 3 }), known).completionTokens).toBe(150);
  expect(worstCase(size({ maxOutputTokens: null }), known).completionTokens).toBe(8_192);
  expect(worstCase(size({ maxOutputTokens: null }), unknown).completionTokens).toBe(OUTPUT_TOKENS_UNKNOWN);
  const small = { contextTokens: 4_096, maxOutputTokens: null };
  expect(worstCase(size({ maxOutputTokens: null }), small).completionTokens).toBe(4_096);
  expect(worstCase(size({ maxOutputTokens: null, choices: 2 }), known).completionTokens).toBe(16_384);
});

test('a call that writes nothing reserves no output', () => {
  expect(worstCase(size({ writes: false, maxOutputTokens: null }), unknown).completionTokens).toBe(0);
});

test('the cost is rounded up, never down', () => {
  const worst = { promptTokens: 3, completionTokens: 1, totalTokens: 4 };
  const price = { inputNanoUsdPerToken: 37.5, outputNanoUsdPerToken: 0.1, nanoUsdPerRequest: 10 };
  expect(worstCostNanoUsd(worst, price)).toBe(123);
});

test('a worst case is a whole, finite, non-negative number, and covers any real use within what was sent', () => {
  const price = { inputNanoUsdPerToken: 6_250.5, outputNanoUsdPerToken: 75_000, nanoUsdPerRequest: 0 };
  fc.assert(
    fc.property(
      fc.nat(50_000_000),
      fc.nat(200_000),
      fc.integer({ min: 1, max: 8 }),
      (bytes, asked, choices) => {
        const window = 1_000_000;
        const worst = worstCase(size({ bodyBytes: bytes, maxOutputTokens: asked, choices }), {
          contextTokens: window,
          maxOutputTokens: null,
        });
        const prompt = Math.min(bytes, window);
        expect(worst.totalTokens).toBeGreaterThanOrEqual(prompt + asked * choices);
        const cost = worstCostNanoUsd(worst, price);
        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(cost).toBeGreaterThanOrEqual(prompt * 6_250.5 + asked * choices * 75_000);
      },
    ),
  );
});
