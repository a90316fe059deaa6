// The steps of a request that calls a model, in order. Refusals before admission leave no usage event; everything
// after it leaves exactly one.
import type { Actor } from '../core/actor.ts';
import { AppError, appError, toAppError } from '../errors/app-error.ts';
import { readBody } from '../http/read-body.ts';
import { runAttempts } from './attempt.ts';
import { authorise, type Caller } from './authorise.ts';
import type { GatewayDeps } from './deps.ts';
import type { Endpoint } from './endpoint.ts';
import { Exchange, type Identity, type RequestBody } from './exchange.ts';
import { CancelOnHangUp, createDrainingHangUp } from './hang-up.ts';
import { planTargets } from './plan.ts';
import { judgeContentType, parseBody } from './read-request.ts';
import { relayStream } from './relay-stream.ts';
import { respondWhole, settleWhole } from './relay-whole.ts';
import { confirmSettled, settle } from './settle.ts';

export interface CompletionCall {
  readonly request: Request;
  readonly identity: Identity;
  readonly endpoint: Endpoint;
  readonly actor: Actor;
  readonly query: string;
  readonly caller: Caller;
  /** What the caller is told of what was thrown. */
  readonly refused: (thrown: unknown) => Response;
}

/** Never rejects. */
export async function handleCompletion(call: CompletionCall, deps: GatewayDeps): Promise<Response> {
  let admitted: Exchange | null = null;
  try {
    const exchange = toExchange(call, parseBody(await readBytes(call.request, deps)));
    const { actor } = call;
    const targets = planTargets(exchange.facts, actor, deps.router);
    const names = [exchange.facts.model, targets[0]?.fullName ?? exchange.facts.model];
    authorise(actor, names, call.caller);
    const admission = deps.admit(exchange, targets);
    exchange.admission = admission instanceof Promise ? await admission : admission;
    admitted = exchange;
    exchange.hangUp =
      deps.hangUps.policyOf(names, actor.onHangUp) === 'drain'
        ? createDrainingHangUp(call.request.signal, deps.hangUps)
        : new CancelOnHangUp(call.request).watch();
    deps.live.add(exchange);
    const result = await runAttempts(exchange, targets, deps);
    if (result.kind === 'failed') throw result.error;
    const { attempt, answer, body } = result;
    if (body.kind === 'stream') return relayStream({ exchange, attempt, answer, source: body.source }, deps);
    const { content, byteLength, json } = body;
    const answered = { exchange, attempt, answer, content, byteLength, json };
    const written = settleWhole(answered, deps);
    if (written) await written;
    return respondWhole(answered);
  } catch (error) {
    return call.refused(admitted ? await endWithout(admitted, error, deps) : error);
  }
}

/** The request with its body read. Rejects with AppError for what cannot be read. */
export async function readExchange(call: CompletionCall, deps: GatewayDeps): Promise<Exchange> {
  return toExchange(call, parseBody(await readBytes(call.request, deps)));
}

function readBytes(request: Request, deps: GatewayDeps): Promise<Uint8Array> {
  judgeContentType(request);
  return readBody(request, deps.bodyBytesMax, deps.timings.bodyReadMs);
}

function toExchange(call: CompletionCall, body: RequestBody): Exchange {
  const facts = call.endpoint.readRequest(body.json);
  return new Exchange(call, body, facts);
}

/**
 * Ends a request that got no answer; one that was settled on the way stays as it is. Resolves once that is safe, with the error
 * to tell.
 */
async function endWithout(exchange: Exchange, thrown: unknown, deps: GatewayDeps): Promise<AppError> {
  const error = toAppError(thrown);
  try {
    if (!exchange.settled) settleFailure(exchange, error, deps);
    await confirmSettled(exchange, deps);
    return error;
  } catch (ledgerError) {
    return ledgerError instanceof AppError
      ? ledgerError
      : appError('store_unavailable', { cause: ledgerError });
  }
}

function settleFailure(exchange: Exchange, error: AppError, deps: GatewayDeps): void {
  const gone = exchange.request.signal.aborted;
  if (exchange.attempts.length === 0) {
    // Nothing went upstream: as if the request had not been admitted.
    exchange.settled = true;
    deps.live.remove(exchange);
    exchange.hangUp.end();
    exchange.admission?.release();
    return;
  }
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
}
