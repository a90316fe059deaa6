// Turns the caller's request into what one target understands: the same bytes where both speak the same wire,
// a translation where they do not.
import type { Dialect } from '../core/wire.ts';
import { appError } from '../errors/app-error.ts';
import type { JsonObject } from '../lib/json.ts';
import { splice, spliceBytes } from '../lib/json-spans.ts';
import { editsOf, outlineOf } from '../protocol/openai-chat/rewrite-body.ts';
import { sameFamilyBody } from '../protocol/translate/same-family-body.ts';
import type { Translator } from '../protocol/translate/translator.ts';
import { translatorFor } from '../protocol/translate/translators.ts';
import type { Operation } from '../upstream/providers/provider-spec.ts';
import type { OutboundBody } from '../upstream/send-by-fetch.ts';
import type { Exchange, RequestBody } from './exchange.ts';
import type { Target } from './plan.ts';
import { dialectOf, WIRES, type Wire } from './wire.ts';

export interface PreparedCall {
  readonly operation: Operation;
  readonly dialect: Dialect;
  /** Reads the provider's answers. */
  readonly wire: Wire;
  readonly query: string;
  /** Headers that override the caller's. */
  readonly headers: Readonly<Record<string, string>>;
  /** True when usage was asked for on behalf of a caller who did not, and must be withheld again. */
  readonly usageInjected: boolean;
  /** Null where caller and provider speak the same wire. */
  readonly translator: Translator | null;
  /** Advisory fields of the caller's that this target does not know; told in a header. */
  readonly leftOut: readonly string[];
}

/** A call and what it sends, which nobody needs once the answer has begun. */
export interface PreparedRequest {
  readonly call: PreparedCall;
  readonly body: OutboundBody;
}

/** Throws AppError `unsupported_feature` when the target cannot carry the request. */
export function prepareCall(
  exchange: Exchange,
  target: Target,
  temperature: TemperaturePolicy,
): PreparedRequest {
  const { endpoint, facts } = exchange;
  const asked = target.options ? withOptions(exchange, target.options) : exchange;
  const dialect = dialectOf(target.spec.protocol, endpoint.dialect);
  const wire = WIRES[dialect];
  const operation = facts.stream ? wire.streamOperation : wire.operation;
  const translator = dialect === endpoint.dialect ? null : translatorFor(endpoint.dialect, dialect);
  if ((dialect !== endpoint.dialect && !translator) || target.spec.endpoints[operation] === undefined) {
    throw appError('unsupported_feature', {
      params: { feature: endpoint.name, target: target.fullName },
      param: 'model',
    });
  }
  return translator
    ? translated({ exchange: asked, target, translator }, operation, dialect)
    : unchanged({ exchange: asked, target, temperature }, operation, dialect);
}

/** What the operator adds to requests for this model: the caller's own words win, but for `reasoning_effort`. */
function withOptions(exchange: Exchange, options: JsonObject): Asked {
  const json: JsonObject = { ...options, ...exchange.body.json };
  if (options.reasoning_effort !== undefined) json.reasoning_effort = options.reasoning_effort;
  const { endpoint, facts, query } = exchange;
  const text = JSON.stringify(json);
  return { endpoint, facts, query, body: { json, text, bytes: null, outline: outlineOf(text) } };
}

export type TemperaturePolicy = 'keep' | 'remove' | 'set';

type Asked = Pick<Exchange, 'endpoint' | 'facts' | 'query'> & {
  readonly body: Pick<RequestBody, 'text' | 'bytes' | 'json' | 'outline'>;
};

/** Bodies above this go out as the bytes they came in. */
const TEXT_BYTES_MAX = 64 * 1024;

const NO_HEADERS: Readonly<Record<string, string>> = {};
const JSON_HEADERS: Readonly<Record<string, string>> = { 'content-type': 'application/json' };
const NOTHING_LEFT_OUT: readonly string[] = [];

function unchanged(
  of: { readonly exchange: Asked; readonly target: Target; readonly temperature: TemperaturePolicy },
  operation: Operation,
  dialect: Dialect,
): PreparedRequest {
  const { exchange, target, temperature } = of;
  const { endpoint, facts, body } = exchange;
  const usageInjected = facts.stream && !facts.includeUsageAsked && target.spec.includeUsage;
  const own = sameFamilyBody(body, endpoint.dialect, target.spec.name);
  const outline = own === body.text ? body.outline : outlineOf(own);
  const edits = editsOf(own, outline, {
    model: target.model === facts.model ? null : target.model,
    includeUsage: usageInjected,
    temperatureZero: endpoint.dialect === 'openai-chat' ? temperature : 'keep',
  });
  const call: PreparedCall = {
    operation,
    dialect,
    wire: WIRES[dialect],
    query: exchange.query,
    headers: NO_HEADERS,
    usageInjected,
    translator: null,
    leftOut: NOTHING_LEFT_OUT,
  };
  // A long text is not copied to be changed in two places.
  const { bytes } = body;
  const inParts = bytes !== null && bytes.length > TEXT_BYTES_MAX && own === body.text;
  return { call, body: inParts ? spliceBytes(bytes, own, edits) : splice(own, edits) };
}

/** The caller's query belongs to the caller's wire; Gemini streams as events only when it is asked to. */
function translated(
  of: { readonly exchange: Asked; readonly target: Target; readonly translator: Translator },
  operation: Operation,
  dialect: Dialect,
): PreparedRequest {
  const { exchange, target, translator } = of;
  const request = translator.request(exchange.body.json, {
    model: target.model,
    provider: target.spec.name,
    includeUsage: target.spec.includeUsage,
  });
  const call: PreparedCall = {
    operation,
    dialect,
    wire: WIRES[dialect],
    query: translator.provider === 'gemini' && exchange.facts.stream ? '?alt=sse' : '',
    headers: JSON_HEADERS,
    usageInjected: false,
    translator,
    leftOut: request.leftOut,
  };
  return { call, body: JSON.stringify(request.body) };
}
