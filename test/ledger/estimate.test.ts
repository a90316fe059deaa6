// Guarantee: a cut stream is never counted as nothing, and the provider's own numbers are never replaced by a guess.
import { expect, test } from 'bun:test';
import { estimateUsage } from '../../src/ledger/estimate.ts';
import { usageOf } from '../support/usage-events.ts';

test('without a word from the provider both sides are estimated', () => {
  const usage = estimateUsage({ promptBytes: 401, outputChars: 9, said: null });
  expect(usage).toMatchObject({ promptTokens: 101, completionTokens: 3, inputTokens: 101, outputTokens: 3 });
});

test('what the provider said stands; only output beyond it is estimated', () => {
  const said = { ...usageOf(25, 1), cachedTokens: 20 };
  expect(estimateUsage({ promptBytes: 4000, outputChars: 400, said })).toEqual({
    ...said,
    completionTokens: 100,
    outputTokens: 100,
  });
  expect(estimateUsage({ promptBytes: 4000, outputChars: 0, said })).toEqual(said);
});
