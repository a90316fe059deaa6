// What both halves of the control plane (JSON API and pages) are built from. Wires the people services together once;
// the app hands in the store, the clock, the key index and the few settings that matter here.
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { LimitState } from '../limits/limiter.ts';
import type { KeyIndex } from '../services/key-index.ts';
import { readLimitStates } from '../services/limits/limit-states.ts';
import { createPasswordHasher } from '../services/passwords/password-hasher.ts';
import type { AccountParts } from '../services/people/accounts.ts';
import type { KeyParts } from '../services/people/manage-keys.ts';
import { createSessions } from '../services/people/sessions.ts';
import { createSetup, type Setup } from '../services/people/setup.ts';
import { createSignIn, type SignIn, type SignInParts } from '../services/people/sign-in.ts';
import { createSignInThrottle } from '../services/people/sign-in-throttle.ts';
import type { Store } from '../store/open-store.ts';
import type { CsrfPolicy } from './guard/csrf.ts';
import { type CookiePolicy, cookiePolicy } from './guard/session-cookie.ts';
import type { VisitorParts } from './guard/visitor.ts';

export interface ConsoleParts extends AccountParts, KeyParts, SignInParts {
  readonly log: Log;
  readonly signIn: SignIn;
  readonly setup: Setup;
  readonly cookies: CookiePolicy;
  readonly csrf: CsrfPolicy;
  readonly visitor: VisitorParts;
  readonly retentionDays: number;
  readonly limits: LimitsPort;
}

/** The limits of the running server. */
export interface LimitsPort {
  readonly states: () => Promise<readonly LimitState[]>;
  /** Resolves when what the store holds is in force. */
  readonly reload: () => Promise<void>;
}

export interface ConsoleSettings {
  readonly production: boolean;
  readonly pepper: string;
  readonly sessionTtlMs: number;
  readonly sessionIdleMs: number;
  readonly cookieSecure: boolean | null;
  readonly cookieSameSite: 'lax' | 'strict' | 'none';
  readonly publicUrl: string | null;
  /** CORS_ALLOW_ORIGINS when CORS_ALLOW_CREDENTIALS is on, else empty. */
  readonly credentialOrigins: readonly string[];
  readonly retentionDays: number;
}

export async function createConsoleParts(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: KeyIndex;
  readonly settings: ConsoleSettings;
  /** Left out where no data plane runs: then the store alone is asked. */
  readonly limits?: LimitsPort;
}): Promise<ConsoleParts> {
  const { store, clock, log, keys, settings } = deps;
  const { pepper, sessionTtlMs: ttlMs, sessionIdleMs: idleMs } = settings;
  const hasher = createPasswordHasher();
  const throttle = createSignInThrottle({ store, clock });
  const sessions = createSessions({ store, clock, ttlMs, idleMs });
  const reloadKeys = () => keys.reload();
  const cookies = cookiePolicy({
    production: settings.production,
    secure: settings.cookieSecure,
    sameSite: settings.cookieSameSite,
  });
  return {
    store,
    clock,
    log,
    pepper,
    hasher,
    throttle,
    sessions,
    reloadKeys,
    cookies,
    signIn: createSignIn({ store, clock, hasher, throttle, sessions }),
    setup: await createSetup({ store, clock, pepper, hasher, sessions, reloadKeys }),
    csrf: { publicUrl: settings.publicUrl, allowedOrigins: settings.credentialOrigins },
    visitor: { sessions, keys, cookies },
    retentionDays: settings.retentionDays,
    limits: deps.limits ?? { states: () => readLimitStates({ store, clock }), reload: async () => {} },
  };
}
