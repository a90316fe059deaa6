// The id under which a request is spoken of. The caller's own is taken only when it is short and plain, so that it can
// neither forge a log line nor fill a column.

const PLAIN = /^[A-Za-z0-9._:-]{1,64}$/;

/** The caller's `x-request-id` or `request-id` when plain, else `fallback`. */
export function readRequestId(headers: Headers, fallback: string): string {
  const given = headers.get('x-request-id') ?? headers.get('request-id');
  return given !== null && PLAIN.test(given) ? given : fallback;
}
