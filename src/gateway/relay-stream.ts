// Relays a stream: the provider's bytes as they come, or event by event in translation, at the caller's pace, with the
// settlement before the last byte.
// Lets no error out of the stream: an error given to the runtime's controller could end the process (faults.md section 4).

import type { FailureKind, Outcome } from '../core/usage-event.ts';
import { appError } from '../errors/app-error.ts';
import { createUsageWithholder } from '../protocol/openai-chat/withhold-usage.ts';
import { createSseParser } from '../protocol/sse.ts';
import type { StreamTranslator } from '../protocol/translate/translator.ts';
import type { BodySource, BodyStep } from '../upstream/body-source.ts';
import { answerContext } from './answer-context.ts';
import { answerHeaders } from './answer-headers.ts';
import type { GatewayDeps } from './deps.ts';
import { type Answered, endAnswer } from './end-answer.ts';
import { errorText } from './error-response.ts';
import type { WatchedStream } from './stream-watch.ts';

/** After the event that ends a stream the provider gets this long to end the connection, so that it can be reused. */
const TRAILER_MS = 1_000;

export interface AnsweredStream extends Answered {
  readonly source: BodySource;
}

export function relayStream(answered: AnsweredStream, deps: GatewayDeps): Response {
  const relay = new StreamRelay(answered, deps);
  deps.watch.add(relay);
  const { request, hangUp } = answered.exchange;
  // With `drain` the caller's signal no longer ends the provider's work, so the relay listens for it itself.
  if (hangUp.signal !== request.signal)
    request.signal.addEventListener('abort', () => relay.hangUp(), { once: true });
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => relay.pull(controller),
    cancel: () => relay.hangUp(),
  });
  const headers = answerHeaders(answered);
  headers['cache-control'] ??= 'no-cache';
  // Reverse proxies that buffer would turn a stream into a long wait.
  headers['x-accel-buffering'] = 'no';
  return new Response(body, { status: answered.answer.status, headers });
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

const encoder = new TextEncoder();

class StreamRelay implements WatchedStream {
  readonly #answered: AnsweredStream;
  readonly #deps: GatewayDeps;
  readonly #source: BodySource;
  readonly #events = createSseParser();
  readonly #reader;
  readonly #withholder;
  readonly #translator: StreamTranslator | null;
  #controller: Controller | null = null;
  #waitingFor: 'provider' | 'caller' | 'nobody' = 'caller';
  #sinceMs: number;
  #closed = false;
  #draining = false;
  #pulling = false;

  constructor(answered: AnsweredStream, deps: GatewayDeps) {
    this.#answered = answered;
    this.#deps = deps;
    this.#source = answered.source;
    const { wire, usageInjected, translator } = answered.attempt.prepared;
    this.#reader = wire.createStreamReader();
    this.#withholder = usageInjected ? createUsageWithholder() : null;
    this.#translator = translator?.createStream(answerContext(answered)) ?? null;
    this.#sinceMs = deps.clock.monotonicMs();
  }

  /** Hands on the next bytes. Returns without bytes only when the stream has ended. */
  async pull(controller: Controller): Promise<void> {
    this.#controller = controller;
    this.#pulling = true;
    try {
      await this.#handOn(controller);
    } finally {
      this.#pulling = false;
    }
  }

  async #handOn(controller: Controller): Promise<void> {
    this.#wait('provider');
    while (!this.#closed) {
      let step: BodyStep;
      try {
        step = await this.#source.read();
      } catch {
        this.#breakOff('interrupted');
        return;
      }
      if (this.#closed) return;
      if (this.#draining) return this.#drain(step);
      this.#sinceMs = this.#deps.clock.monotonicMs();
      if (step.done || !step.value) {
        await this.#finish(controller);
        return;
      }
      const bytes = this.#take(step.value);
      if (this.#reader.ended() && !this.#answered.exchange.settled) await this.#settleEnd();
      if (this.#closed) return;
      if (this.#draining) return this.#drain(null);
      if (bytes.byteLength > 0) {
        controller.enqueue(bytes);
        this.#wait('caller');
        return;
      }
    }
  }

  /** The caller has gone: stop the provider and write down what is known. */
  hangUp(): void {
    if (this.#closed || this.#draining) return;
    if (!this.#answered.exchange.settled && this.#answered.exchange.hangUp.leave() === 'drain') {
      this.#draining = true;
      // A pull that is waiting for the provider goes on with the drain itself: two readers would tear events apart.
      if (!this.#pulling) this.#drain(null).catch(() => this.#breakOff('interrupted'));
      return;
    }
    this.#end('aborted', 'client_gone');
    this.#release();
  }

  /** Reads on for nobody, so that the numbers are the provider's own. The bounds of hang-up.ts end it early. */
  async #drain(first: BodyStep | null): Promise<void> {
    let step = first;
    while (!this.#closed) {
      if (step) {
        const events = step.value ? this.#events.push(step.value) : this.#events.end();
        for (const event of events) this.#reader.push(event);
        if (step.done) break;
      }
      if (this.#reader.ended()) break;
      this.#wait('provider');
      try {
        step = await this.#source.read();
      } catch {
        break;
      }
    }
    if (this.#closed) return;
    this.#end('aborted', 'client_gone');
    this.#release();
  }

  waitingFor() {
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

  onShutdown(): void {
    this.#breakOff('interrupted');
  }

  #wait(side: 'provider' | 'caller'): void {
    this.#waitingFor = side;
    this.#sinceMs = this.#deps.clock.monotonicMs();
  }

  /** Reads the facts in these bytes; answers what of them goes to the caller. */
  #take(bytes: Uint8Array): Uint8Array {
    this.#answered.exchange.firstByteAtMs ??= this.#sinceMs;
    return this.#pass(bytes);
  }

  /** Settles before the bytes that end the stream are handed on. */
  async #settleEnd(): Promise<void> {
    this.#end(this.#reader.error() ? 'error' : 'final', null);
    await this.#deps.ledger.confirmed();
    setTimeout(() => this.#closeAfterEnd(), TRAILER_MS).unref();
  }

  /** The bytes for the caller that these bytes of the provider's make. */
  #pass(bytes: Uint8Array): Uint8Array {
    if (!this.#translator && this.#events.idle() && this.#reader.skim?.(bytes)) {
      return this.#withholder?.idle() === false ? this.#withholder.push(bytes) : bytes;
    }
    let text = '';
    for (const event of this.#events.push(bytes)) {
      this.#reader.push(event);
      if (this.#translator) text += this.#translator.push(event);
    }
    if (!this.#translator) return this.#withholder ? this.#withholder.push(bytes) : bytes;
    if (this.#reader.ended()) text += this.#translator.end();
    return encoder.encode(text);
  }

  /** What is still owed to the caller once the provider is at its end. */
  #rest(): Uint8Array | null {
    return this.#translator ? encoder.encode(this.#translator.end()) : (this.#withholder?.end() ?? null);
  }

  /** The provider closed its side. A stream without its ending event or finish reason was cut. */
  async #finish(controller: Controller): Promise<void> {
    let text = '';
    for (const event of this.#events.end()) {
      this.#reader.push(event);
      if (this.#translator) text += this.#translator.push(event);
    }
    const complete = this.#reader.ended() || this.#reader.facts().finishReason !== null;
    if (!complete && this.#reader.error() === null) return this.#breakOff('interrupted');
    this.#end(this.#reader.error() ? 'error' : 'final', null);
    await this.#deps.ledger.confirmed();
    if (this.#closed) return;
    if (text !== '') controller.enqueue(encoder.encode(text));
    const rest = this.#rest();
    if (rest && rest.byteLength > 0) controller.enqueue(rest);
    this.#release();
    closeQuietly(controller);
  }

  /** Ends the stream with an error event: never with a clean end (faults.md U6). */
  #breakOff(failure: 'interrupted' | 'timeout_idle'): void {
    if (this.#closed) return;
    const { exchange } = this.#answered;
    const settledBefore = exchange.settled;
    const gone = this.#draining || exchange.request.signal.aborted;
    this.#end(gone ? 'aborted' : 'error', gone ? 'client_gone' : failure);
    this.#release();
    const controller = this.#controller;
    if (!settledBefore && controller && !gone) {
      try {
        controller.enqueue(encoder.encode(this.#errorEvent()));
      } catch {
        // The caller left in this very moment; there is nobody to tell.
      }
    }
    closeQuietly(controller);
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
    const streamError = this.#reader.error();
    const errorType = failure ?? (streamError ? (streamError.type ?? 'stream_error') : null);
    try {
      endAnswer(
        this.#answered,
        {
          outcome,
          failure: failure ?? (streamError ? 'server_error' : null),
          facts: this.#reader.facts(),
          provenance: this.#draining ? 'drained' : 'provider',
          outputChars: this.#reader.outputChars(),
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

  #closeAfterEnd(): void {
    if (this.#closed) return;
    this.#release();
    closeQuietly(this.#controller);
  }

  /** Frees the provider's connection and stops being watched. */
  #release(): void {
    this.#closed = true;
    this.#waitingFor = 'nobody';
    this.#deps.watch.remove(this);
    this.#source.cancel().catch(() => {});
    this.#answered.answer.cancel();
  }
}

function closeQuietly(controller: Controller | null): void {
  try {
    controller?.close();
  } catch {
    // Closed already: by the caller's leaving, or by the end of the stream.
  }
}
