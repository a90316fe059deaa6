// The only changes a same-protocol chat body suffers: the model's name, and the wish for the usage chunk.
// Every other byte stays as it came.
import { appError } from '../../errors/app-error.ts';
import { findTopLevel, type JsonSpan, splice } from '../../lib/json-spans.ts';

export interface BodyRewrite {
  /** The name to put in place of the asked one; null leaves it. */
  readonly model: string | null;
  /** Ask for usage at the end of the stream, on behalf of a caller who did not. */
  readonly includeUsage: boolean;
  /** What becomes of a temperature of 0, which some models refuse (OVERRIDE_TEMPERATURE_ZERO). */
  readonly temperatureZero: 'keep' | 'remove' | 'set';
}

/** Keys that decide rights or accounting: two of them in one body could mean one thing here and another upstream. */
const SINGULAR_KEYS = [
  'model',
  'stream',
  'stream_options',
  'n',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
] as const;

/** `text` must be the text of a JSON object. Throws AppError `invalid_request` when a deciding key is repeated. */
export function rewriteBody(text: string, rewrite: BodyRewrite): string {
  const { spans, close } = findTopLevel(text, SINGULAR_KEYS);
  for (const [key, found] of spans) {
    if (found.length < 2) continue;
    throw appError('invalid_request', { params: { detail: `'${key}' appears more than once` }, param: key });
  }
  const edits: (JsonSpan & { text: string })[] = [];
  const model = spans.get('model')?.[0];
  if (rewrite.model !== null && model) edits.push({ ...model, text: JSON.stringify(rewrite.model) });
  if (rewrite.includeUsage) edits.push(usageEdit(text, spans.get('stream_options')?.[0], close));
  const temperature = spans.get('temperature')?.[0];
  if (
    temperature &&
    rewrite.temperatureZero !== 'keep' &&
    Number(text.slice(temperature.start, temperature.end)) === 0
  ) {
    // `null` says "not set" to every server of this format, and keeps the edit to one value.
    edits.push({ ...temperature, text: rewrite.temperatureZero === 'set' ? '1.0' : 'null' });
  }
  return edits.length === 0 ? text : splice(text, edits);
}

function usageEdit(text: string, options: JsonSpan | undefined, close: number): JsonSpan & { text: string } {
  if (!options) return { start: close, end: close, text: ',"stream_options":{"include_usage":true}' };
  const given = text.slice(options.start, options.end);
  const wished = { ...(JSON.parse(given) as object | null), include_usage: true };
  return { ...options, text: JSON.stringify(wished) };
}
