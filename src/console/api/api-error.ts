// The one shape of an error on the JSON API: the predecessor's `detail`, and beside it our code and the request id.
import type { z } from 'zod';
import type { AppError } from '../../errors/app-error.ts';

/** A body, query or path that does not fit its schema. Kept apart from AppError: `detail` is a list here, as it was. */
export class ValidationFault extends Error {
  override readonly name = 'ValidationFault';
  readonly issues: readonly FieldIssue[];

  constructor(issues: readonly FieldIssue[]) {
    super('the request does not fit the schema');
    this.issues = issues;
  }
}

/** Like FastAPI's, without its `input`: what was typed may be a password. */
export interface FieldIssue {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
}

export function toIssues(place: 'body' | 'query' | 'path', error: z.ZodError): FieldIssue[] {
  return error.issues.map((issue) => ({
    type: issue.code,
    loc: [place, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))],
    msg: issue.message,
  }));
}

export function encodeApiError(error: AppError, requestId: string): Response {
  const headers = new Headers({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  for (const [name, value] of Object.entries(error.options.headers ?? {})) headers.set(name, value);
  const { retryAfterMs, param } = error.options;
  if (retryAfterMs !== undefined)
    headers.set('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
  if (error.status === 401) headers.set('www-authenticate', 'Bearer');
  const body = {
    detail: error.message,
    code: error.code,
    request_id: requestId,
    ...(param ? { param } : {}),
  };
  return new Response(JSON.stringify(body), { status: error.status, headers });
}

export function encodeValidationFault(fault: ValidationFault, requestId: string): Response {
  const body = { detail: fault.issues, code: 'validation_failed', request_id: requestId };
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return new Response(JSON.stringify(body), { status: 422, headers });
}
