// What every limiter owes, whatever keeps its counters: run by each implementation's own test file.
import { expect, test } from 'bun:test';
import type { Limit } from '../../src/core/limits/limit.ts';
import { AppError } from '../../src/errors/app-error.ts';
import type { Admission, AdmitRequest, Limiter } from '../../src/limits/limiter.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { sampleLimit } from '../support/samples.ts';

export interface LimiterUnderTest {
  readonly limiter: Limiter;
  /** Puts limits in force; new budgets begin with `spent` of the period that runs. */
  readonly setLimits: (limits: readonly Limit[], spent?: number) => Promise<void>;
}

export type CreateLimiter = (clock: ManualClock) => Promise<LimiterUnderTest>;

const USD = 1_000_000_000;
const DONE = { costNanoUsd: 0, promptTokens: 0, completionTokens: 0 };

/** One limiter with its clock, and short words for what the tests do with it. */
async function setUp(create: CreateLimiter, limits: readonly Limit[], spent = 0) {
  const clock = new ManualClock();
  const { limiter, setLimits } = await create(clock);
  await setLimits(limits, spent);
  let count = 0;
  const request = (changes: Partial<AdmitRequest> = {}): AdmitRequest => ({
    eventId: `req_${++count}`,
    timeMs: clock.nowMs(),
    userId: 'usr_sample',
    keyId: 'key_sample',
    model: 'openai/gpt-5',
    tokensMax: 100,
    nanoUsdMax: USD,
    shape: 'openai',
    ...changes,
  });
  const admit = async (changes: Partial<AdmitRequest> = {}): Promise<Admission> =>
    limiter.admit(request(changes));
  const refused = async (changes: Partial<AdmitRequest> = {}): Promise<AppError> => {
    try {
      await limiter.admit(request(changes));
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
    throw new Error('the request was admitted');
  };
  return { clock, limiter, setLimits, admit, refused };
}

const budget = (changes: Partial<Limit> = {}) =>
  sampleLimit({ id: 'lim_money', kind: 'budget_money', period: 'day', amount: 10 * USD, ...changes });
const slots = (amount: number, changes: Partial<Limit> = {}) =>
  sampleLimit({ id: 'lim_slots', kind: 'concurrent_requests', amount, ...changes });

export function limiterContract(name: string, create: CreateLimiter): void {
  ratesContract(name, create);
  slotsContract(name, create);
  budgetsContract(name, create);
  scopesContract(name, create);
  changesContract(name, create);
  refusalsContract(name, create);
}

function ratesContract(name: string, create: CreateLimiter): void {
  test(`${name}: without limits everybody may`, async () => {
    const { admit, limiter } = await setUp(create, []);
    for (let i = 0; i < 50; i++) expect((await admit()).budgeted).toBe(false);
    expect(limiter.statesOf({ userId: 'usr_sample', keyId: 'key_sample' })).toEqual([]);
  });

  test(`${name}: requests per minute, and refused ones are not counted`, async () => {
    const { admit, refused, clock } = await setUp(create, [sampleLimit({ amount: 3 })]);
    for (let i = 0; i < 3; i++) (await admit()).settle(DONE);
    for (let i = 0; i < 20; i++) expect((await refused()).code).toBe('rate_limited');
    clock.advance(61_000);
    for (let i = 0; i < 3; i++) await admit();
    await refused();
  });

  test(`${name}: no 60 seconds hold more than the limit, wherever they begin`, async () => {
    const { admit, clock, refused } = await setUp(create, [sampleLimit({ amount: 4 })]);
    const times: number[] = [];
    for (let at = 0; at < 300; at++) {
      clock.advance(701);
      const passed = await admit().catch(() => null);
      if (passed) times.push(clock.monotonicMs());
    }
    expect(times.length).toBeGreaterThan(10);
    for (const from of times) {
      expect(times.filter((time) => time >= from && time < from + 60_000).length).toBeLessThanOrEqual(4);
    }
    clock.advance(120_000);
    for (let i = 0; i < 4; i++) await admit();
    expect((await refused()).options.retryAfterMs).toBeLessThanOrEqual(61_000);
  });

  test(`${name}: waiting as long as told is enough`, async () => {
    const { admit, refused, clock } = await setUp(create, [sampleLimit({ amount: 2 })]);
    await admit();
    clock.advance(20_500);
    await admit();
    const { retryAfterMs = 0 } = (await refused()).options;
    clock.advance(retryAfterMs - 1_001);
    await refused();
    clock.advance(1_001);
    await admit();
    await refused();
  });

  test(`${name}: a released request was never there, a settled one was`, async () => {
    const { admit, refused } = await setUp(create, [sampleLimit({ amount: 1 })]);
    (await admit()).release();
    (await admit()).settle(DONE);
    await refused();
  });

  test(`${name}: tokens per minute reserve the most and keep what was used`, async () => {
    const limit = sampleLimit({ kind: 'tokens_per_minute', amount: 250 });
    const { admit, refused } = await setUp(create, [limit]);
    const first = await admit({ tokensMax: 200 });
    await refused({ tokensMax: 100 });
    first.settle({ costNanoUsd: 0, promptTokens: 10, completionTokens: 20 });
    const second = await admit({ tokensMax: 220 });
    await refused({ tokensMax: 1 });
    second.settle({ costNanoUsd: null, promptTokens: null, completionTokens: null });
    await refused({ tokensMax: 1 });
  });
}

function slotsContract(name: string, create: CreateLimiter): void {
  test(`${name}: slots are given back once, however often the end is told`, async () => {
    const { admit, refused } = await setUp(create, [slots(2)]);
    const first = await admit();
    await admit();
    await refused();
    first.settle(DONE);
    first.settle(DONE);
    first.release();
    await admit();
    await refused();
  });
}

function budgetsContract(name: string, create: CreateLimiter): void {
  test(`${name}: a hundred at once on a budget for one: one passes`, async () => {
    const { admit } = await setUp(create, [budget()], 9 * USD);
    const all = await Promise.allSettled(Array.from({ length: 100 }, () => admit()));
    expect(all.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  });

  test(`${name}: what is not used comes back, what is unknown does not`, async () => {
    const { admit, refused } = await setUp(create, [budget({ amount: 2 * USD })]);
    const first = await admit({ nanoUsdMax: 2 * USD });
    expect([first.budgeted, first.heldNanoUsd, first.heldTokens]).toEqual([true, 2 * USD, 100]);
    await refused({ nanoUsdMax: 1 });
    first.settle({ ...DONE, costNanoUsd: USD / 2 });
    const second = await admit({ nanoUsdMax: 1.5 * USD });
    second.settle({ costNanoUsd: null, promptTokens: null, completionTokens: null });
    await refused({ nanoUsdMax: 1 });
  });

  test(`${name}: tokens per period count input and output`, async () => {
    const limit = budget({ kind: 'budget_tokens', amount: 1_000 });
    const { admit, refused } = await setUp(create, [limit], 400);
    (await admit({ tokensMax: 500 })).settle({ costNanoUsd: null, promptTokens: 300, completionTokens: 100 });
    await refused({ tokensMax: 201 });
    await admit({ tokensMax: 200 });
  });

  test(`${name}: a new period begins with nothing spent, and late ends count where they began`, async () => {
    const { admit, refused, clock, limiter } = await setUp(create, [budget()], 9 * USD);
    const late = await admit();
    await refused();
    clock.advance(12 * 3_600_000);
    const next = await admit({ nanoUsdMax: 10 * USD });
    late.settle({ ...DONE, costNanoUsd: USD });
    await refused({ nanoUsdMax: 1 });
    next.settle({ ...DONE, costNanoUsd: 3 * USD });
    const [state] = limiter.statesOf({ userId: null, keyId: 'key_sample' });
    expect(state).toMatchObject({ used: 3 * USD, reserved: 0, remaining: 7 * USD });
    expect(state?.resetsMs).toBe(Date.parse('2026-11-25T00:00:00Z'));
  });

  test(`P5: ${name}: a clock set back does not open a budget again, nor one set forward and back`, async () => {
    const { admit, refused, clock } = await setUp(create, [budget()], 10 * USD);
    clock.setWall('2026-11-23T11:00:00Z');
    await refused();
    clock.setWall('2026-11-24T12:00:00Z');
    (await admit()).settle({ ...DONE, costNanoUsd: USD });
    clock.setWall('2026-11-23T12:00:00Z');
    await refused();
    clock.setWall('2020-01-01T00:00:00Z');
    await refused();
  });

  test(`${name}: reservations of a time before all known periods hold and end like others`, async () => {
    const { admit, refused, clock } = await setUp(create, [budget({ amount: USD })]);
    clock.setWall('2020-01-01T00:00:00Z');
    const first = await admit();
    await refused();
    first.release();
    (await admit()).settle({ ...DONE, costNanoUsd: USD });
    await refused();
  });

  test(`${name}: a model without a price is refused under a money budget, unless it is allowed`, async () => {
    const { admit, refused, setLimits } = await setUp(create, [budget()]);
    expect((await refused({ nanoUsdMax: null, model: 'x/y' })).code).toBe('unpriced_model');
    await setLimits([budget({ allowUnpriced: true })]);
    (await admit({ nanoUsdMax: null })).settle({ costNanoUsd: null, promptTokens: 1, completionTokens: 1 });
    await setLimits([budget({ kind: 'budget_tokens' })]);
    await admit({ nanoUsdMax: null });
  });
}

function scopesContract(name: string, create: CreateLimiter): void {
  test(`${name}: all limits or none: a refusal by the last takes nothing from the first`, async () => {
    const house = slots(5, { id: 'lim_house', scope: 'house', scopeId: null });
    const user = budget({ id: 'lim_user', scope: 'user', scopeId: 'usr_sample' });
    const { admit, refused, limiter } = await setUp(create, [house, user, slots(1)]);
    await admit();
    for (let i = 0; i < 10; i++) await refused();
    const states = limiter.statesOf({ userId: 'usr_sample', keyId: 'key_sample' });
    expect(states.map(({ used, reserved }) => [used, reserved])).toEqual([
      [1, 0],
      [0, USD],
      [1, 0],
    ]);
  });

  test(`${name}: a user's limit binds all keys of that user, the house's everybody`, async () => {
    const user = slots(1, { id: 'lim_user', scope: 'user', scopeId: 'usr_sample' });
    const house = slots(3, { id: 'lim_house', scope: 'house', scopeId: null });
    const { admit, refused } = await setUp(create, [user, house]);
    await admit({ keyId: 'key_a' });
    await refused({ keyId: 'key_b' });
    await admit({ userId: 'usr_other', keyId: 'key_c' });
    await admit({ userId: null, keyId: null });
    await refused({ userId: null, keyId: null });
  });
}

function changesContract(name: string, create: CreateLimiter): void {
  test(`${name}: a changed amount holds for the next request and forgets nothing`, async () => {
    const { admit, refused, setLimits } = await setUp(create, [sampleLimit({ amount: 2 })]);
    await admit();
    await admit();
    await refused();
    await setLimits([sampleLimit({ amount: 3 })]);
    await admit();
    await refused();
    await setLimits([sampleLimit({ amount: 1 })]);
    await refused();
    await setLimits([]);
    await admit();
  });

  test(`${name}: a new limit counts the requests that run already, and their ends`, async () => {
    const { admit, refused, setLimits } = await setUp(create, []);
    const running = await admit();
    await setLimits([slots(1), budget({ amount: 2 * USD })], USD);
    expect((await refused()).code).toBe('budget_exhausted');
    running.settle({ ...DONE, costNanoUsd: USD / 2 });
    await admit({ nanoUsdMax: USD / 2 });
    await refused({ nanoUsdMax: 0 });
  });

  test(`${name}: a temporary raise ends by itself`, async () => {
    const until = Date.parse('2026-11-23T12:10:00Z');
    const raised = slots(1, { raisedAmount: 2, raisedUntilMs: until });
    const { admit, refused, clock } = await setUp(create, [raised]);
    await admit();
    const second = await admit();
    await refused();
    clock.advance(600_000);
    second.settle(DONE);
    await refused();
  });
}

function refusalsContract(name: string, create: CreateLimiter): void {
  test(`${name}: a refusal names the limit, its size and the time, in OpenAI's words`, async () => {
    const { admit, refused } = await setUp(create, [sampleLimit({ amount: 1 })]);
    await admit();
    const { status, message, options } = await refused();
    expect(status).toBe(429);
    expect(message).toMatch(/^The requests per minute of this key is 1 request\. Try again in 6[01] s\.$/);
    expect(options.retryAfterMs).toBeGreaterThan(59_000);
    expect(options.headers).toMatchObject({
      'x-ratelimit-limit-requests': '1',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': expect.stringMatching(/^1m[01](\.\d+)?s$/),
    });
  });

  test(`${name}: the same in Anthropic's words`, async () => {
    const { admit, refused } = await setUp(create, [sampleLimit({ kind: 'tokens_per_minute', amount: 150 })]);
    await admit();
    const { options } = await refused({ shape: 'anthropic' });
    expect(options.headers).toMatchObject({
      'anthropic-ratelimit-tokens-limit': '150',
      'anthropic-ratelimit-tokens-remaining': '50',
      'anthropic-ratelimit-tokens-reset': expect.stringMatching(/^2026-11-23T12:01:0[01]/),
    });
  });

  test(`${name}: an exhausted budget says when it renews and tells SDKs not to sleep until then`, async () => {
    const { refused } = await setUp(create, [budget({ period: 'month' })], 10 * USD);
    const { code, message, options } = await refused();
    expect(code).toBe('budget_exhausted');
    expect(message).toBe(
      'The monthly budget of this key is $10.00. Used: $10.00. This request can use up to $1.00. It renews at 2026-12-01T00:00:00.000Z.',
    );
    expect(options.retryAfterMs).toBe(
      Date.parse('2026-12-01T00:00:00Z') - Date.parse('2026-11-23T12:00:00Z'),
    );
    expect(options.headers).toEqual({ 'x-should-retry': 'false' });
  });

  test(`${name}: a budget for good names no time, a request above the whole budget no wait`, async () => {
    const { refused, setLimits } = await setUp(create, [budget({ period: 'forever' })], 10 * USD);
    const spent = await refused();
    expect(spent.message).toContain('It does not renew');
    expect(spent.options.retryAfterMs).toBeUndefined();
    await setLimits([budget({ id: 'lim_other', amount: USD })]);
    const large = await refused({ nanoUsdMax: 2 * USD });
    expect(large.message).toContain('Ask for fewer output tokens');
    expect(large.options.retryAfterMs).toBeUndefined();
    expect(large.options.headers).toEqual({ 'x-should-retry': 'false' });
  });

  test(`${name}: what running requests only reserve is worth another try soon`, async () => {
    const { admit, refused } = await setUp(create, [budget({ amount: USD })]);
    await admit();
    const { message, options } = await refused();
    expect(message).toContain('Reserved by running requests: $1.00.');
    expect(options.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(options.headers?.['x-should-retry']).toBeUndefined();
  });

  test(`${name}: of several limits that refuse, the one that lasts longest speaks`, async () => {
    const { refused } = await setUp(create, [slots(0), sampleLimit({ amount: 0 }), budget()], 10 * USD);
    expect((await refused()).code).toBe('rate_limited');
    const both = await setUp(create, [sampleLimit({ amount: 1 }), budget()], 10 * USD);
    expect((await both.refused()).code).toBe('budget_exhausted');
  });

  test(`${name}: what the house has spent is not told to its users`, async () => {
    const house = budget({ scope: 'house', scopeId: null });
    const { refused } = await setUp(create, [house], 7.77 * USD);
    const { message } = await refused({ nanoUsdMax: 3 * USD });
    expect(message).toContain('of this server is $10.00');
    expect(message).not.toContain('7.77');
  });
}
