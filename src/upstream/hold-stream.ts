// Holds a stream until its first real event, so that one which fails before it can still be tried elsewhere
// (faults.md U8). Bounded in time and bytes; past the bound the stream is handed on as it is.
import type { FailureKind } from '../core/usage-event.ts';
import { cancelTimer, startTimer, type TimeLimited } from '../lib/coarse-timer.ts';
import { asObject, asString, parseJson } from '../lib/json.ts';
import { redactText } from '../lib/redact-text.ts';
import { type SseEvent, SseParser } from '../protocol/sse.ts';
import { type AnswerBody, type BodySink, BufferedBody } from './answer-body.ts';
import { classifyStreamError } from './classify-failure.ts';

/** A model may think for minutes before its first event: callers then wait with an open stream, not with us. */
export const HOLD_MS_MAX = 10_000;
export const HOLD_BYTES_MAX = 65_536;

export type Held =
  | { readonly kind: 'real'; readonly source: AnswerBody }
  | { readonly kind: 'failure'; readonly failure: FailureKind; readonly message: string };

export interface HoldOptions {
  readonly body: AnswerBody;
  /** At most this long. */
  readonly holdMs: number;
  readonly secrets: readonly string[];
}

/** At once when the first event came with the headers. */
export function holdStream(options: HoldOptions): Held | Promise<Held> {
  const holder = new Holder(options);
  options.body.attach(holder);
  return holder.verdict ?? holder.wait(options.holdMs);
}

/** The stream while it is held, and from then on the source of what was held and all that follows. */
class Holder extends BufferedBody implements BodySink, TimeLimited {
  verdict: Held | null = null;
  readonly #body: AnswerBody;
  readonly #secrets: readonly string[];
  readonly #parser = new SseParser();
  #size = 0;
  #tell: ((held: Held) => void) | null = null;

  constructor({ body, secrets }: HoldOptions) {
    super();
    this.#body = body;
    this.#secrets = secrets;
  }

  override get declaredBytes(): number | null {
    return this.#body.declaredBytes;
  }

  wait(holdMs: number): Promise<Held> {
    return new Promise((resolve) => {
      const timer = startTimer(holdMs, this);
      this.#tell = (held) => {
        cancelTimer(timer);
        resolve(held);
      };
    });
  }

  /** Silent for so long: the caller waits with an open stream from now on. */
  expire(): void {
    this.#decide({ kind: 'real', source: this });
  }

  data(bytes: Uint8Array): void {
    this.take(bytes);
    // Until the reader comes, which is in the same turn, no more should follow than a read's worth.
    if (this.full) this.#body.pause();
    if (this.verdict) return;
    this.#size += bytes.byteLength;
    this.#judgeAll(this.#parser.push(bytes));
    if (!this.verdict && this.#size >= HOLD_BYTES_MAX) this.#decide({ kind: 'real', source: this });
  }

  end(): void {
    if (!this.verdict) this.#judgeAll(this.#parser.end());
    if (!this.verdict) this.#decide(interrupted('The stream ended before its first event.'));
    this.finish(null);
  }

  fail(error: Error): void {
    if (!this.verdict) this.#decide(interrupted('The connection broke before the first event.'));
    this.finish(error);
  }

  override attach(sink: BodySink): void {
    const wasFull = this.full;
    super.attach(sink);
    // What follows needs no stop here.
    if (!this.ended) this.#body.attach(sink);
    if (wasFull) this.#body.resume();
  }

  override pause(): void {
    this.#body.pause();
  }

  override resume(): void {
    this.#body.resume();
  }

  override cancel(): void {
    this.drop();
    this.#body.cancel();
  }

  #judgeAll(events: readonly SseEvent[]): void {
    for (const event of events) {
      const verdict = judge(event, this.#secrets);
      if (verdict === 'prelude') continue;
      this.#decide(verdict === 'real' ? { kind: 'real', source: this } : verdict);
      return;
    }
  }

  #decide(held: Held): void {
    if (this.verdict) return;
    this.verdict = held;
    this.#tell?.(held);
  }
}

/** `prelude` are events that say nothing yet: pings, comments, Anthropic's message_start. */
function judge(
  event: SseEvent,
  secrets: readonly string[],
): 'real' | 'prelude' | Extract<Held, { kind: 'failure' }> {
  if (event.data === '' || event.event === 'ping' || event.event === 'message_start') return 'prelude';
  const text = event.data;
  if (event.event !== 'error' && !text.includes('"error"')) return 'real';
  const body = asObject(parseJson(text));
  const error = asObject(body?.error) ?? (event.event === 'error' ? body : null);
  const plain = asString(body?.error);
  if (!error && plain === null) return 'real';
  // A chunk with choices is an answer, whatever else it carries.
  if (body?.choices !== undefined && Array.isArray(body.choices) && body.choices.length > 0) return 'real';
  const type = asString(error?.type) ?? asString(error?.code) ?? asString(error?.status);
  const message = redactText(asString(error?.message) ?? plain ?? 'The stream began with an error.', secrets);
  return { kind: 'failure', failure: classifyStreamError(type, message), message };
}

function interrupted(message: string): Held {
  return { kind: 'failure', failure: 'interrupted', message };
}
