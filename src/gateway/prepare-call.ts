// Turns the caller's request into what one target understands: the same bytes where both speak the same wire.
import type { Dialect } from '../core/wire.ts';
import { appError } from '../errors/app-error.ts';
import { rewriteBody } from '../protocol/openai-chat/rewrite-body.ts';
import type { Operation, ProviderSpec } from '../upstream/providers/provider-spec.ts';
import type { Exchange } from './exchange.ts';
import type { Target } from './plan.ts';

export interface PreparedCall {
  readonly operation: Operation;
  readonly dialect: Dialect;
  readonly body: string;
  /** True when usage was asked for on behalf of a caller who did not, and must be withheld again. */
  readonly usageInjected: boolean;
}

/** Throws AppError `unsupported_feature` when the target cannot carry the request. */
export function prepareCall(
  exchange: Exchange,
  target: Target,
  temperature: TemperaturePolicy,
): PreparedCall {
  const { endpoint, facts, body } = exchange;
  const dialect = dialectOf(target.spec, endpoint.dialect);
  if (dialect !== endpoint.dialect || target.spec.endpoints[endpoint.operation] === undefined) {
    throw appError('unsupported_feature', {
      params: { feature: endpoint.name, target: target.fullName },
      param: 'model',
    });
  }
  const usageInjected = facts.stream && !facts.includeUsageAsked && target.spec.includeUsage;
  const text = rewriteBody(body.text, {
    model: target.model === facts.model ? null : target.model,
    includeUsage: usageInjected,
    temperatureZero: endpoint.dialect === 'openai-chat' ? temperature : 'keep',
  });
  return { operation: endpoint.operation, dialect, body: text, usageInjected };
}

export type TemperaturePolicy = 'keep' | 'remove' | 'set';

/** The wire that a provider speaks for what the caller wants. */
export function dialectOf(spec: ProviderSpec, asked: Dialect): Dialect {
  if (spec.protocol === 'anthropic') return 'anthropic-messages';
  if (spec.protocol === 'gemini') return 'gemini';
  return asked === 'openai-embeddings' ? 'openai-embeddings' : 'openai-chat';
}
