// One exchange with a provider that speaks plain HTTP/1.1, on a kept connection: writes the request as text.
// Never carries what would break out of a header line.
import { systemClock } from '../../lib/clock.ts';
import type { AnswerListener, Cancellable, OutboundRequest } from '../send-by-fetch.ts';
import { type Address, ConnectionPool } from './connection-pool.ts';

const SCHEME = 'http://';
/** Addresses whose parts are remembered; they come from the configuration, so there are few. */
const KNOWN_ADDRESSES_MAX = 256;

const addresses = new Map<string, Address>();
let pool: ConnectionPool | null = null;

/** Null for what must go another way: https, and addresses that are no plain host and port. */
export function sendPlain(request: OutboundRequest, listener: AnswerListener): Cancellable | null {
  const { url } = request;
  if (!url.startsWith(SCHEME)) return null;
  const slash = url.indexOf('/', SCHEME.length);
  const authority = slash < 0 ? url.slice(SCHEME.length) : url.slice(SCHEME.length, slash);
  const address = addressOf(authority);
  if (!address) return null;
  pool ??= new ConnectionPool(systemClock);
  return pool.send(address, messageOf(request, slash < 0 ? '/' : url.slice(slash), authority), listener);
}

/** Connections to providers that are open, for the metrics. */
export function openConnections(): number {
  return pool?.openCount ?? 0;
}

function addressOf(authority: string): Address | null {
  const known = addresses.get(authority);
  if (known) return known;
  const url = URL.parse(`${SCHEME}${authority}/`);
  if (!url?.hostname || url.username !== '' || url.password !== '') return null;
  const address = {
    key: authority,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 80),
  };
  if (addresses.size < KNOWN_ADDRESSES_MAX) addresses.set(authority, address);
  return address;
}

/** RFC 9112, section 3: the request line, the headers, an empty line, the body. */
function messageOf(request: OutboundRequest, target: string, authority: string): string {
  const { method, headers, body } = request;
  let head = `${method} ${plainTarget(target)} HTTP/1.1\r\nhost: ${headers.host ?? authority}\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (name !== 'host' && isPlain(value)) head += `${name}: ${value}\r\n`;
  }
  if (headers.accept === undefined) head += 'accept: */*\r\n';
  if (body === null) return `${head}\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Callers' query strings come as they were sent: a character that ends a request line is encoded away. */
function plainTarget(target: string): string {
  if (!/[^\x21-\x7e]/.test(target)) return target;
  const url = URL.parse(target, 'http://host');
  return url ? url.pathname + url.search : '/';
}

/** A line break in a value would begin a header of its own. */
function isPlain(value: string): boolean {
  return !value.includes('\n') && !value.includes('\r') && !value.includes('\0');
}
