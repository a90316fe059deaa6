// Holds a stream until its first real event, so that one which fails before it can still be tried elsewhere
// (faults.md U8). Bounded in time and bytes; past the bound the stream is handed on as it is.
import type { FailureKind } from '../core/usage-event.ts';
import { asObject, asString, parseJson } from '../lib/json.ts';
import { redactText } from '../lib/redact-text.ts';
import { createSseParser, type SseEvent } from '../protocol/sse.ts';
import { LookAhead } from './body-source.ts';
import { classifyStreamError } from './classify-failure.ts';

/** A model may think for minutes before its first event: callers then wait with an open stream, not with us. */
export const HOLD_MS_MAX = 10_000;
export const HOLD_BYTES_MAX = 65_536;

export type Held =
  | { readonly kind: 'real'; readonly source: LookAhead }
  | { readonly kind: 'failure'; readonly failure: FailureKind; readonly message: string };

export interface HoldOptions {
  readonly response: Response;
  /** At most this long. */
  readonly holdMs: number;
  readonly secrets: readonly string[];
}

export async function holdStream(options: HoldOptions): Promise<Held> {
  const source = new LookAhead(options.response);
  const parser = createSseParser();
  let size = 0;
  let over = false;
  let release = () => {};
  const timeUp = new Promise<'time'>((resolve) => {
    release = () => resolve('time');
  });
  const timer = setTimeout(() => {
    over = true;
    release();
  }, options.holdMs);
  try {
    while (!over && size < HOLD_BYTES_MAX) {
      const step = await Promise.race([source.look(), timeUp]);
      if (step === 'time') break;
      source.keep(step);
      const events = step.done || !step.value ? parser.end() : parser.push(step.value);
      for (const event of events) {
        const verdict = judge(event, options.secrets);
        if (verdict === 'real') return { kind: 'real', source };
        if (verdict !== 'prelude') return verdict;
      }
      if (step.done) return interrupted('The stream ended before its first event.');
      size += step.value?.byteLength ?? 0;
    }
    return { kind: 'real', source };
  } catch {
    return interrupted('The connection broke before the first event.');
  } finally {
    clearTimeout(timer);
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
