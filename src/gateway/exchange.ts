// One request on its way through the data plane: what is known of it so far. Made by identify, ended by settle.
import type { Actor } from '../core/actor.ts';
import type { AttemptRecord } from '../core/usage-event.ts';
import { readRequestId } from '../http/request-id.ts';
import type { OpenMark, SettledEvent } from '../ledger/open-mark.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Outline } from '../lib/json-spans.ts';
import { Linked } from '../lib/linked-list.ts';
import { utf8Slice } from '../lib/raw-text.ts';
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
  readonly outline: Outline;
}

const NOTHING_LEFT: Outline = { members: [], repeated: null, close: 0, depth: 0 };

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
  /** Of a body that was let go. */
  #beginning: string | Uint8Array | null = null;

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
   * Lets go of the body but for the beginning of its text. Once nothing more will be made of it: prompts of coding agents are
   * large, and an answer may be minutes in coming and going.
   */
  shedBody(): void {
    if (this.#beginning !== null) return;
    const { text, bytes, byteLength } = this.body;
    this.#beginning = beginningOf(text, bytes);
    this.body = { text: '', bytes: null, json: {}, byteLength, outline: NOTHING_LEFT };
  }

  /** What errors are searched for: the body's text, of one that was let go of the beginning. */
  get searchedText(): string {
    const beginning = this.#beginning ?? this.body.text;
    return typeof beginning === 'string' ? beginning : utf8Slice(beginning, 0, beginning.length);
  }
}

/** A part of a long text would keep all of it alive: it is copied, as bytes where there are any. Half a character at the cut is of no account. */
function beginningOf(text: string, bytes: Uint8Array | null): string | Uint8Array {
  if (text.length <= ECHO_SEARCHED_CHARS_MAX) return text;
  return bytes
    ? bytes.slice(0, ECHO_SEARCHED_CHARS_MAX)
    : Buffer.from(text.slice(0, ECHO_SEARCHED_CHARS_MAX)).toString();
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
