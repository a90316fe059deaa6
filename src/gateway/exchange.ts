// One request on its way through the data plane: what is known of it so far. Made by identify, ended by settle.
import type { Actor } from '../core/actor.ts';
import type { AttemptRecord } from '../core/usage-event.ts';
import { readRequestId } from '../http/request-id.ts';
import type { OpenMark, SettledEvent } from '../ledger/open-mark.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import type { JsonObject } from '../lib/json.ts';
import { Linked } from '../lib/linked-list.ts';
import { ECHO_SEARCHED_CHARS_MAX } from '../lib/without-echo.ts';
import type { Admission } from '../limits/limiter.ts';
import type { RequestFacts } from '../protocol/types.ts';
import type { Endpoint } from './endpoint.ts';
import { CancelOnHangUp, type HangUp } from './hang-up.ts';
import { sessionIdOf } from './session-id.ts';

/** Attempts that one event can carry; a longer list would be a runaway loop. */
export const ATTEMPTS_MAX = 32;

export interface RequestBody {
  readonly text: string;
  /** The text in UTF-8, as it came. Null where there is only the text. */
  readonly bytes: Uint8Array | null;
  /** Of the text as it came, in UTF-8. */
  readonly byteLength: number;
  readonly json: JsonObject;
}

/** Until it is known which model is asked, nothing is under way that could be stopped. */
const NOT_WATCHED: HangUp = new CancelOnHangUp(new Request('http://nobody'));

/** What is known of a call to a model before its body is read. */
export interface ExchangeParts {
  readonly identity: Identity;
  readonly endpoint: Endpoint;
  readonly request: Request;
  readonly query: string;
  readonly actor: Actor;
}

/** A class, so that all requests have one shape: the data plane reads these fields hundreds of times a request. */
export class Exchange extends Linked {
  /** Ours; the primary key of the usage event. */
  readonly id: string;
  /** What the caller is told: its own plain id, else ours. */
  readonly requestId: string;
  readonly endpoint: Endpoint;
  readonly request: Request;
  /** The caller's query string with its question mark, or empty. */
  readonly query: string;
  readonly actor: Actor;
  body: RequestBody;
  /** Length of the body's text, for estimates. */
  readonly promptChars: number;
  readonly facts: RequestFacts;
  /** The client program's own id for the conversation, from its body or its headers. */
  readonly clientSessionId: string | null;
  /** Wall time, for the record. */
  readonly timeMs: number;
  /** Monotonic, for durations. */
  readonly startedMs: number;
  readonly attempts: AttemptRecord[] = [];
  admission: Admission | null = null;
  /** That it has begun, in the ledger; null where nothing was written down. */
  mark: OpenMark | null = null;
  /** That it has ended, in the ledger. */
  settledEvent: SettledEvent | null = null;
  /** What the caller's leaving means; decided once it is known which model is asked. */
  hangUp: HangUp;
  /** Monotonic time at which the first byte of the answer was ready; null before. */
  firstByteAtMs: number | null = null;
  settled = false;

  constructor(parts: ExchangeParts, body: RequestBody, facts: RequestFacts) {
    super();
    const { identity } = parts;
    this.id = identity.id;
    this.requestId = identity.requestId;
    this.timeMs = identity.timeMs;
    this.startedMs = identity.startedMs;
    this.endpoint = parts.endpoint;
    this.request = parts.request;
    this.query = parts.query;
    this.actor = parts.actor;
    this.body = body;
    this.promptChars = body.text.length;
    this.facts = facts;
    this.clientSessionId = sessionIdOf(parts.request.headers, facts.clientSessionId);
    this.hangUp = NOT_WATCHED;
  }

  /**
   * Lets go of the body but for the beginning of its text, which errors are searched for. Once nothing more will be made of
   * it: prompts of coding agents are large, and an answer may be minutes in coming and going.
   */
  shedBody(): void {
    const { text, byteLength } = this.body;
    this.body = { text: beginningOf(text), bytes: null, json: {}, byteLength };
  }
}

/** A slice would keep the whole text alive: a long one is copied. Half a character at the cut is of no account here. */
function beginningOf(text: string): string {
  if (text.length <= ECHO_SEARCHED_CHARS_MAX) return text;
  return Buffer.from(text.slice(0, ECHO_SEARCHED_CHARS_MAX)).toString();
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
