// A request body within bounds of bytes and time. Nothing over the bound is ever buffered.
import { AppError, appError } from '../errors/app-error.ts';
import { cancelTimer, startTimer } from '../lib/coarse-timer.ts';

export interface BodyLimits {
  readonly bytesMax: number;
  readonly timeoutMs: number;
}

/** Throws AppError `body_too_large`, `request_timeout` or `unsupported_media_type`. An absent body is empty. */
export async function readBody(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') {
    // Unpacking would let a few kilobytes become gigabytes.
    throw appError('unsupported_media_type', {
      params: { detail: `The body is ${encoding}-encoded. Send it plain.` },
    });
  }
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > limits.bytesMax) throw tooLarge(limits);
  const reading = declared === null ? readParts(request, limits) : request.bytes();
  // A small body has mostly come with its head: then there is nothing to wait for.
  return Bun.peek.status(reading) === 'fulfilled' ? reading : withinTime(reading, limits.timeoutMs);
}

function withinTime(reading: Promise<Uint8Array>, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const timer = startTimer(timeoutMs, () => reject(appError('request_timeout')));
    // A connection that broke off is the caller's doing and no failure of ours.
    const fail = (error: unknown) =>
      reject(error instanceof AppError ? error : appError('body_interrupted', { cause: error }));
    reading.then(resolve, fail).finally(() => cancelTimer(timer));
  });
}

async function readParts(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const reader = request.body?.getReader();
  if (!reader) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const step = await reader.read();
    if (step.done) return Buffer.concat(parts, size);
    size += step.value.byteLength;
    if (size > limits.bytesMax) {
      reader.cancel().catch(() => {});
      throw tooLarge(limits);
    }
    parts.push(step.value);
  }
}

function tooLarge(limits: BodyLimits) {
  return appError('body_too_large', { params: { limit: limits.bytesMax } });
}
