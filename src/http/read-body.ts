// A request body within bounds of bytes and time. Nothing over the bound is ever buffered.
import { AppError, appError } from '../errors/app-error.ts';
import { type CoarseTimer, cancelTimer, startTimer, type TimeLimited } from '../lib/coarse-timer.ts';

/**
 * Throws AppError `body_too_large` or `unsupported_media_type` at once; rejects with `request_timeout` or, for a body
 * without a declared length, `body_too_large`. An absent body is empty.
 */
export function readBody(request: Request, bytesMax: number, timeoutMs: number): Promise<Uint8Array> {
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') {
    // Unpacking would let a few kilobytes become gigabytes.
    throw appError('unsupported_media_type', {
      params: { detail: `The body is ${encoding}-encoded. Send it plain.` },
    });
  }
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > bytesMax) throw tooLarge(bytesMax);
  return new BodyReading(declared === null ? readParts(request, bytesMax) : request.bytes(), timeoutMs).bytes;
}

/** A body on its way, for a bounded time. */
class BodyReading implements TimeLimited {
  readonly #waiting = Promise.withResolvers<Uint8Array>();
  readonly #timer: CoarseTimer;

  constructor(reading: Promise<Uint8Array>, timeoutMs: number) {
    this.#timer = startTimer(timeoutMs, this);
    reading.then(
      (bytes) => this.#arrived(bytes),
      (error: unknown) => this.#failed(error),
    );
  }

  get bytes(): Promise<Uint8Array> {
    return this.#waiting.promise;
  }

  expire(): void {
    this.#waiting.reject(appError('request_timeout'));
  }

  #arrived(bytes: Uint8Array): void {
    cancelTimer(this.#timer);
    this.#waiting.resolve(bytes);
  }

  /** A connection that broke off is the caller's doing and no failure of ours. */
  #failed(error: unknown): void {
    cancelTimer(this.#timer);
    this.#waiting.reject(error instanceof AppError ? error : appError('body_interrupted', { cause: error }));
  }
}

async function readParts(request: Request, bytesMax: number): Promise<Uint8Array> {
  const reader = request.body?.getReader();
  if (!reader) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const step = await reader.read();
    if (step.done) return Buffer.concat(parts, size);
    size += step.value.byteLength;
    if (size > bytesMax) {
      reader.cancel().catch(() => {});
      throw tooLarge(bytesMax);
    }
    parts.push(step.value);
  }
}

function tooLarge(bytesMax: number) {
  return appError('body_too_large', { params: { limit: bytesMax } });
}
