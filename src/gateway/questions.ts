// Questions that call no model: what a call would cost, how many tokens a text has, where prices come from.
//
//   POST /v1/cost-estimate    POST /v1/token-count    GET /v1/model-info/stats
import type { Actor } from '../core/actor.ts';
import { NANO_USD_PER_USD, type Price, priceUsage } from '../core/price.ts';
import { NO_USAGE, readCount } from '../core/token-usage.ts';
import { appError } from '../errors/app-error.ts';
import { BUNDLED_EDITION } from '../ledger/prices/bundled-prices.ts';
import type { PriceBook } from '../ledger/prices/price-book.ts';
import type { TokenCounter } from '../ledger/token-counter.ts';
import { asArray, asObject, asString, type Json, type JsonObject } from '../lib/json.ts';
import type { Router } from '../upstream/create-router.ts';
import { authorise, type Caller } from './authorise.ts';
import { readJsonRequest } from './read-request.ts';

export interface QuestionDeps {
  readonly prices: PriceBook;
  readonly router: Pick<Router, 'routesOf'>;
  readonly tokenCounter: TokenCounter;
  readonly bodyBytesMax: number;
  readonly timings: { readonly bodyReadMs: number };
}

export interface Question {
  readonly request: Request;
  readonly actor: Actor;
  readonly caller: Caller;
}

export interface QuestionRoute {
  readonly method: 'GET' | 'POST';
  readonly answer: (question: Question, deps: QuestionDeps) => Promise<JsonObject>;
}

/** Frames around a message and before the answer, as OpenAI counts chat prompts. */
const TOKENS_PER_MESSAGE = 3;
const TOKENS_BEFORE_ANSWER = 3;
/** Nesting of content beyond which nothing is counted. */
const CONTENT_DEPTH_MAX = 16;

export const QUESTIONS: ReadonlyMap<string, QuestionRoute> = new Map<string, QuestionRoute>([
  ['/v1/cost-estimate', { method: 'POST', answer: estimateCost }],
  ['/v1/token-count', { method: 'POST', answer: countTokens }],
  ['/v1/model-info/stats', { method: 'GET', answer: async (_question, deps) => modelInfoStats(deps) }],
]);

/** `prompt_tokens` is everything that is read, cached tokens included, so that nothing is charged twice. */
async function estimateCost(question: Question, deps: QuestionDeps): Promise<JsonObject> {
  const body = await readBody(question, deps);
  const model = readModel(body);
  const target = deps.router.routesOf(model)[0];
  authorise(question.actor, [model, target?.fullName ?? model], question.caller);
  const cachedTokens = countIn(body, 'cache_read_tokens');
  const cacheWrite5mTokens = countIn(body, 'cache_creation_tokens');
  const usage = {
    ...NO_USAGE,
    promptTokens: Math.max(countIn(body, 'prompt_tokens'), cachedTokens + cacheWrite5mTokens),
    completionTokens: countIn(body, 'completion_tokens'),
    cachedTokens,
    cacheWrite5mTokens,
  };
  const price = target ? deps.prices.find({ provider: target.spec.name, model: target.model }) : null;
  const nanoUsd = price ? priceUsage(price, usage) : null;
  return {
    model,
    cost: nanoUsd === null ? null : nanoUsd / NANO_USD_PER_USD,
    currency: 'USD',
    pricing: price ? pricingOf(price) : null,
    source: price?.version ?? 'unknown',
    ...(nanoUsd === null && { error: `No price is known for '${model}' here.` }),
  };
}

/** Dollars per token at the lowest tier, under the predecessor's names. */
function pricingOf(price: Price): JsonObject {
  const { rates } = price.tiers[0];
  const perToken = (rate: number | null) => (rate === null ? null : rate / NANO_USD_PER_USD / 1e6);
  return {
    input_cost_per_token: perToken(rates.input),
    output_cost_per_token: perToken(rates.output),
    cache_read_input_token_cost: perToken(rates.cached),
    cache_creation_input_token_cost: perToken(rates.cacheWrite5m),
  };
}

async function countTokens(question: Question, deps: QuestionDeps): Promise<JsonObject> {
  const body = await readBody(question, deps);
  readModel(body);
  const messages = asArray(body.messages);
  const text = asString(body.text);
  if (!messages && text === null)
    throw appError('invalid_request', { params: { detail: "'messages' is required." }, param: 'messages' });
  const texts = text === null ? [] : [text];
  for (const message of messages ?? []) collectText(message, texts, 0);
  const frame = messages ? messages.length * TOKENS_PER_MESSAGE + TOKENS_BEFORE_ANSWER : 0;
  const counted = await deps.tokenCounter.count(texts);
  return { token_count: counted.tokens + frame, method: counted.method, estimated: true };
}

/** Every text in a message but the names of its parts and the bytes of its media. */
function collectText(value: Json | undefined, texts: string[], depth: number): void {
  if (depth > CONTENT_DEPTH_MAX) return;
  if (typeof value === 'string') texts.push(value);
  else if (Array.isArray(value)) for (const item of value) collectText(item, texts, depth + 1);
  const object = asObject(value);
  if (!object) return;
  for (const [name, item] of Object.entries(object)) {
    if (!NO_TEXT.has(name)) collectText(item, texts, depth + 1);
  }
}

const NO_TEXT = new Set([
  'type',
  'id',
  'url',
  'image_url',
  'data',
  'source',
  'input_audio',
  'file',
  'signature',
]);

/** What is true of a house whose prices are bundled: there is nothing to refresh and nothing to wait for. */
function modelInfoStats({ prices }: QuestionDeps): JsonObject {
  const { entries, overrides } = prices.stats();
  return {
    ready: true,
    last_refresh: null,
    refresh_interval: null,
    openrouter_count: null,
    modelsdev_count: null,
    cached_lookups: entries,
    index_entries: entries,
    price_overrides: overrides,
    source: `genai-prices ${BUNDLED_EDITION}`,
  };
}

async function readBody({ request }: Question, deps: QuestionDeps): Promise<JsonObject> {
  const limits = { bytesMax: deps.bodyBytesMax, timeoutMs: deps.timings.bodyReadMs };
  return (await readJsonRequest(request, limits)).json;
}

function readModel(body: JsonObject): string {
  const model = asString(body.model);
  if (model) return model;
  throw appError('invalid_request', { params: { detail: "'model' is required." }, param: 'model' });
}

function countIn(body: JsonObject, name: string): number {
  const value = body[name];
  const count = value === undefined ? 0 : typeof value === 'number' ? readCount(value) : null;
  if (count !== null && Number.isInteger(value ?? 0)) return count;
  throw appError('invalid_request', {
    params: { detail: `'${name}' must be a whole number of at least 0.` },
    param: name,
  });
}
