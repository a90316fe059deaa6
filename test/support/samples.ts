// Plain values of the shared types for tests to start from: every field set, nothing special about any of them.
import type { Actor } from '../../src/core/actor.ts';
import type { Limit } from '../../src/core/limits/limit.ts';
import { NO_FEATURES } from '../../src/core/wire.ts';
import type { RequestFacts } from '../../src/protocol/types.ts';

export function sampleActor(changes: Partial<Actor> = {}): Actor {
  return {
    kind: 'key',
    userId: 'usr_sample',
    keyId: 'key_sample',
    role: 'user',
    name: 'sample',
    scopes: ['use'],
    models: null,
    addresses: null,
    tags: [],
    onHangUp: 'cancel',
    ...changes,
  };
}

export function sampleFacts(changes: Partial<RequestFacts> = {}): RequestFacts {
  return {
    model: 'demo/echo',
    stream: false,
    maxOutputTokens: 100,
    choices: 1,
    features: NO_FEATURES,
    includeUsageAsked: false,
    clientSessionId: null,
    ...changes,
  };
}

/** Ten requests a minute for one key. */
export function sampleLimit(changes: Partial<Limit> = {}): Limit {
  return {
    id: 'lim_sample',
    scope: 'key',
    scopeId: 'key_sample',
    kind: 'requests_per_minute',
    amount: 10,
    period: null,
    timeZone: 'UTC',
    warnPercent: null,
    allowUnpriced: false,
    raisedAmount: null,
    raisedUntilMs: null,
    ...changes,
  };
}
