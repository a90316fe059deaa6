// The steps of a request that calls a model, in order. Refusals before admission leave no usage event; everything
// after it leaves exactly one.
import type { Actor } from '../core/actor.ts';
import { AppError, appError, toAppError } from '../errors/app-error.ts';
import { runAttempts } from './attempt.ts';
import { authorise } from './authorise.ts';
import type { GatewayDeps } from './deps.ts';
import type { Endpoint } from './endpoint.ts';
import type { Exchange, Identity } from './exchange.ts';
import { createHangUp } from './hang-up.ts';
import { planTargets } from './plan.ts';
import { readJsonRequest } from './read-request.ts';
import { relayStream } from './relay-stream.ts';
import { relayWhole } from './relay-whole.ts';
import { sessionIdOf } from './session-id.ts';
import { settle } from './settle.ts';

export interface CompletionCall {
  readonly request: Request;
  readonly identity: Identity;
  readonly endpoint: Endpoint;
  readonly actor: Actor;
  readonly query: string;
  readonly address: () => string;
}

/** Throws AppError; the caller encodes it. */
export async function handleCompletion(call: CompletionCall, deps: GatewayDeps): Promise<Response> {
  const exchange = await readExchange(call, deps);
  const targets = planTargets(exchange.facts, call.actor, deps.router);
  authorise(call.actor, {
    models: [exchange.facts.model, targets[0]?.fullName ?? exchange.facts.model],
    address: call.address,
  });
  const admission = deps.admit(exchange, targets);
  exchange.admission = admission instanceof Promise ? await admission : admission;
  const asked = [exchange.facts.model, targets[0]?.fullName ?? exchange.facts.model];
  const policy = deps.hangUps.policyOf(asked, call.actor.onHangUp);
  if (policy === 'drain') exchange.hangUp = createHangUp(call.request.signal, policy, deps.hangUps);
  deps.live.add(exchange);
  try {
    return await serve(exchange, targets, deps);
  } catch (error) {
    throw settleFailure(exchange, toAppError(error), deps);
  }
}

/** The request with its body read. Throws AppError for what cannot be read. */
export async function readExchange(call: CompletionCall, deps: GatewayDeps): Promise<Exchange> {
  const { request, endpoint, identity } = call;
  const body = await readJsonRequest(request, {
    bytesMax: deps.bodyBytesMax,
    timeoutMs: deps.timings.bodyReadMs,
  });
  const facts = endpoint.readRequest(body.json);
  return {
    ...identity,
    endpoint,
    request,
    query: call.query,
    address: call.address,
    actor: call.actor,
    body,
    facts: { ...facts, clientSessionId: sessionIdOf(request.headers, facts.clientSessionId) },
    attempts: [],
    admission: null,
    hangUp: createHangUp(request.signal, 'cancel', deps.hangUps),
    firstByteAtMs: null,
    settled: false,
  };
}

async function serve(
  exchange: Exchange,
  targets: ReturnType<typeof planTargets>,
  deps: GatewayDeps,
): Promise<Response> {
  const result = await runAttempts(exchange, targets, deps);
  if (result.kind === 'failed') throw result.error;
  const { attempt, answer, body } = result;
  return body.kind === 'stream'
    ? relayStream({ exchange, attempt, answer, source: body.source }, deps)
    : await relayWhole({ exchange, attempt, answer, bytes: body.bytes, json: body.json }, deps);
}

/** Settles a request that no provider answered; one that was settled on the way stays as it is. */
function settleFailure(exchange: Exchange, error: AppError, deps: GatewayDeps): AppError {
  if (exchange.settled) return error;
  const gone = exchange.request.signal.aborted;
  if (exchange.attempts.length === 0) {
    // Nothing went upstream: as if the request had not been admitted.
    exchange.settled = true;
    deps.live.delete(exchange);
    exchange.hangUp.end();
    exchange.admission?.release();
    return error;
  }
  try {
    settle(
      exchange,
      {
        status: gone ? 499 : error.status,
        outcome: gone ? 'aborted' : 'error',
        modelServed: null,
        priceVersion: null,
        finishReason: null,
        errorType: gone ? 'client_gone' : error.code,
        errorMessage: gone ? null : error.message,
      },
      deps,
    );
  } catch (ledgerError) {
    return ledgerError instanceof AppError
      ? ledgerError
      : appError('store_unavailable', { cause: ledgerError });
  }
  return error;
}
