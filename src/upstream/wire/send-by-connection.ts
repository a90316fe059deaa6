// One exchange with a provider over HTTP/1.1 on a kept connection, plain or over TLS: writes the request as text.
// Never carries what would break out of a header line.
import { isIP } from 'node:net';
import { systemClock } from '../../lib/clock.ts';
import { FRAMING_HEADERS, HEADER_VALUE } from '../../lib/header-text.ts';
import type { AnswerListener, Cancellable, OutboundBody, OutboundRequest } from '../send-by-fetch.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { Address } from './dial.ts';
import { Exchange } from './exchange.ts';

const PLAIN = 'http://';
const SECURE = 'https://';
/** URLs whose parts are remembered: nearly all calls go to the few that the configuration names. */
const KNOWN_WAYS_MAX = 256;
const KNOWN_URL_CHARS_MAX = 512;

/** Where a URL leads, and what is asked for there. */
interface Way {
  readonly address: Address;
  /** As the request line has it. */
  readonly target: string;
}

const ways = new Map<string, Way>();
let pool: ConnectionPool | null = null;

/** Null for what must go another way: https at a bare address, and what is no plain host and port. */
export function sendByConnection(request: OutboundRequest, listener: AnswerListener): Cancellable | null {
  const way = wayOf(request.url, request.serverName);
  if (!way) return null;
  pool ??= new ConnectionPool(systemClock);
  const body = request.body ?? '';
  const bodyBytes = bytesIn(body);
  const exchange = new Exchange({ head: headOf(request, way, bodyBytes), body, bodyBytes }, listener);
  pool.send(way.address, exchange);
  return exchange;
}

/** Connections to providers that are open, for the metrics. */
export function openConnections(): number {
  return pool?.openCount ?? 0;
}

function wayOf(url: string, serverName: string | null): Way | null {
  // One address may be pinned for several names.
  const word = serverName === null ? url : `${serverName} ${url}`;
  const known = ways.get(word);
  if (known) return known;
  const scheme = url.startsWith(PLAIN) ? PLAIN : SECURE;
  if (!url.startsWith(scheme)) return null;
  const slash = url.indexOf('/', scheme.length);
  const authority = slash < 0 ? url.slice(scheme.length) : url.slice(scheme.length, slash);
  const address = addressOf(scheme, authority, serverName);
  if (!address) return null;
  const way = { address, target: plainTarget(slash < 0 ? '/' : url.slice(slash)) };
  if (ways.size < KNOWN_WAYS_MAX && word.length <= KNOWN_URL_CHARS_MAX) ways.set(word, way);
  return way;
}

function addressOf(scheme: string, authority: string, serverName: string | null): Address | null {
  const url = URL.parse(`${scheme}${authority}/`);
  if (!url?.hostname || url.username !== '' || url.password !== '') return null;
  // In the form that names travel in: without the scheme's own port, and should it be written in another script.
  const { host } = url;
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  if (scheme === PLAIN) return { key: host, host, hostname, port: Number(url.port || 80), serverName: null };
  const name = serverName ?? hostname;
  // A certificate for a bare address is the runtime's to judge.
  if (isIP(name) !== 0) return null;
  return { key: `${name} ${host}`, host, hostname, port: Number(url.port || 443), serverName: name };
}

function bytesIn(body: OutboundBody): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body.reduce((sum, part) => sum + part.length, 0);
}

/** RFC 9112, section 3: the request line, the headers, an empty line. */
function headOf(
  { method, host, headers, body }: OutboundRequest,
  { address, target }: Way,
  bodyBytes: number,
): string {
  let named = host ?? address.host;
  let lines = '';
  let accepts = false;
  headers.forEach((value, name) => {
    if (!HEADER_VALUE.test(value) || FRAMING_HEADERS.has(name)) return;
    if (name === 'host') {
      named = host ?? value;
      return;
    }
    lines += `${name}: ${value}\r\n`;
    accepts ||= name === 'accept';
  });
  if (!accepts) lines += 'accept: */*\r\n';
  if (body !== null) lines += `content-length: ${bodyBytes}\r\n`;
  return `${method} ${target} HTTP/1.1\r\nhost: ${named}\r\n${lines}\r\n`;
}

/** Callers' query strings come as they were sent: a character that ends a request line is encoded away. */
function plainTarget(target: string): string {
  if (isPlain(target)) return target;
  const url = URL.parse(target, 'http://host');
  return url ? url.pathname + url.search : '/';
}

function isPlain(text: string): boolean {
  return /^[\x21-\x7e]*$/.test(text);
}
