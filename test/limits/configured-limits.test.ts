// Guarantee: what tollgate.yaml says about the house's limits is what binds, and what makes no sense is refused by name.
import { expect, test } from 'bun:test';
import { houseLimits } from '../../src/cli/compose-limits.ts';
import { yamlSchema } from '../../src/config/yaml-schema.ts';
import { limitFault } from '../../src/core/limits/limit.ts';
import { configuredLimits } from '../../src/limits/configured-limits.ts';

test('every field becomes its limit', () => {
  const limits = configuredLimits({
    requests_per_minute: 600,
    tokens_per_minute: 1_000_000,
    concurrent: 50,
    budget_usd: 12.5,
    budget_tokens: 7,
    period: 'total',
    time_zone: 'Europe/Berlin',
    warn_at: 0.9,
    allow_unpriced: true,
  });
  expect(limits.map(limitFault)).toEqual([null, null, null, null, null]);
  expect(limits.map(({ kind, amount, period, warnPercent }) => [kind, amount, period, warnPercent])).toEqual([
    ['requests_per_minute', 600, null, null],
    ['tokens_per_minute', 1_000_000, null, null],
    ['concurrent_requests', 50, null, null],
    ['budget_money', 12_500_000_000, 'forever', 90],
    ['budget_tokens', 7, 'forever', 90],
  ]);
  expect(limits.map(({ allowUnpriced }) => allowUnpriced)).toEqual([false, false, false, true, false]);
  expect(new Set(limits.map(({ id }) => id)).size).toBe(5);
});

test('nothing written, no limit; a warning at zero is none', () => {
  expect(configuredLimits({})).toEqual([]);
  expect(configuredLimits({ budget_usd: 1, period: 'day', warn_at: 0 })[0]?.warnPercent).toBeNull();
  expect(configuredLimits({ budget_usd: 1, period: 'day' })[0]?.warnPercent).toBe(80);
});

test('a budget without a period, an unknown zone and an unknown word are refused', () => {
  const read = (house: object) => yamlSchema.safeParse({ limits: { house } });
  expect(read({ budget_usd: 5 }).error?.message).toContain('a budget needs a period');
  expect(read({ budget_usd: 5, period: 'month' }).success).toBe(true);
  expect(read({ budget_usd: 5, period: 'fortnight' }).success).toBe(false);
  expect(read({ budget_usd: 9_000_001, period: 'day' }).success).toBe(false);
  expect(read({ budget: 5 }).success).toBe(false);
  const zone = yamlSchema.parse({ limits: { house: { budget_usd: 5, period: 'day', time_zone: 'Mars' } } });
  expect(() => houseLimits(zone)).toThrow();
});
