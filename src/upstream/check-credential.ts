// Asks a provider whether it accepts a key, at a price of no tokens: its list of models, or its own place for that.
import type { FailureKind } from '../core/usage-event.ts';
import type { Clock } from '../lib/clock.ts';
import { callUpstream } from './call-upstream.ts';
import type { Credential, ProviderSpec } from './providers/provider-spec.ts';

const CHECK_MS_MAX = 15_000;

export interface KeyCheck {
  readonly kind: 'works' | 'refused' | 'unreachable' | 'not_offered';
  readonly failure: FailureKind | null;
  readonly status: number | null;
  /** Redacted text of the provider's error, or empty. */
  readonly message: string;
  readonly tookMs: number;
}

export async function checkCredential(
  spec: ProviderSpec,
  credential: Credential,
  clock: Clock,
): Promise<KeyCheck> {
  const path = spec.keyCheck ?? spec.endpoints.models;
  const nothing = { failure: null, status: null, message: '', tookMs: 0 };
  if (path === undefined) return { kind: 'not_offered', ...nothing };
  const startedMs = clock.monotonicMs();
  const outcome = await callUpstream({
    spec: { ...spec, endpoints: { ...spec.endpoints, models: path } },
    credential,
    operation: 'models',
    model: '',
    method: 'GET',
    headers: null,
    signal: null,
    firstByteMs: CHECK_MS_MAX,
    clock,
  });
  const tookMs = clock.monotonicMs() - startedMs;
  if (outcome.kind === 'answer') {
    outcome.cancel();
    return { ...nothing, kind: 'works', status: outcome.status, tookMs };
  }
  const { failure, status, message } = outcome;
  const isRefusal = failure === 'authentication' || failure === 'forbidden';
  return { kind: isRefusal ? 'refused' : 'unreachable', failure, status, message, tookMs };
}
