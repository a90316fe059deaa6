// Header values to an actor. One precedence for every endpoint and dialect (wire facts F1, F2):
// x-api-key, Authorization: Bearer, x-goog-api-key, api-key; the first that authenticates names the actor.
import { timingSafeEqual } from 'node:crypto';
import type { Actor } from '../core/actor.ts';
import { hashApiKey } from '../core/identity/api-key.ts';
import { appError } from '../errors/app-error.ts';
import type { KeyIndex, KeyRefusal } from './key-index.ts';

/** Longer values cannot be keys; hashing them would only cost time. */
const CREDENTIAL_CHARS_MAX = 512;

export interface AuthenticateDeps {
  readonly keys: KeyIndex;
  readonly authMode: 'users' | 'legacy' | 'both';
  /** The master key, or null when none works. */
  readonly masterKey: string | null;
  readonly pepper: string;
}

export type Authenticate = (headers: Headers) => Actor;

export const MASTER_ACTOR: Actor = {
  kind: 'master',
  userId: null,
  keyId: null,
  role: 'admin',
  name: 'master',
  scopes: ['use', 'admin'],
  models: null,
  addresses: null,
  tags: [],
  onHangUp: 'cancel',
};

/** The answer throws AppError 401 with the precise reason of the first value that was sent. */
export function createAuthenticate(deps: AuthenticateDeps): Authenticate {
  // Comparing keyed hashes takes the same time whatever the lengths of the two texts are.
  const masterHash = deps.masterKey ? Buffer.from(hashApiKey(deps.masterKey, deps.pepper), 'hex') : null;

  function judge(token: string): Actor | KeyRefusal {
    if (token.length > CREDENTIAL_CHARS_MAX) return 'invalid_api_key';
    const found = deps.authMode === 'legacy' ? 'invalid_api_key' : deps.keys.find(token);
    if (typeof found === 'object') return found;
    if (deps.authMode === 'users' || !masterHash || found !== 'invalid_api_key') return found;
    const hash = Buffer.from(hashApiKey(token, deps.pepper), 'hex');
    return timingSafeEqual(hash, masterHash) ? MASTER_ACTOR : 'invalid_api_key';
  }

  return (headers) => {
    const lone = loneBearer(headers);
    if (lone !== null) return accept(judge(lone));
    const tokens = readCredentials(headers);
    const first = tokens[0];
    if (first === undefined) throw appError('missing_api_key');
    const verdict = judge(first);
    if (tokens.length === 1) return accept(verdict);
    return accept(settleSeveral([verdict, ...tokens.slice(1).map(judge)]));
  };
}

function accept(verdict: Actor | KeyRefusal): Actor {
  if (typeof verdict === 'string') throw appError(verdict);
  if (!verdict.scopes.includes('use')) {
    throw appError('not_allowed', {
      params: { detail: 'This key opens the admin API only, not the models.' },
    });
  }
  return verdict;
}

function settleSeveral(verdicts: (Actor | KeyRefusal)[]): Actor | KeyRefusal {
  const actors = verdicts.filter((verdict) => typeof verdict === 'object');
  const [first] = actors;
  if (!first) return verdicts[0] ?? 'invalid_api_key';
  if (actors.some((actor) => actor.keyId !== first.keyId || actor.kind !== first.kind)) {
    throw appError('conflicting_credentials');
  }
  return first;
}

/** The token of a request that carries a bearer and nothing else, as nearly all do. */
function loneBearer(headers: Headers): string | null {
  if (headers.has('x-api-key') || headers.has('x-goog-api-key') || headers.has('api-key')) return null;
  const token = readBearer(headers.get('authorization'))?.trim();
  return token ? token : null;
}

/** The distinct credentials a request carries, in order of precedence. */
export function readCredentials(headers: Headers): string[] {
  const found: string[] = [];
  const add = (value: string | null) => {
    const token = value?.trim();
    if (token && !found.includes(token)) found.push(token);
  };
  add(headers.get('x-api-key'));
  add(readBearer(headers.get('authorization')));
  add(headers.get('x-goog-api-key'));
  add(headers.get('api-key'));
  return found;
}

function readBearer(value: string | null): string | null {
  if (!value) return null;
  if (value.startsWith('Bearer ')) return value.slice(7);
  return value.length > 7 && value.slice(0, 7).toLowerCase() === 'bearer ' ? value.slice(7) : null;
}
