// The address of an outbound call: provider, operation, model and the caller's query. Pure.
// Never takes a host, a port or a credential from the caller.
import type { Operation, ProviderSpec } from './providers/provider-spec.ts';

/** Addresses that are the same for all calls, by provider: joined anew, each call would pay for a string. */
const fixedUrls = new WeakMap<ProviderSpec, Map<Operation, string>>();

/** Null when the provider does not offer the operation. `query` is the caller's, with or without its `?`. */
export function upstreamUrl(
  spec: ProviderSpec,
  operation: Operation,
  model: string,
  query: string,
): string | null {
  const known = query === '' ? fixedUrls.get(spec)?.get(operation) : undefined;
  if (known !== undefined) return known;
  const path = spec.endpoints[operation];
  if (path === undefined) return null;
  const url = spec.baseUrl + (path.includes('{model}') ? path.replace('{model}', plainModel(model)) : path);
  const rest = query === '' ? '' : withoutKey(query);
  const own = Object.entries(spec.query);
  if (own.length === 0 && rest !== '') return `${url}?${rest}`;
  if (own.length === 0) return path.includes('{model}') ? url : fixed(spec, operation, url);
  const params = new URLSearchParams(rest);
  for (const [name, value] of own) params.set(name, value);
  return `${url}?${params}`;
}

function fixed(spec: ProviderSpec, operation: Operation, url: string): string {
  const urls = fixedUrls.get(spec) ?? new Map<Operation, string>();
  fixedUrls.set(spec, urls.set(operation, url));
  return url;
}

/** A model name as one or more path segments: slashes stay (`tunedModels/x`), dot segments and the rest are encoded. */
function plainModel(model: string): string {
  const parts = model.replace(/^models\//, '').split('/');
  return parts.map((part) => (/^\.*$/.test(part) ? '_' : encodeURIComponent(part))).join('/');
}

/** `?key=` carries a credential in Gemini's protocol: it is the caller's, never the provider's. */
function withoutKey(query: string): string {
  const plain = query.startsWith('?') ? query.slice(1) : query;
  if (!/(^|&)(key|api[-_]?key|access_token)=/i.test(plain)) return plain;
  return plain
    .split('&')
    .filter((part) => !/^(key|api[-_]?key|access_token)=/i.test(part))
    .join('&');
}
