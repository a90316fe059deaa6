// Guarantee: an event whose numbers are unknown counts against budgets with what was reserved, never with zero.
import { expect, test } from 'bun:test';
import { NO_USAGE } from '../../src/core/token-usage.ts';
import { chargedNanoUsd, chargedTokens } from '../../src/core/usage-event.ts';

test('a known cost counts, whatever was held', () => {
  expect(chargedNanoUsd({ costNanoUsd: 5, heldNanoUsd: 90 })).toBe(5);
  expect(chargedNanoUsd({ costNanoUsd: 0, heldNanoUsd: 90 })).toBe(0);
});

test('an unknown cost counts as what is held, and as nothing where no budget was', () => {
  expect(chargedNanoUsd({ costNanoUsd: null, heldNanoUsd: 90 })).toBe(90);
  expect(chargedNanoUsd({ costNanoUsd: null, heldNanoUsd: null })).toBe(0);
});

test('tokens count as the comparable totals; what is held stands in only when both are unknown', () => {
  const usage = { ...NO_USAGE, promptTokens: 7, completionTokens: 3 };
  const unknown = { costNanoUsd: null, usage: NO_USAGE };
  expect(chargedTokens({ ...unknown, usage, heldTokens: 90 })).toBe(10);
  expect(chargedTokens({ ...unknown, usage: { ...NO_USAGE, promptTokens: 7 }, heldTokens: 90 })).toBe(7);
  expect(chargedTokens({ ...unknown, heldTokens: 90 })).toBe(90);
  expect(chargedTokens({ ...unknown, heldTokens: null })).toBe(0);
});

test('a call that failed before it was billed used no tokens', () => {
  expect(chargedTokens({ usage: NO_USAGE, costNanoUsd: 0, heldTokens: 90 })).toBe(0);
});
