// Reads an answer's body whole, within a bound of bytes and of time. Never throws and never holds more than the bound.

import { cancelTimer, startTimer } from '../lib/coarse-timer.ts';

export type BodyRead =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  /** Ended by the bound, the time limit or the connection; `bytes` may hold a first part. */
  | { readonly kind: 'too_large' | 'timeout' | 'interrupted'; readonly bytes: Uint8Array };

const NOTHING = new Uint8Array();

export interface ReadBoundedOptions {
  readonly response: Response;
  readonly bytesMax: number;
  /** For the whole body. */
  readonly timeoutMs: number;
  /** Ends the exchange and frees its socket. */
  readonly cancel: () => void;
}

export async function readBounded(options: ReadBoundedOptions): Promise<BodyRead> {
  const { response, bytesMax, timeoutMs, cancel } = options;
  const declared = Number(response.headers.get('content-length') ?? Number.NaN);
  if (declared > bytesMax) {
    cancel();
    return { kind: 'too_large', bytes: NOTHING };
  }
  let timedOut = false;
  const timer = startTimer(timeoutMs, () => {
    timedOut = true;
    cancel();
  });
  try {
    // A declared length within the bound is the common case, and the runtime reads it whole most cheaply.
    if (declared >= 0) return finish(await response.bytes(), declared);
    return await readParts(response, bytesMax, cancel);
  } catch {
    return { kind: timedOut ? 'timeout' : 'interrupted', bytes: NOTHING };
  } finally {
    cancelTimer(timer);
  }
}

async function readParts(response: Response, bytesMax: number, cancel: () => void): Promise<BodyRead> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const step = await reader?.read();
    if (!step || step.done) return { kind: 'whole', bytes: join(parts, size) };
    size += step.value.byteLength;
    if (size > bytesMax) {
      cancel();
      return { kind: 'too_large', bytes: join(parts, size - step.value.byteLength) };
    }
    parts.push(step.value);
  }
}

/** A body shorter than its declared length was cut, even when the runtime says it ended. */
function finish(bytes: Uint8Array, declared: number): BodyRead {
  return { kind: declared > bytes.byteLength ? 'interrupted' : 'whole', bytes };
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const only = parts[0];
  if (only && parts.length === 1) return only;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    if (at + part.byteLength > size) break;
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
