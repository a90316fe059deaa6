// POST /v1/messages/count_tokens: asked of the provider where it offers that, estimated where it does not.
// Costs nothing, so it reserves no budget and leaves no usage event; rates and slots bind it as they bind every request.

import { readCount } from '../core/token-usage.ts';
import { type AppError, appError } from '../errors/app-error.ts';
import { asObject, type JsonObject, parseJson } from '../lib/json.ts';
import { estimateInputTokens } from '../protocol/anthropic-messages/estimate-tokens.ts';
import { callUpstream, type UpstreamCall } from '../upstream/call-upstream.ts';
import { readBounded } from '../upstream/read-body.ts';
import { authorise } from './authorise.ts';
import type { GatewayDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';
import { type CompletionCall, readExchange } from './handle-completion.ts';
import { planTargets, type Target } from './plan.ts';
import { prepareCall } from './prepare-call.ts';

/** A count is one number; a larger answer is no count. */
const ANSWER_BYTES_MAX = 64 * 1024;
/** An estimate at once is worth more than a count that keeps an editor waiting. */
const COUNT_MS_MAX = 10_000;

export async function handleCountTokens(call: CompletionCall, deps: GatewayDeps): Promise<Response> {
  const exchange = await readExchange(call, deps);
  const target = planTargets(exchange.facts, call.actor, deps.router)[0];
  if (!target) throw appError('model_not_found', { params: { model: exchange.facts.model } });
  authorise(call.actor, [exchange.facts.model, target.fullName], call.caller);
  const place = await deps.limiter.admit({
    eventId: exchange.id,
    timeMs: exchange.timeMs,
    userId: call.actor.userId,
    keyId: call.actor.keyId,
    model: exchange.facts.model,
    tokensMax: 0,
    nanoUsdMax: 0,
    shape: exchange.endpoint.errorShape,
  });
  try {
    return await count(exchange, target, deps);
  } finally {
    place.settle({ costNanoUsd: 0, promptTokens: 0, completionTokens: 0 });
  }
}

async function count(exchange: Exchange, target: Target, deps: GatewayDeps): Promise<Response> {
  const counted = await askProvider(exchange, target, deps);
  return counted === null
    ? answer(exchange, estimateInputTokens(exchange.body.json), 'estimated')
    : answer(exchange, counted, 'provider');
}

/** Null when this provider cannot count or did not answer. Throws only what it said about the request itself. */
async function askProvider(exchange: Exchange, target: Target, deps: GatewayDeps): Promise<number | null> {
  const { spec } = target;
  if (spec.protocol === 'openai' || spec.endpoints.count_tokens === undefined) return null;
  const { call: prepared, body } = prepareCall(exchange, target, 'keep');
  const acquired = deps.pool.acquire({ provider: spec.name, model: target.model, exclude: new Set() });
  if (acquired.kind !== 'lease') return null;
  const call: UpstreamCall = {
    spec,
    credential: acquired.lease.credential,
    operation: 'count_tokens',
    model: target.model,
    query: prepared.query,
    headers: exchange.request.headers,
    extraHeaders: prepared.headers,
    signal: exchange.request.signal,
    firstByteMs: COUNT_MS_MAX,
    clock: deps.clock,
  };
  // A translation is always text.
  const isTranslated = prepared.translator !== null && typeof body === 'string';
  const result = await callUpstream(call, isTranslated ? countGemini(body, target.model) : body);
  // A refused count says nothing about the key's health for real requests.
  acquired.lease.release({ kind: 'neutral' });
  if (result.kind !== 'answer') {
    if (result.failure === 'invalid_request') throw refused(result.message, result.status);
    return null;
  }
  const read = await readBounded({
    body: result.body,
    bytesMax: ANSWER_BYTES_MAX,
    timeoutMs: COUNT_MS_MAX,
  });
  const counted = read.kind === 'whole' ? asObject(parseJson(new TextDecoder().decode(read.bytes))) : null;
  return readCount(counted?.input_tokens) ?? readCount(counted?.totalTokens);
}

/** https://ai.google.dev/api/tokens: a whole request is counted when it stands in `generateContentRequest`. */
function countGemini(body: string, model: string): string {
  return JSON.stringify({
    generateContentRequest: { model: `models/${model}`, ...asObject(parseJson(body)) },
  });
}

function refused(message: string, status: number | null): AppError {
  return appError('provider_refused', {
    params: { detail: message },
    provider: { status: status ?? 400, type: null, code: null },
  });
}

function answer(exchange: Exchange, tokens: number, source: 'provider' | 'estimated'): Response {
  const body: JsonObject = { input_tokens: tokens };
  return new Response(JSON.stringify(body), {
    headers: {
      'content-type': 'application/json',
      'x-request-id': exchange.requestId,
      'request-id': exchange.requestId,
      'x-tollgate-token-count': source,
    },
  });
}
