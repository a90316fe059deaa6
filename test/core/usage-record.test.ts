// Guarantee: what the journal writes is read back as it was, in the form of this release and in the one before it.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Provenance, TokenUsage } from '../../src/core/token-usage.ts';
import type {
  AttemptRecord,
  FailureKind,
  Outcome,
  StartedMark,
  UsageEvent,
} from '../../src/core/usage-event.ts';
import { decodeMark, decodeUsageEvent, encodeMark, encodeUsageEvent } from '../../src/core/usage-record.ts';
import { usageEvent } from '../support/usage-events.ts';

const text = fc.string({ unit: 'binary' });
const textOrNull = fc.option(text);
const count = fc.option(fc.nat({ max: 100_000_000 }));
const ms = fc.integer({ min: 0, max: 4_000_000_000_000 }).map((tenths) => tenths / 10);
const money = fc.option(fc.maxSafeNat());
const outcome = fc.constantFrom<Outcome>('final', 'error', 'aborted', 'unknown');
const provenance = fc.constantFrom<Provenance>('provider', 'drained', 'estimated', 'unknown', 'imported');
const failure = fc.option(fc.constantFrom<FailureKind>('rate_limit', 'interrupted', 'client_gone'));

const usage: fc.Arbitrary<TokenUsage> = fc.record({
  inputTokens: count,
  outputTokens: count,
  cachedTokens: count,
  cacheWrite5mTokens: count,
  cacheWrite1hTokens: count,
  reasoningTokens: count,
  audioInputTokens: count,
  audioOutputTokens: count,
  webSearchRequests: count,
  promptTokens: count,
  completionTokens: count,
});

const attempt: fc.Arbitrary<AttemptRecord> = fc.record({
  id: text,
  ordinal: fc.nat(),
  startedMs: ms,
  provider: text,
  credentialId: textOrNull,
  model: text,
  outcome,
  failure,
  status: fc.option(fc.nat()),
  usage,
  provenance,
  costNanoUsd: money,
  firstByteMs: fc.option(ms),
  durationMs: ms,
  errorMessage: textOrNull,
});

const markFields = {
  id: text,
  timeMs: ms,
  requestId: text,
  userId: textOrNull,
  keyId: textOrNull,
  clientSessionId: textOrNull,
  tags: fc.array(text),
  endpoint: text,
  provider: textOrNull,
  modelAsked: textOrNull,
  streamed: fc.boolean(),
  heldNanoUsd: money,
  heldTokens: count,
};
const mark: fc.Arbitrary<StartedMark> = fc.record(markFields);

const event: fc.Arbitrary<UsageEvent> = fc
  .record({
    ...markFields,
    modelServed: textOrNull,
    status: fc.nat(),
    outcome,
    usage,
    provenance,
    costNanoUsd: money,
    unpriced: fc.boolean(),
    priceVersion: textOrNull,
    firstByteMs: fc.option(ms),
    durationMs: ms,
    finishReason: textOrNull,
    errorType: textOrNull,
    errorMessage: textOrNull,
    attempts: fc.array(attempt, { maxLength: 3 }),
  })
  .chain((drawn) => fc.boolean().map((alone) => (alone ? ofOneAttempt(drawn) : drawn)));

/** As the gateway builds nearly all: one attempt whose numbers are the event's. */
function ofOneAttempt(drawn: UsageEvent): UsageEvent {
  const { usage: shared, provenance: from, costNanoUsd } = drawn;
  const attempts = drawn.attempts
    .slice(0, 1)
    .map((each) => ({ ...each, usage: shared, provenance: from, costNanoUsd }));
  return { ...drawn, requestId: drawn.id, attempts };
}

describe('journal records', () => {
  test('any event is read back as it was written, on one line', () => {
    fc.assert(
      fc.property(event, (each) => {
        const json = encodeUsageEvent(each);
        expect(json).not.toContain('\n');
        expect(decodeUsageEvent(JSON.parse(json))).toEqual(each);
      }),
    );
  });

  test('any mark is read back as it was written, on one line', () => {
    fc.assert(
      fc.property(mark, (each) => {
        const json = encodeMark(each);
        expect(json).not.toContain('\n');
        expect(decodeMark(JSON.parse(json))).toEqual(each);
      }),
    );
  });

  test('plain objects, as the release before wrote them, are read', () => {
    fc.assert(
      fc.property(event, mark, (one, other) => {
        expect(decodeUsageEvent(JSON.parse(JSON.stringify(one)))).toEqual(JSON.parse(JSON.stringify(one)));
        expect(decodeMark(JSON.parse(JSON.stringify(other)))).toEqual(JSON.parse(JSON.stringify(other)));
      }),
    );
  });

  test('the numbers of a single attempt are written once, and a line takes a third of what its names took', () => {
    const event = ofOneAttempt(usageEvent());
    const json = encodeUsageEvent(event);
    expect(json.match(/62500/g)?.length).toBe(1);
    expect(json.length * 2.5).toBeLessThan(JSON.stringify(event).length);
  });

  test('what is no record, and a form of a later release, are refused', () => {
    const list = JSON.parse(encodeUsageEvent(usageEvent())) as unknown[];
    for (const wrong of [null, 7, 'text', [], [3, ...list.slice(1)], list.slice(0, -1), [...list, 1]]) {
      expect(() => decodeUsageEvent(wrong)).toThrow(TypeError);
      expect(() => decodeMark(wrong)).toThrow(TypeError);
    }
  });
});
