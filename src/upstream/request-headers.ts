// Which of a caller's headers travel on to a provider, and which are Tollgate's own (wire facts F3 to F5, F22).
// Never lets a credential, a cookie, an address or a hop-by-hop header through.
import type { AuthStyle, Credential, ProviderSpec } from './providers/provider-spec.ts';

export const USER_AGENT = 'tollgate/0.1';

/** RFC 9110 7.6.1 and friends, what fetch sets itself, and what names the caller rather than the request. */
const STOPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'content-length',
  'content-encoding',
  'accept-encoding',
  'user-agent',
  'forwarded',
  'via',
  'origin',
  'referer',
  'dnt',
  'priority',
  'cdn-loop',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'fastly-client-ip',
  'x-request-id',
  'idempotency-key',
  // They name an account that the provider's key does not belong to: the answer would be a 401 for a good key.
  'openai-organization',
  'openai-project',
  'chatgpt-account-id',
  // Google bills another project when this one is named.
  'x-goog-user-project',
]);
const STOPPED_PATTERN =
  /^(x-forwarded|sec-|cf-|proxy-|x-envoy-|x-amzn-|x-tollgate|fly-|x-csrf|if-)|(^|[-_])(authori[sz]ation|auth|cookie2?|secret|passw(or)?d|token|api[-_]?key|apikey|credentials?)($|[-_])/;
/** Verdict per header name; names come from callers, so the map is bounded. */
const verdicts = new Map<string, boolean>();
const VERDICTS_MAX = 512;

export interface HeaderSource {
  readonly forEach: (visit: VisitHeader) => void;
  readonly get: (name: string) => string | null;
}

export interface HeaderParts {
  readonly spec: ProviderSpec;
  readonly credential: Credential;
  /** The caller's, unfiltered; null for calls that Tollgate makes itself. */
  readonly headers: HeaderSource | null;
  readonly extraHeaders?: Readonly<Record<string, string>>;
}

/** In the order and form of `Headers.forEach`. */
export type VisitHeader = (value: string, name: string) => void;

/**
 * The headers of an outbound call, visited without being put into a record first: a request writes them out once.
 * `extraHeaders` overrides what the caller sent, which overrides the provider's own; our own name and auth override all.
 */
export class CallHeaders {
  readonly #call: HeaderParts;

  constructor(call: HeaderParts) {
    this.#call = call;
  }

  forEach(visit: VisitHeader): void {
    const { spec, credential, headers: inbound, extraHeaders: extra = NONE } = this.#call;
    const fixed = authHeader(spec.auth);
    const listed = inbound ? listedInConnection(inbound) : null;
    inbound?.forEach((value, name) => {
      if (travels(name, listed) && !Object.hasOwn(extra, name)) visit(value, name);
    });
    for (const name in extra) if (!isOurs(name, fixed)) visit(extra[name] ?? '', name);
    for (const name in spec.headers) {
      const isGiven =
        Object.hasOwn(extra, name) || (travels(name, listed) && (inbound?.get(name) ?? null) !== null);
      if (!isGiven && !isOurs(name, fixed)) visit(spec.headers[name] ?? '', name);
    }
    visit(USER_AGENT, 'user-agent');
    visit('identity', 'accept-encoding');
    if (fixed) visit(fixed === 'authorization' ? `Bearer ${credential.secret}` : credential.secret, fixed);
  }
}

const NONE: Readonly<Record<string, string>> = {};

/** The header that carries the credential, null where none does. */
function authHeader(auth: AuthStyle): string | null {
  if (auth === 'none') return null;
  return auth === 'bearer' ? 'authorization' : auth;
}

function isOurs(name: string, fixed: string | null): boolean {
  return name === 'user-agent' || name === 'accept-encoding' || name === fixed;
}

/** Headers that the caller names as hop-by-hop. */
function listedInConnection(inbound: HeaderSource): readonly string[] | null {
  const named = inbound.get('connection');
  return named === null || named === 'keep-alive' ? null : named.toLowerCase().split(/\s*,\s*/);
}

function travels(name: string, listed: readonly string[] | null): boolean {
  return mayTravel(name) && !listed?.includes(name);
}

export function mayTravel(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const verdict = !STOPPED.has(lower) && !STOPPED_PATTERN.test(lower);
  if (verdicts.size < VERDICTS_MAX) verdicts.set(name, verdict);
  return verdict;
}
