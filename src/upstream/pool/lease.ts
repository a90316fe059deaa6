// The words between the pool and whoever asks it for a credential.
import type { TokenUsage } from '../../core/token-usage.ts';
import type { FailureKind } from '../../core/usage-event.ts';
import type { Credential, ProviderSpec } from '../providers/provider-spec.ts';

export interface AcquireRequest {
  readonly provider: string;
  /** The provider's own model name, without the provider. */
  readonly model: string;
  /** Credentials this request has used up already. */
  readonly exclude?: ReadonlySet<string>;
  /** Groups requests that should stay on one credential while its prompt cache lives; scoped to the caller's key. */
  readonly affinity?: string | null;
  /** Take a credential that is still being tried out, because waiting for the result took too long. */
  readonly insist?: boolean;
}

/** What became of a leased call. */
export type LeaseReport =
  | { readonly kind: 'success'; readonly usage?: TokenUsage | null; readonly costNanoUsd?: number | null }
  | {
      readonly kind: 'failure';
      readonly failure: FailureKind;
      readonly retryAfterMs: number | null;
      readonly usage?: TokenUsage | null;
      readonly costNanoUsd?: number | null;
    }
  /** Says nothing about the credential: the caller went away, or the request itself was at fault. */
  | { readonly kind: 'neutral'; readonly usage?: TokenUsage | null; readonly costNanoUsd?: number | null };

export interface Lease {
  readonly spec: ProviderSpec;
  readonly credential: Credential;
  readonly model: string;
  /** The provider accepted the credential: to be called at the first byte, long before a stream's release. */
  readonly prove: () => void;
  /** Gives the slot back and records what happened. Must be called once; later calls do nothing. */
  readonly release: (report: LeaseReport) => void;
}

export type Acquisition =
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'unknown_provider' }
  /** Every credential that may be used was excluded by the request. */
  | { readonly kind: 'exhausted' }
  /** Credentials are healthy but all at their concurrency limit, or being tried out. */
  | { readonly kind: 'busy' }
  /** None may be used before this many milliseconds have passed. */
  | {
      readonly kind: 'cooling';
      readonly waitMs: number;
      /** Why the one that comes back first rests; null for caps and cycles. */
      readonly reason: FailureKind | null;
    };

export interface WaitOptions {
  /** How long to wait at most. */
  readonly waitMs: number;
  /** Waits out rests that end within this time; longer ones are answered at once. */
  readonly coolingMs: number;
  readonly signal: AbortSignal | null;
}
