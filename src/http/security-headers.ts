// Headers that every answer of the control plane carries unless it brought its own: for JSON and files the strictest.

const STRICTEST: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};
/** A year, the time that browsers' lists ask for. */
const HSTS = 'max-age=31536000';

/** `tls`: people reach this server by https, so browsers may be told never to use anything else. */
export function harden(response: Response, tls: boolean): Response {
  for (const [name, value] of Object.entries(STRICTEST)) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  if (tls) response.headers.set('strict-transport-security', HSTS);
  return response;
}
