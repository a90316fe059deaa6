// T5: failed sign-ins slow the next ones down exponentially, per account and per address, up to a bound.
import { expect, test } from 'bun:test';
import {
  afterFailure,
  NO_FAILURES,
  THROTTLE_FORGET_MS,
  THROTTLE_RULES,
  waitMsOf,
} from '../../src/core/sign-in-throttle.ts';

const START = 1_800_000_000_000;

function failures(count: number, kind: 'pair' | 'account' | 'address') {
  let state = NO_FAILURES;
  for (let i = 0; i < count; i++) state = afterFailure(state, START, kind);
  return state;
}

test('the first failures cost nothing, then the wait doubles up to its bound', () => {
  expect(waitMsOf(failures(5, 'pair'), START, 'pair')).toBe(0);
  expect(waitMsOf(failures(6, 'pair'), START, 'pair')).toBe(1_000);
  expect(waitMsOf(failures(9, 'pair'), START, 'pair')).toBe(8_000);
  expect(waitMsOf(failures(10_000, 'pair'), START, 'pair')).toBe(15 * 60_000);
});

test('a stranger cannot keep the owner of an account out for more than a minute at a time', () => {
  expect(waitMsOf(failures(10_000, 'account'), START, 'account')).toBe(60_000);
});

test('an hour without failures starts afresh', () => {
  const state = afterFailure(failures(50, 'pair'), START + THROTTLE_FORGET_MS + 1, 'pair');
  expect(state.failures).toBe(1);
  expect(state.blockedUntilMs).toBe(0);
});

test('a clock that is set back never makes a wait longer than the rule allows', () => {
  const state = failures(50, 'pair');
  expect(waitMsOf(state, START - 86_400_000, 'pair')).toBe(THROTTLE_RULES.pair.waitMaxMs);
});
