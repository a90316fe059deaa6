// Puts the doors on one Bun server: which path goes to which plane, probes, and what is refused before any of them.
// No environment and no clock of its own; everything is handed in.
import type { Server } from 'bun';
import { appError } from './errors/app-error.ts';
import type { Gateway, GatewayCall } from './gateway/create-gateway.ts';
import { errorResponse } from './gateway/error-response.ts';
import { type CanonicalTarget, canonicalTarget } from './http/canonical-path.ts';
import { clientAddress, type ProxyTrust } from './http/client-address.ts';
import type { Cors } from './http/cors.ts';
import { readRequestId } from './http/request-id.ts';
import { harden } from './http/security-headers.ts';
import { newId } from './lib/id.ts';

/** The control plane's door: pages and JSON API. */
export interface ConsoleDoor {
  /** `path` is the canonical one, on which routes and rights are decided. */
  readonly handle: (
    request: Request,
    caller: { readonly address: string; readonly path: string },
  ) => Response | Promise<Response>;
}

export interface Readiness {
  /** Null when requests can be served, else the reason. */
  readonly problem: () => string | null;
}

export interface AppParts {
  readonly gateway: Gateway;
  readonly console: ConsoleDoor | null;
  readonly readiness: Readiness;
  readonly proxies: ProxyTrust;
  /** Null while no other origin may call: nothing is spent on it then. */
  readonly cors: Cors | null;
  /** True when people reach this server by https (PUBLIC_URL says so). */
  readonly tls: boolean;
  /** Text for Prometheus, or null when this caller may not read it. */
  readonly metrics: (request: Request, address: string) => Promise<string | null>;
}

export interface App {
  readonly fetch: (request: Request, server: Server<undefined>) => Response | Promise<Response>;
}

export function buildApp(parts: AppParts): App {
  const answer = (request: Request, server: Server<undefined>): Response | Promise<Response> => {
    const refusal = refuseForm(request);
    if (refusal) return refusal;
    const target = canonicalTarget(request.url);
    if (!target) return plainError(request, 'bad_path');
    if (isDataPlane(target.path)) {
      return parts.gateway.handle(new HttpCall({ request, target, server, proxies: parts.proxies }));
    }
    return answerPeople(request, server, target, parts);
  };
  const { cors } = parts;
  if (!cors) return { fetch: answer };
  return {
    fetch: async (request, server) =>
      cors.preflight(request) ?? cors.mark(request, await answer(request, server)),
  };
}

/** Probes and the control plane. Apart from the data plane, whose requests need not pay for what only this one uses. */
function answerPeople(
  request: Request,
  server: Server<undefined>,
  target: CanonicalTarget,
  parts: AppParts,
): Response | Promise<Response> {
  const address = () => addressOf(request, server, parts.proxies);
  return probe(request, target, parts, address) ?? toConsole(request, target, parts, address);
}

function addressOf(request: Request, server: Server<undefined>, proxies: ProxyTrust): string {
  const peer = server.requestIP(request)?.address ?? '';
  return clientAddress(peer, request.headers.get('x-forwarded-for'), proxies);
}

interface HttpCallParts {
  readonly request: Request;
  readonly target: CanonicalTarget;
  readonly server: Server<undefined>;
  readonly proxies: ProxyTrust;
}

/** A request on the data plane. A class: what it can do costs a request nothing until it is asked. */
class HttpCall implements GatewayCall {
  readonly request: Request;
  readonly target: CanonicalTarget;
  readonly #server: Server<undefined>;
  readonly #proxies: ProxyTrust;

  constructor({ request, target, server, proxies }: HttpCallParts) {
    this.request = request;
    this.target = target;
    this.#server = server;
    this.#proxies = proxies;
  }

  address(): string {
    return addressOf(this.request, this.#server, this.#proxies);
  }

  keepOpen(): void {
    this.#server.timeout(this.request, 0);
  }
}

function isDataPlane(path: string): boolean {
  return path.startsWith('/v1/') || path.startsWith('/v1beta/');
}

/** What Bun's parser lets through and we do not want: TRACE, and two Host headers, which arrive joined (B1, B3). */
function refuseForm(request: Request): Response | null {
  if (request.method === 'TRACE' || request.method === 'CONNECT')
    return plainError(request, 'method_not_allowed');
  const host = request.headers.get('host');
  if (host !== null && !/^[A-Za-z0-9._:[\]-]{1,255}$/.test(host)) return plainError(request, 'bad_path');
  return null;
}

function probe(
  request: Request,
  { path }: CanonicalTarget,
  parts: AppParts,
  address: () => string,
): Response | Promise<Response> | null {
  if (path === '/health/live') return Response.json({ status: 'ok' });
  if (path === '/health/ready') return readiness(parts.readiness);
  if (path === '/metrics') return metrics(request, parts, address());
  if (path === '/api/hello' && request.method === 'HEAD') return new Response(null);
  if (path !== '/') return null;
  if (request.method === 'HEAD') return new Response(null);
  const wantsPage = request.headers.get('accept')?.includes('text/html') === true && parts.console !== null;
  return wantsPage
    ? new Response(null, { status: 302, headers: { location: '/ui' } })
    : Response.json({ status: 'ok', name: 'tollgate', models: '/v1/models', dashboard: '/ui' });
}

function readiness({ problem }: Readiness): Response {
  const reason = problem();
  return reason === null
    ? Response.json({ status: 'ready' })
    : Response.json({ status: 'not ready', reason }, { status: 503 });
}

async function metrics(request: Request, parts: AppParts, address: string): Promise<Response> {
  const text = await parts.metrics(request, address);
  if (text === null) return plainError(request, 'not_found');
  return new Response(text, { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } });
}

async function toConsole(
  request: Request,
  target: CanonicalTarget,
  parts: AppParts,
  address: () => string,
): Promise<Response> {
  // The console's router reads the URL itself: where it would read another path than ours, neither is believed (B1).
  if (URL.parse(request.url)?.pathname !== target.path) return plainError(request, 'bad_path');
  if (!parts.console) {
    return plainError(request, 'not_found', { method: request.method, path: target.path.slice(0, 200) });
  }
  const response = await parts.console.handle(request, { address: address(), path: target.path });
  return harden(response, parts.tls);
}

function plainError(
  request: Request,
  code: 'bad_path' | 'method_not_allowed' | 'not_found',
  params: Record<string, string> = {},
): Response {
  const requestId = readRequestId(request.headers, newId('req'));
  const known = { method: request.method, path: 'this path', allowed: 'GET or POST', ...params };
  // The path may be what is wrong, so only its beginning is looked at.
  const shape = /^(https?:\/\/[^/]*)?\/v1\/messages/.test(request.url) ? 'anthropic' : 'openai';
  return errorResponse(appError(code, { params: known }), shape, requestId);
}
