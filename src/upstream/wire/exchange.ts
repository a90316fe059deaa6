// One request to a provider and its answer, over whichever connection carries it. It is the answer's body as well.
import { type BodySink, BufferedBody } from '../answer-body.ts';
import type { AnswerListener, Cancellable, OutboundBody } from '../send-by-fetch.ts';
import type { ResponseHead } from './response-head.ts';

/** The connection under an exchange, as the exchange sees it. */
export interface Carrier {
  readonly pause: () => void;
  readonly resume: () => void;
  /** Closes at once. */
  readonly destroy: () => void;
}

/** Why a request got no answer, or not all of it. `code` is the system's name for it. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** The connection was not there yet, so that nothing can have reached the provider. */
export class NeverConnected extends ConnectionLost {}

export interface RequestText {
  /** Request line, headers and the empty line. */
  readonly head: string;
  readonly body: OutboundBody;
  /** Length of the body in UTF-8. */
  readonly bodyBytes: number;
}

export class Exchange extends BufferedBody implements Cancellable {
  /** Null once the answer has begun: it will not be sent again. */
  request: RequestText | null;
  override declaredBytes: number | null = null;
  /** The head of the answer is here. */
  begun = false;
  cancelled = false;
  #carrier: Carrier | null = null;
  readonly #listener: AnswerListener;

  /** `listener` hears ConnectionLost, BadAnswer, or the system's error for a connection that was never made. */
  constructor(request: RequestText, listener: AnswerListener) {
    super();
    this.request = request;
    this.#listener = listener;
  }

  // What its connection tells it.

  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  begin(head: ResponseHead, declaredBytes: number | null): void {
    this.begun = true;
    this.request = null;
    this.declaredBytes = declaredBytes;
    this.#listener.answered({ status: head.status, headers: head, body: this });
  }

  receive(bytes: Uint8Array): void {
    this.take(bytes);
    if (this.full) this.#carrier?.pause();
  }

  end(): void {
    this.#carrier = null;
    this.finish(null);
  }

  fail(error: Error): void {
    this.#carrier = null;
    if (this.cancelled) return;
    if (this.begun) this.finish(error);
    else this.#listener.failed(error);
  }

  // What its reader asks of it.

  override attach(sink: BodySink): void {
    const wasFull = this.full;
    super.attach(sink);
    if (wasFull) this.#carrier?.resume();
  }

  override pause(): void {
    this.#carrier?.pause();
  }

  override resume(): void {
    this.#carrier?.resume();
  }

  /** The call is over, whoever reads the body: it hears that. */
  abort(): void {
    if (!this.#giveUp()) return;
    if (this.begun) this.finish(givenUp());
    else this.#listener.failed(givenUp());
  }

  /** The reader wants no more, and hears no more. */
  override cancel(): void {
    if (!this.#giveUp()) return;
    this.drop();
    if (!this.begun) this.#listener.failed(givenUp());
  }

  /** False when it was given up before. */
  #giveUp(): boolean {
    if (this.cancelled) return false;
    this.cancelled = true;
    const carrier = this.#carrier;
    this.#carrier = null;
    carrier?.destroy();
    return true;
  }
}

function givenUp(): ConnectionLost {
  return new ConnectionLost('The call was given up.', 'ABORT_ERR');
}
