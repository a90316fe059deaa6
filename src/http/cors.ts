// Which web pages of other origins may call, and with what (security.md T13). Closed unless CORS_ALLOW_ORIGINS names
// an origin. Never reflects an origin that is not named, never sends `*` with credentials, never believes `null`.

export interface CorsPolicy {
  readonly origins: readonly string[];
  readonly credentials: boolean;
  readonly methods: readonly string[];
  readonly headers: readonly string[];
}

export interface Cors {
  /** The answer to a preflight of a named origin; null when the request is none. */
  readonly preflight: (request: Request) => Response | null;
  /** The answer with the headers its origin may see it by. */
  readonly mark: (request: Request, response: Response) => Response;
}

const PREFLIGHT_SECONDS = '600';

export function createCors(policy: CorsPolicy): Cors {
  const everybody = policy.origins.includes('*') && !policy.credentials;
  const named = new Set(policy.origins.filter((origin) => origin !== '*' && origin !== 'null'));

  function allowed(request: Request): string | null {
    if (policy.origins.length === 0) return null;
    const origin = request.headers.get('origin');
    if (origin === null) return null;
    if (named.has(origin)) return origin;
    return everybody ? '*' : null;
  }

  function grant(headers: Headers, origin: string): void {
    headers.set('access-control-allow-origin', origin);
    if (origin !== '*') headers.append('vary', 'Origin');
    if (policy.credentials) headers.set('access-control-allow-credentials', 'true');
  }

  return {
    preflight: (request) => {
      if (request.method !== 'OPTIONS' || !request.headers.has('access-control-request-method')) return null;
      const origin = allowed(request);
      if (origin === null) return null;
      const headers = new Headers({
        'access-control-allow-methods': policy.methods.join(', '),
        'access-control-allow-headers': policy.headers.join(', '),
        'access-control-max-age': PREFLIGHT_SECONDS,
      });
      grant(headers, origin);
      return new Response(null, { status: 204, headers });
    },
    mark: (request, response) => {
      const origin = allowed(request);
      if (origin !== null) {
        grant(response.headers, origin);
        response.headers.set('access-control-expose-headers', 'x-request-id, retry-after');
      }
      return response;
    },
  };
}
