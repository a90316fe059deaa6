// Reads an answer's body whole, within a bound of bytes and of time. Never throws and never holds more than the bound.
import { cancelTimer, startTimer, type TimeLimited } from '../lib/coarse-timer.ts';
import type { AnswerBody, BodySink } from './answer-body.ts';

export type BodyRead =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  /** Ended by the bound, the time limit or the connection; `bytes` may hold a first part. */
  | { readonly kind: 'too_large' | 'timeout' | 'interrupted'; readonly bytes: Uint8Array };

const NOTHING = new Uint8Array();

export interface ReadBoundedOptions {
  readonly body: AnswerBody;
  readonly bytesMax: number;
  /** For the whole body. */
  readonly timeoutMs: number;
}

/** At once when all of it has come already, as a small answer mostly has. */
export function readBounded(options: ReadBoundedOptions): BodyRead | Promise<BodyRead> {
  const { body, bytesMax, timeoutMs } = options;
  if ((body.declaredBytes ?? 0) > bytesMax) {
    body.cancel();
    return { kind: 'too_large', bytes: NOTHING };
  }
  const collector = new Collector(body, bytesMax);
  body.attach(collector);
  return collector.read ?? collector.wait(timeoutMs);
}

class Collector implements BodySink, TimeLimited {
  /** The outcome, once there is one. */
  read: BodyRead | null = null;
  readonly #body: AnswerBody;
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #size = 0;
  #tell: ((read: BodyRead) => void) | null = null;

  constructor(body: AnswerBody, bytesMax: number) {
    this.#body = body;
    this.#bytesMax = bytesMax;
  }

  data(bytes: Uint8Array): void {
    if (this.read) return;
    if (this.#size + bytes.byteLength > this.#bytesMax) {
      this.#body.cancel();
      this.#finish('too_large');
      return;
    }
    this.#size += bytes.byteLength;
    this.#parts.push(bytes);
  }

  end(): void {
    // A body shorter than its declared length was cut, even when the runtime says it ended.
    this.#finish((this.#body.declaredBytes ?? 0) > this.#size ? 'interrupted' : 'whole');
  }

  fail(): void {
    this.#finish('interrupted');
  }

  expire(): void {
    this.#body.cancel();
    this.#finish('timeout');
  }

  wait(timeoutMs: number): Promise<BodyRead> {
    return new Promise((resolve) => {
      const timer = startTimer(timeoutMs, this);
      this.#tell = (read: BodyRead) => {
        cancelTimer(timer);
        resolve(read);
      };
    });
  }

  #finish(kind: BodyRead['kind']): void {
    if (this.read) return;
    const read = { kind, bytes: join(this.#parts, this.#size) };
    this.read = read;
    this.#parts = [];
    this.#tell?.(read);
  }
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const only = parts[0];
  if (only && parts.length === 1) return only;
  return Buffer.concat(parts, size);
}
