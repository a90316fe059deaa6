// Which headers an answer carries to the caller: a short list of the provider's useful ones, never cookies, server names,
// hop-by-hop headers or anything that could echo a credential; and what Tollgate has to say itself.
import type { Answered } from './end-answer.ts';

const PASSED = [
  'content-type',
  'cache-control',
  'openai-processing-ms',
  'openai-version',
  'openai-model',
] as const;
const PROVIDER_REQUEST_IDS = ['x-request-id', 'request-id'] as const;

/** The provider's own request id moves to `x-provider-request-id`. */
export function answerHeaders({ exchange, answer, attempt }: Answered): Record<string, string> {
  const { requestId, endpoint } = exchange;
  const headers: Record<string, string> = { 'x-request-id': requestId };
  for (const name of PASSED) {
    const value = answer.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  for (const name of PROVIDER_REQUEST_IDS) {
    const value = answer.headers.get(name);
    if (value !== null) headers['x-provider-request-id'] = value.slice(0, 128);
  }
  // Anthropic's clients look for the id under its other name.
  if (endpoint.errorShape === 'anthropic') headers['request-id'] = requestId;
  if (attempt.prepared.leftOut.length > 0)
    headers['x-tollgate-left-out'] = attempt.prepared.leftOut.join(', ').slice(0, 1024);
  return headers;
}
