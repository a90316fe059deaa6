// Which headers of a provider's answer reach the caller: a short list of useful ones, never cookies, server names,
// hop-by-hop headers or anything that could echo a credential.

const PASSED = [
  'content-type',
  'cache-control',
  'openai-processing-ms',
  'openai-version',
  'openai-model',
] as const;
const PROVIDER_REQUEST_IDS = ['x-request-id', 'request-id'] as const;

/** Headers of the answer to the caller; the provider's own request id moves to `x-provider-request-id`. */
export function answerHeaders(upstream: Headers, requestId: string): Record<string, string> {
  const headers: Record<string, string> = { 'x-request-id': requestId };
  for (const name of PASSED) {
    const value = upstream.get(name);
    if (value !== null) headers[name] = value;
  }
  for (const name of PROVIDER_REQUEST_IDS) {
    const value = upstream.get(name);
    if (value !== null) headers['x-provider-request-id'] = value.slice(0, 128);
  }
  return headers;
}
