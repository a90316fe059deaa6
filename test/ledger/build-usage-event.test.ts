// Guarantee: a request's totals are the sum of what its attempts used, and the least certain number decides the provenance.
import { expect, test } from 'bun:test';
import { NO_USAGE } from '../../src/core/token-usage.ts';
import { buildUsageEvent } from '../../src/ledger/build-usage-event.ts';
import { attemptRecord, usageEvent, usageOf } from '../support/usage-events.ts';

const {
  usage: _u,
  provenance: _p,
  costNanoUsd: _c,
  unpriced: _n,
  provider: _r,
  attempts: _a,
  ...FACTS
} = usageEvent();

test('failed attempts without numbers add nothing; the one that served decides', () => {
  const failed = attemptRecord({
    outcome: 'error',
    usage: NO_USAGE,
    provenance: 'unknown',
    costNanoUsd: null,
  });
  const served = attemptRecord({ provider: 'anthropic', ordinal: 2 });
  const event = buildUsageEvent(FACTS, [failed, served]);
  expect(event).toMatchObject({ provider: 'anthropic', provenance: 'provider', costNanoUsd: 62_500 });
  expect(event.usage.promptTokens).toBe(10);
  expect(event.attempts).toEqual([failed, served]);
});

test('two billed attempts add up, and an estimate among them marks the sum', () => {
  const first = attemptRecord({ usage: usageOf(7, 3), provenance: 'estimated', costNanoUsd: 5 });
  const second = attemptRecord({ usage: usageOf(10, 5), costNanoUsd: null });
  const event = buildUsageEvent(FACTS, [first, second]);
  expect(event.usage).toMatchObject({ promptTokens: 17, completionTokens: 8, cachedTokens: null });
  expect(event).toMatchObject({ provenance: 'estimated', costNanoUsd: 5, unpriced: true });
});

test('a request whose only attempt told nothing is unknown, not zero', () => {
  const lost = attemptRecord({
    usage: NO_USAGE,
    provenance: 'unknown',
    costNanoUsd: null,
    outcome: 'unknown',
  });
  const event = buildUsageEvent(FACTS, [lost]);
  expect(event).toMatchObject({ provenance: 'unknown', costNanoUsd: null, usage: NO_USAGE });
});

test('when nothing answered, an attempt that may have been billed keeps the request from saying zero', () => {
  const timedOut = attemptRecord({
    usage: NO_USAGE,
    provenance: 'unknown',
    costNanoUsd: null,
    outcome: 'unknown',
  });
  const refused = attemptRecord({ usage: NO_USAGE, costNanoUsd: 0, outcome: 'error', ordinal: 2 });
  expect(buildUsageEvent(FACTS, [timedOut, refused])).toMatchObject({
    provenance: 'unknown',
    costNanoUsd: null,
  });
  expect(buildUsageEvent(FACTS, [refused])).toMatchObject({ provenance: 'provider', costNanoUsd: 0 });
});
