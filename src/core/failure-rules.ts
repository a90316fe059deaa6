// What follows from each kind of failure: for the credential, for the next attempt, for the caller. Data only.
// docs/errors.md shows the same table, held by a test.
import type { ErrorCode } from '../errors/catalogue.ts';
import type { FailureKind } from './usage-event.ts';

export interface FailureRule {
  /**
   * What the credential does: `hard` rests on this model for the hint or by the ladder; `soft` likewise, but once it
   * may still be used when nothing else is left; `quarantine` rests on every model; `none` is not its fault.
   */
  readonly cools: 'none' | 'soft' | 'hard' | 'quarantine';
  /** Whether another credential of the same provider may do better. */
  readonly nextCredential: boolean;
  /** Whether the same credential may do better a moment later. */
  readonly sameCredential: boolean;
  /** Whether another target of the fallback chain may do better. */
  readonly nextTarget: boolean;
  /** What the caller is told when nothing did better; `own` passes the provider's own refusal on. */
  readonly told: ErrorCode | 'own';
}

const UPSTREAM_FAULT = { nextCredential: true, nextTarget: true } as const;
const CALLER_FAULT = { cools: 'none', nextCredential: false, sameCredential: false } as const;

export const FAILURE_RULES: Readonly<Record<FailureKind, FailureRule>> = {
  // Soft unless the provider said how long: with a single key, one 429 must not become ten seconds without answers.
  rate_limit: { ...UPSTREAM_FAULT, cools: 'soft', sameCredential: true, told: 'upstream_rate_limited' },
  quota_exceeded: { ...UPSTREAM_FAULT, cools: 'hard', sameCredential: false, told: 'upstream_rate_limited' },
  // The provider refused *our* key: the caller's own key is fine, so this is never told as a 401 (faults.md U12).
  authentication: { ...UPSTREAM_FAULT, cools: 'quarantine', sameCredential: false, told: 'upstream_error' },
  forbidden: { ...UPSTREAM_FAULT, cools: 'hard', sameCredential: false, told: 'upstream_error' },
  server_error: { ...UPSTREAM_FAULT, cools: 'soft', sameCredential: true, told: 'upstream_error' },
  overloaded: { ...UPSTREAM_FAULT, cools: 'soft', sameCredential: true, told: 'upstream_error' },
  connection: { ...UPSTREAM_FAULT, cools: 'soft', sameCredential: true, told: 'upstream_error' },
  tls: { ...UPSTREAM_FAULT, cools: 'soft', sameCredential: false, told: 'upstream_error' },
  timeout_first_byte: { ...UPSTREAM_FAULT, cools: 'soft', sameCredential: false, told: 'upstream_timeout' },
  timeout_idle: { ...UPSTREAM_FAULT, cools: 'soft', sameCredential: false, told: 'upstream_timeout' },
  deadline: {
    cools: 'soft',
    nextCredential: false,
    sameCredential: false,
    nextTarget: false,
    told: 'upstream_timeout',
  },
  interrupted: { ...UPSTREAM_FAULT, cools: 'soft', sameCredential: true, told: 'upstream_interrupted' },
  bad_answer: { ...UPSTREAM_FAULT, cools: 'soft', sameCredential: false, told: 'upstream_error' },
  invalid_request: { ...CALLER_FAULT, nextTarget: false, told: 'own' },
  context_window_exceeded: { ...CALLER_FAULT, nextTarget: true, told: 'own' },
  not_found: { ...CALLER_FAULT, nextTarget: true, told: 'own' },
  client_gone: { ...CALLER_FAULT, nextTarget: false, told: 'upstream_error' },
  unknown: { ...UPSTREAM_FAULT, cools: 'soft', sameCredential: false, told: 'upstream_error' },
};
