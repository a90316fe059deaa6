// One request on its way through the data plane: what is known of it so far. Made by identify, ended by settle.
import type { Actor } from '../core/actor.ts';
import type { AttemptRecord } from '../core/usage-event.ts';
import { readRequestId } from '../http/request-id.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Admission } from '../limits/limiter.ts';
import type { RequestFacts } from '../protocol/types.ts';
import type { Endpoint } from './endpoint.ts';
import type { HangUp } from './hang-up.ts';

/** Attempts that one event can carry; a longer list would be a runaway loop. */
export const ATTEMPTS_MAX = 32;

export interface RequestBody {
  readonly text: string;
  readonly json: JsonObject;
}

export interface Exchange {
  /** Ours; the primary key of the usage event. */
  readonly id: string;
  /** What the caller is told: its own plain id, else ours. */
  readonly requestId: string;
  readonly endpoint: Endpoint;
  readonly request: Request;
  /** The caller's query string with its question mark, or empty. */
  readonly query: string;
  /** The address the call came from, after trusted proxies. */
  readonly address: () => string;
  readonly actor: Actor;
  readonly body: RequestBody;
  readonly facts: RequestFacts;
  /** Wall time, for the record. */
  readonly timeMs: number;
  /** Monotonic, for durations. */
  readonly startedMs: number;
  readonly attempts: AttemptRecord[];
  admission: Admission | null;
  /** What the caller's leaving means; set once it is known which model is asked. */
  hangUp: HangUp;
  /** Monotonic time at which the first byte of the answer was ready; null before. */
  firstByteAtMs: number | null;
  settled: boolean;
}

/** What is known of any request before it is known whether it may go on. */
export interface Identity {
  readonly id: string;
  readonly requestId: string;
  readonly timeMs: number;
  readonly startedMs: number;
}

export function identify(request: Request, deps: { readonly clock: Clock }): Identity {
  const id = newId('req');
  return {
    id,
    requestId: readRequestId(request.headers, id),
    timeMs: deps.clock.nowMs(),
    startedMs: deps.clock.monotonicMs(),
  };
}
