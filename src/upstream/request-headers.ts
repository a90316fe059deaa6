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
  readonly forEach: (visit: (value: string, name: string) => void) => void;
  readonly get: (name: string) => string | null;
}

export interface HeaderParts {
  readonly spec: ProviderSpec;
  readonly credential: Credential;
  /** The caller's, unfiltered; null for calls that Tollgate makes itself. */
  readonly headers: HeaderSource | null;
  readonly extraHeaders?: Readonly<Record<string, string>>;
}

/** The headers of the outbound call. `extraHeaders` overrides what the caller sent and is overridden by auth alone. */
export function buildRequestHeaders(call: HeaderParts): Record<string, string> {
  const { spec, credential, headers: inbound, extraHeaders: extra } = call;
  const headers: Record<string, string> = {};
  for (const name in spec.headers) headers[name] = spec.headers[name] ?? '';
  if (inbound) {
    const named = inbound.get('connection');
    const listed = named === null ? null : named.toLowerCase().split(/\s*,\s*/);
    inbound.forEach((value, name) => {
      if (mayTravel(name) && !listed?.includes(name)) headers[name] = value;
    });
  }
  for (const name in extra) headers[name] = extra[name] ?? '';
  headers['user-agent'] = USER_AGENT;
  headers['accept-encoding'] = 'identity';
  injectAuth(headers, spec.auth, credential.secret);
  return headers;
}

export function mayTravel(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const verdict = !STOPPED.has(lower) && !STOPPED_PATTERN.test(lower);
  if (verdicts.size < VERDICTS_MAX) verdicts.set(name, verdict);
  return verdict;
}

function injectAuth(headers: Record<string, string>, auth: AuthStyle, secret: string): void {
  if (auth === 'none') return;
  if (auth === 'bearer') headers.authorization = `Bearer ${secret}`;
  else headers[auth] = secret;
}
