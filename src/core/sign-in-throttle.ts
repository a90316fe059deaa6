// How failed sign-ins slow down the next ones: pure rules. Three counters, because each alone is weak:
// the pair stops one guesser, the account stops many guessers, the address stops one guesser of many accounts.

export type ThrottleKind = 'pair' | 'account' | 'address';

export interface ThrottleRule {
  /** Failures that cost nothing. */
  readonly free: number;
  /** The wait after the first failure beyond them; doubles with each further one. */
  readonly firstWaitMs: number;
  readonly waitMaxMs: number;
}

/**
 * The account's own wait stays short: a stranger who guesses without end must not keep the owner out for long.
 * One guess a minute against a password outside the 3,000 most common ones gets nowhere.
 */
export const THROTTLE_RULES: Readonly<Record<ThrottleKind, ThrottleRule>> = {
  pair: { free: 5, firstWaitMs: 1_000, waitMaxMs: 15 * 60_000 },
  account: { free: 20, firstWaitMs: 1_000, waitMaxMs: 60_000 },
  address: { free: 30, firstWaitMs: 1_000, waitMaxMs: 15 * 60_000 },
};

/** A counter that saw no failure for so long starts afresh. */
export const THROTTLE_FORGET_MS = 60 * 60_000;

export interface ThrottleState {
  readonly failures: number;
  readonly lastMs: number;
  readonly blockedUntilMs: number;
}

export const NO_FAILURES: ThrottleState = { failures: 0, lastMs: 0, blockedUntilMs: 0 };

/** Milliseconds until the next attempt is allowed; 0 means now. */
export function waitMsOf(state: ThrottleState, nowMs: number, kind: ThrottleKind): number {
  // The clock may be set back: a block never lasts longer than the rule's longest wait.
  return Math.max(0, Math.min(state.blockedUntilMs - nowMs, THROTTLE_RULES[kind].waitMaxMs));
}

/** The counter after one more failure. */
export function afterFailure(state: ThrottleState, nowMs: number, kind: ThrottleKind): ThrottleState {
  const rule = THROTTLE_RULES[kind];
  const failures = nowMs - state.lastMs > THROTTLE_FORGET_MS ? 1 : state.failures + 1;
  const over = failures - rule.free;
  const waitMs = over <= 0 ? 0 : Math.min(rule.waitMaxMs, rule.firstWaitMs * 2 ** Math.min(over - 1, 30));
  return { failures, lastMs: nowMs, blockedUntilMs: waitMs === 0 ? 0 : nowMs + waitMs };
}
