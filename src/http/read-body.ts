// A request body within bounds of bytes and time. Nothing over the bound is ever buffered.
import { AppError, appError } from '../errors/app-error.ts';

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
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(appError('request_timeout')), limits.timeoutMs);
  });
  try {
    const reading = declared === null ? readParts(request, limits) : request.bytes();
    return await Promise.race([reading, late]);
  } catch (error) {
    // A connection that broke off is the caller's doing and no failure of ours.
    throw error instanceof AppError ? error : appError('body_interrupted', { cause: error });
  } finally {
    clearTimeout(timer);
  }
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
