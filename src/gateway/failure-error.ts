// What a caller is told when no target answered: by the table of core/failure-rules.ts, and never a word of credentials.
import { FAILURE_RULES } from '../core/failure-rules.ts';
import { type AppError, appError } from '../errors/app-error.ts';
import type { UpstreamFailure } from '../upstream/call-upstream.ts';
import type { Acquisition } from '../upstream/pool/lease.ts';

export type NoLease = Exclude<Acquisition, { kind: 'lease' }>;

export interface Tried {
  readonly model: string;
  /** Calls made for this request. */
  readonly attempts: number;
}

/** After at least one call. A provider's 401 or 403 is never the caller's own (faults.md U12). */
export function failureError(tried: Tried, failure: UpstreamFailure): AppError {
  const params = { model: tried.model, tried: tried.attempts, reason: failure.failure };
  const { told } = FAILURE_RULES[failure.failure];
  if (told !== 'own') {
    const retry = failure.retryAfterMs === null ? {} : { retryAfterMs: failure.retryAfterMs };
    return appError(told, { params, ...retry });
  }
  const { providerError } = failure;
  return appError('provider_refused', {
    params: { detail: failure.message },
    provider: {
      status: failure.status ?? 404,
      type: providerError?.type ?? null,
      code: providerError?.code ?? null,
    },
    ...(providerError?.param && { param: providerError.param }),
  });
}

/** Before any call: nothing could be leased. Limits are the caller's to wait out (429), outages are ours (503). */
export function noLeaseError(model: string, refusal: NoLease): AppError {
  if (refusal.kind === 'busy') return appError('overloaded', { retryAfterMs: 1_000 });
  if (refusal.kind !== 'cooling') return appError('no_credential', { params: { model } });
  const params = { model, seconds: Math.max(1, Math.ceil(refusal.waitMs / 1000)) };
  const isLimit = refusal.reason === null || FAILURE_RULES[refusal.reason].told === 'upstream_rate_limited';
  return appError(isLimit ? 'all_targets_cooling' : 'all_targets_down', {
    params,
    retryAfterMs: refusal.waitMs,
  });
}
