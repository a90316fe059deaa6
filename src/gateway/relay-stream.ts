// Relays a stream: the provider's bytes as they come, or event by event in translation, at the caller's pace, with the
// settlement before the last byte.
// Lets no error out of the stream: an error given to the runtime's controller could end the process (faults.md section 4).

import type { FailureKind, Outcome } from '../core/usage-event.ts';
import { appError } from '../errors/app-error.ts';
import { UsageWithholder } from '../protocol/openai-chat/withhold-usage.ts';
import { SseParser } from '../protocol/sse.ts';
import type { StreamTranslator } from '../protocol/translate/translator.ts';
import type { AnswerBody, BodySink } from '../upstream/answer-body.ts';
import { answerContext } from './answer-context.ts';
import { answerHeaders } from './answer-headers.ts';
import type { GatewayDeps } from './deps.ts';
import { type Answered, endAnswer } from './end-answer.ts';
import { errorText } from './error-response.ts';
import { CancelOnHangUp } from './hang-up.ts';
import { confirmSettled } from './settle.ts';
import { type Waiting, WatchedStream } from './stream-watch.ts';

export interface AnsweredStream extends Answered {
  readonly source: AnswerBody;
}

/** What `type: 'direct'` streams of the runtime are written to. */
interface DirectController {
  /** The number of bytes taken, or a promise when the caller does not keep up; resolves when it has caught up. */
  readonly write: (bytes: Uint8Array) => number | Promise<number>;
  readonly flush: () => unknown;
  readonly close: () => void;
}

export function relayStream(answered: AnsweredStream, deps: GatewayDeps): Response {
  const relay = new StreamRelay(answered, deps);
  // No other provider will be asked, and what a translation must know of the request it knows by now.
  answered.exchange.shedBody();
  deps.watch.add(relay);
  const { request, hangUp } = answered.exchange;
  // With `drain` the caller's signal no longer ends the provider's work, so the relay listens for it itself.
  const left = () => relay.hangUp();
  if (hangUp instanceof CancelOnHangUp) hangUp.signal.addEventListener('abort', left);
  else request.signal.addEventListener('abort', left, { once: true });
  // The runtime tells a stream nothing of a caller who had gone before it was handed over.
  if (hangUp.noticed()) relay.hangUp();
  // A direct stream writes to the socket without a queue, a promise or a copy per chunk. It holds callers' pace only
  // because the relay obeys what `write` answers.
  const source: Bun.DirectUnderlyingSource<Uint8Array> = {
    type: 'direct',
    pull: (controller) => relay.open(controller as unknown as DirectController),
    cancel: () => relay.hangUp(),
  };
  const headers = answerHeaders(answered);
  headers['cache-control'] ??= 'no-cache';
  // Reverse proxies that buffer would turn a stream into a long wait.
  headers['x-accel-buffering'] = 'no';
  const body = new ReadableStream<Uint8Array>(source);
  return new Response(body, { status: answered.answer.status, headers });
}

const encoder = new TextEncoder();

class StreamRelay extends WatchedStream implements BodySink {
  // What every chunk looks at lies together.
  #closed = false;
  #draining = false;
  #begun = false;
  #sinceMs: number;
  #controller: DirectController | null = null;
  /** Bytes that may only go out once the settlement is written down. */
  #heldBack: Uint8Array[] | null = null;
  readonly #reader;
  readonly #translator: StreamTranslator | null;
  readonly #withholder;
  readonly #events = new SseParser();
  readonly #deps: GatewayDeps;
  readonly #answered: AnsweredStream;
  readonly #source: AnswerBody;
  #waitingFor: Waiting = 'caller';
  #attached = false;
  /** The provider's side is at its end. */
  #ended = false;
  /** Ends the runtime's wait for the stream. */
  #finished: () => void = () => {};

  constructor(answered: AnsweredStream, deps: GatewayDeps) {
    super();
    this.#answered = answered;
    this.#deps = deps;
    this.#source = answered.source;
    const { wire, usageInjected, translator } = answered.attempt.prepared;
    this.#reader = wire.createStreamReader();
    this.#withholder = usageInjected ? new UsageWithholder() : null;
    this.#translator = translator?.createStream(answerContext(answered)) ?? null;
    this.#sinceMs = deps.clock.monotonicMs();
  }

  /** The caller's connection is ready. Resolves when the stream is over. */
  open(controller: DirectController): Promise<void> {
    this.#controller = controller;
    if (this.#closed) {
      closeQuietly(controller);
      return Promise.resolve();
    }
    if (!this.#draining) this.#wait('provider');
    const { hangUp } = this.#answered.exchange;
    if (hangUp instanceof CancelOnHangUp) hangUp.restWatching();
    return new Promise((resolve) => {
      this.#finished = resolve;
      this.#attach();
    });
  }

  #attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    this.#source.attach(this);
  }

  data(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#draining) {
      this.#drain(bytes);
      return;
    }
    this.#sinceMs = this.#deps.clock.monotonicMs();
    if (!this.#begun) this.#begin();
    const passed = this.#pass(bytes);
    if (this.#reader.ended && !this.#answered.exchange.settled) this.#settleEnd();
    if (passed.byteLength > 0) this.#handOn(passed);
  }

  /** The provider closed its side. A stream without its ending event or finish reason was cut. */
  end(): void {
    if (this.#closed) return;
    this.#ended = true;
    if (this.#draining) {
      for (const event of this.#events.end()) this.#reader.push(event);
      this.#endDrain();
      return;
    }
    let text = '';
    for (const event of this.#events.end()) {
      this.#reader.push(event);
      if (this.#translator) text += this.#translator.push(event);
    }
    const complete = this.#reader.ended || this.#reader.facts().finishReason !== null;
    if (!complete && this.#reader.error === null) {
      this.#breakOff('interrupted');
      return;
    }
    if (!this.#answered.exchange.settled) this.#settleEnd();
    if (text !== '') this.#handOn(encoder.encode(text));
    const rest = this.#rest();
    if (rest && rest.byteLength > 0) this.#handOn(rest);
    if (this.#heldBack === null) this.#close();
  }

  fail(): void {
    if (this.#draining) this.#endDrain();
    else if (this.#answered.exchange.settled) this.end();
    else this.#breakOff('interrupted');
  }

  /** The caller has gone: stop the provider and write down what is known. */
  hangUp(): void {
    if (this.#closed || this.#draining) return;
    if (!this.#answered.exchange.settled && this.#answered.exchange.hangUp.leave() === 'drain') {
      this.#draining = true;
      this.#wait('provider');
      if (this.#attached) this.#source.resume();
      else this.#attach();
      if (this.#reader.ended) this.#endDrain();
      return;
    }
    this.#end('aborted', 'client_gone');
    this.#release();
  }

  waitingFor(): Waiting {
    return this.#waitingFor;
  }

  since(): number {
    return this.#sinceMs;
  }

  onProviderSilent(): void {
    this.#breakOff('timeout_idle');
  }

  onCallerStalled(): void {
    const controller = this.#controller;
    this.hangUp();
    closeQuietly(controller);
  }

  /** All is settled and handed on, but the provider does not end its connection. */
  onTrailerLate(): void {
    this.#close();
  }

  onShutdown(): void {
    this.#breakOff('interrupted');
  }

  #wait(side: Waiting): void {
    this.#waitingFor = side;
    this.#sinceMs = this.#deps.clock.monotonicMs();
  }

  /** Reads on for nobody, so that the numbers are the provider's own. The bounds of hang-up.ts end it early. */
  #drain(bytes: Uint8Array): void {
    for (const event of this.#events.push(bytes)) this.#reader.push(event);
    this.#wait('provider');
    if (this.#reader.ended) this.#endDrain();
  }

  #endDrain(): void {
    if (this.#closed) return;
    this.#end('aborted', 'client_gone');
    this.#release();
  }

  /** The first bytes for the caller are here. */
  #begin(): void {
    this.#begun = true;
    this.#answered.exchange.firstByteAtMs ??= this.#sinceMs;
  }

  /** Settles before the bytes that end the stream are handed on. */
  #settleEnd(): void {
    this.#end(this.#reader.error ? 'error' : 'final', null);
    this.#wait('trailer');
    this.#holdBack();
  }

  /** What follows goes out once what was just settled is written down. */
  #holdBack(): void {
    const written = confirmSettled(this.#answered.exchange, this.#deps);
    if (!written) return;
    this.#heldBack = [];
    written.then(
      () => this.#letGo(),
      () => this.#breakOff('interrupted'),
    );
  }

  /** What was settled is written down: the end of the stream may go out. */
  #letGo(): void {
    const held = this.#heldBack ?? [];
    this.#heldBack = null;
    if (this.#closed) return;
    for (const bytes of held) this.#handOn(bytes);
    if (this.#ended) this.#close();
  }

  #handOn(bytes: Uint8Array): void {
    if (this.#heldBack) {
      this.#heldBack.push(bytes);
      return;
    }
    const controller = this.#controller;
    if (!controller || this.#closed) return;
    const taken = controller.write(bytes);
    if (typeof taken === 'number') return;
    // The caller is behind: the provider waits as well, so that nothing piles up here.
    this.#source.pause();
    if (this.#waitingFor === 'provider') this.#wait('caller');
    taken.then(
      () => this.#caughtUp(),
      () => this.hangUp(),
    );
  }

  #caughtUp(): void {
    if (this.#closed) return;
    if (this.#waitingFor === 'caller') this.#wait('provider');
    this.#source.resume();
  }

  /** Reads the facts in the provider's bytes; the bytes for the caller that they make. */
  #pass(bytes: Uint8Array): Uint8Array {
    if (!this.#translator && this.#events.idle && this.#reader.skim?.(bytes)) {
      return this.#withholder?.idle === false ? this.#withholder.push(bytes) : bytes;
    }
    let text = '';
    for (const event of this.#events.push(bytes)) {
      this.#reader.push(event);
      if (this.#translator) text += this.#translator.push(event);
    }
    if (!this.#translator) return this.#withholder ? this.#withholder.push(bytes) : bytes;
    if (this.#reader.ended) text += this.#translator.end();
    return encoder.encode(text);
  }

  /** What is still owed to the caller once the provider is at its end. */
  #rest(): Uint8Array | null {
    return this.#translator ? encoder.encode(this.#translator.end()) : (this.#withholder?.end() ?? null);
  }

  /** Ends the stream with an error event: never with a clean end (faults.md U6). */
  #breakOff(failure: 'interrupted' | 'timeout_idle'): void {
    if (this.#closed) return;
    const { exchange } = this.#answered;
    const settledBefore = exchange.settled;
    const told = settledBefore && this.#heldBack === null;
    const gone = this.#draining || exchange.hangUp.noticed();
    this.#end(gone ? 'aborted' : 'error', gone ? 'client_gone' : failure);
    this.#heldBack = null;
    if (told || gone) {
      this.#close();
      return;
    }
    this.#ended = true;
    this.#source.cancel();
    if (!settledBefore) this.#holdBack();
    this.#handOn(encoder.encode(this.#errorEvent()));
    if (this.#heldBack === null) this.#close();
  }

  #errorEvent(): string {
    const error = appError('upstream_interrupted');
    if (this.#translator) return this.#translator.fail({ type: error.type, message: error.message });
    const { endpoint, requestId } = this.#answered.exchange;
    const name = endpoint.errorShape === 'anthropic' ? 'event: error\n' : '';
    // The blank line first: the cut may have come in the middle of an event.
    return `\n\n${name}data: ${errorText(error, endpoint.errorShape, requestId)}\n\n`;
  }

  #end(outcome: Outcome, failure: FailureKind | null): void {
    const streamError = this.#reader.error;
    const errorType = failure ?? (streamError ? (streamError.type ?? 'stream_error') : null);
    try {
      endAnswer(
        this.#answered,
        {
          outcome,
          failure: failure ?? (streamError ? 'server_error' : null),
          facts: this.#reader.facts(),
          provenance: this.#draining ? 'drained' : 'provider',
          outputChars: this.#reader.outputChars,
          status: outcome === 'aborted' ? 499 : this.#answered.answer.status,
          errorType,
          errorMessage: streamError?.message ?? null,
        },
        this.#deps,
      );
    } catch (error) {
      this.#deps.log.error(
        { requestId: this.#answered.exchange.requestId, error: String(error) },
        'a streamed request could not be settled',
      );
    }
  }

  #close(): void {
    if (this.#closed) return;
    const controller = this.#controller;
    this.#release();
    closeQuietly(controller);
  }

  /** Frees the provider's connection and stops being watched. */
  #release(): void {
    this.#closed = true;
    this.#waitingFor = 'nobody';
    this.#heldBack = null;
    this.#deps.watch.remove(this);
    this.#source.cancel();
    this.#answered.answer.cancel();
    this.#finished();
  }
}

function closeQuietly(controller: DirectController | null): void {
  try {
    controller?.close();
  } catch {
    // Closed already: by the caller's leaving, or by the end of the stream.
  }
}
