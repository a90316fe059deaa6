// Door 1, the data plane: routes of /v1. Routing, rights and error shapes are decided on one canonical path.
//
//   POST /v1/chat/completions    POST /v1/embeddings
//   POST /v1/messages            POST /v1/messages/count_tokens
//   POST /{v1,v1beta}/models/{model}:generateContent and :streamGenerateContent
//   GET  /v1/models              GET  /v1/models/{provider/model}    GET /v1/usage/me
//   GET  /v1/providers           GET and POST /v1/quota-stats (admins)
//   and the questions of questions.ts
import type { Actor } from '../core/actor.ts';
import type { ErrorShape } from '../core/wire.ts';
import { type AppError, appError, toAppError } from '../errors/app-error.ts';
import type { CanonicalTarget } from '../http/canonical-path.ts';
import type { JsonObject } from '../lib/json.ts';
import { authoriseAddress, type Caller } from './authorise.ts';
import type { GatewayDeps } from './deps.ts';
import { CHAT, EMBEDDINGS, type Endpoint, MESSAGES } from './endpoint.ts';
import { errorResponse } from './error-response.ts';
import { type Identity, identify } from './exchange.ts';
import { generateEndpoint } from './generate-endpoint.ts';
import { handleCompletion } from './handle-completion.ts';
import { handleCountTokens } from './handle-count-tokens.ts';
import { findModel, listModels, type ModelCatalogue } from './models.ts';
import { QUESTIONS } from './questions.ts';
import { listProviders, readQuotaStats, refreshQuotaStats } from './quota-stats.ts';
import { readJsonRequest } from './read-request.ts';
import { usageOfActor } from './usage-me.ts';

export interface GatewayCall extends Caller {
  readonly request: Request;
  readonly target: CanonicalTarget;
  /** Lets the connection be silent for as long as our own timers allow. */
  readonly keepOpen: () => void;
}

export interface Gateway {
  readonly handle: (call: GatewayCall) => Response | Promise<Response>;
}

const COMPLETIONS: ReadonlyMap<string, Endpoint> = new Map([
  ['/v1/chat/completions', CHAT],
  ['/v1/embeddings', EMBEDDINGS],
  ['/v1/messages', MESSAGES],
]);

const MODELS_PATH = '/v1/models';
const COUNT_TOKENS_PATH = '/v1/messages/count_tokens';
const USAGE_PATH = '/v1/usage/me';
const PROVIDERS_PATH = '/v1/providers';
const QUOTA_PATH = '/v1/quota-stats';
/** An order to refresh is a few words. */
const ORDER_BYTES_MAX = 16 * 1024;

type GatewayParts = GatewayDeps & { readonly catalogue: ModelCatalogue };

export function createGateway(deps: GatewayParts): Gateway {
  function route(call: GatewayCall, identity: Identity): Promise<Response> {
    const { request, target } = call;
    if (deps.closing()) throw appError('shutting_down', { retryAfterMs: 5_000 });
    if (request.headers.get('upgrade')?.toLowerCase() === 'websocket') throw appError('upgrade_required');
    if (target.query !== '' && /[?&](key|api_key|api-key|access_token)=/i.test(target.query))
      throw appError('key_in_url');
    // Authentication first, so that strangers learn nothing from what comes after it.
    const actor = deps.authenticate(request.headers);
    const { path, query } = target;
    const counts = path === COUNT_TOKENS_PATH;
    const endpoint = counts ? MESSAGES : (COMPLETIONS.get(path) ?? generateEndpoint(path));
    const refused = (thrown: unknown) => refuse(thrown, call, identity);
    if (!endpoint) return answerQuestion(call, { actor, identity, deps }).catch(refused);
    allow(request, 'POST');
    call.keepOpen();
    const completion = { request, identity, endpoint, actor, query, caller: call, refused };
    return counts ? handleCountTokens(completion, deps).catch(refused) : handleCompletion(completion, deps);
  }

  function refuse(thrown: unknown, call: GatewayCall, identity: Identity): Response {
    const error = toAppError(thrown);
    logFailure(deps, error, identity);
    return errorResponse(error, shapeOf(call), identity.requestId);
  }

  return {
    handle: (call) => {
      const identity = identify(call.request, deps);
      try {
        return route(call, identity);
      } catch (thrown) {
        return refuse(thrown, call, identity);
      }
    },
  };
}

interface Asked {
  readonly actor: Actor;
  readonly identity: Identity;
  readonly deps: GatewayParts;
}

/** What calls no model. */
async function answerQuestion(call: GatewayCall, asked: Asked): Promise<Response> {
  const { request, target } = call;
  const { actor, identity, deps } = asked;
  const isModels = target.path === MODELS_PATH || target.path.startsWith(`${MODELS_PATH}/`);
  const question = QUESTIONS.get(target.path);
  if (question) {
    allow(request, question.method);
    authoriseAddress(actor, call);
    return jsonResponse(await question.answer({ request, actor, caller: call }, deps), identity);
  }
  if (target.path === PROVIDERS_PATH || target.path === QUOTA_PATH) {
    authoriseAddress(actor, call);
    return quotaRoute(call, asked);
  }
  if (!isModels && target.path !== USAGE_PATH) {
    throw appError('not_found', { params: { method: request.method, path: target.path.slice(0, 200) } });
  }
  allow(request, 'GET');
  authoriseAddress(actor, call);
  if (target.path === USAGE_PATH)
    return jsonResponse(await usageOfActor(actor, target.query, deps), identity);
  const id = decodeURIComponent(target.path.slice(MODELS_PATH.length + 1));
  await deps.catalogue.ready();
  return jsonResponse(
    id === '' ? listModels(actor, deps.catalogue) : findModel(actor, id, deps.catalogue),
    identity,
  );
}

async function quotaRoute({ request, target }: GatewayCall, of: Asked): Promise<Response> {
  const { actor, identity, deps } = of;
  if (target.path === PROVIDERS_PATH) {
    allow(request, 'GET');
    return jsonResponse(listProviders(deps.pool), identity);
  }
  if (request.method !== 'POST') {
    allow(request, 'GET');
    return jsonResponse(readQuotaStats(actor, target.query, deps), identity);
  }
  const limits = { bytesMax: ORDER_BYTES_MAX, timeoutMs: deps.timings.bodyReadMs };
  const { json } = await readJsonRequest(request, limits);
  return jsonResponse(await refreshQuotaStats(actor, json, deps), identity);
}

function allow(request: Request, method: 'GET' | 'POST'): void {
  if (request.method === method || (method === 'GET' && request.method === 'HEAD')) return;
  throw appError('method_not_allowed', {
    params: { method: request.method, allowed: method },
    headers: { allow: method },
  });
}

/** The error shape follows the path; on shared paths the caller's own headers tell its family. */
function shapeOf({ request, target }: GatewayCall): ErrorShape {
  if (target.path.startsWith('/v1/messages')) return 'anthropic';
  if (target.path.startsWith('/v1beta/') || /:(stream)?[gG]enerateContent$/.test(target.path))
    return 'gemini';
  if (target.path.startsWith(MODELS_PATH) && request.headers.has('anthropic-version')) return 'anthropic';
  return 'openai';
}

function jsonResponse(body: JsonObject | readonly string[], identity: Identity): Response {
  return new Response(JSON.stringify(body), {
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-request-id': identity.requestId,
    },
  });
}

function logFailure(deps: GatewayDeps, error: AppError, { requestId }: Identity): void {
  if (error.code !== 'internal') return;
  deps.log.error({ requestId, detail: error.options.internal }, 'a request failed unexpectedly');
}
