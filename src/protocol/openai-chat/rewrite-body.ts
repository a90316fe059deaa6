// The only changes a same-protocol chat body suffers: the model's name, and the wish for the usage chunk.
// Every other byte stays as it came.
import { appError } from '../../errors/app-error.ts';
import type { JsonObject } from '../../lib/json.ts';
import { findTopLevel, type JsonSpan, type TextEdit } from '../../lib/json-spans.ts';

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

const QUOTED_KEYS = SINGULAR_KEYS.map((key) => ({ key, quoted: `"${key}"` }));

/** A longer text is read in one pass that leaps over its strings; a shorter one is faster searched for each key. */
export const SEARCHED_CHARS_MAX = 16_384;

/** What `text` says, for top-level names: it may be `json` written otherwise, but with the same names. */
export interface JsonText {
  readonly text: string;
  readonly json: JsonObject;
}

interface Places {
  readonly model: JsonSpan | undefined;
  readonly options: JsonSpan | undefined;
  readonly temperature: JsonSpan | undefined;
  /** Index of the closing brace of the object. */
  readonly close: number;
}

/** What is to be changed in the text. Throws AppError `invalid_request` when a deciding key is repeated. */
export function editsOf(body: JsonText, rewrite: BodyRewrite): readonly TextEdit[] {
  const { text } = body;
  const { model, options, temperature, close } = search(body, rewrite) ?? read(text);
  const edits: TextEdit[] = [];
  if (rewrite.model !== null && model) edits.push({ ...model, text: JSON.stringify(rewrite.model) });
  if (rewrite.includeUsage) edits.push(usageEdit(text, options, close));
  if (
    temperature &&
    rewrite.temperatureZero !== 'keep' &&
    Number(text.slice(temperature.start, temperature.end)) === 0
  ) {
    // `null` says "not set" to every server of this format, and keeps the edit to one value.
    edits.push({ ...temperature, text: rewrite.temperatureZero === 'set' ? '1.0' : 'null' });
  }
  return edits;
}

/**
 * The places by plain search, or null where only reading tells: a name that occurs more than once may be repeated or
 * stand in a nested object. A quote within a string is written `\"`, so that `"model"` is never part of one.
 */
function search({ text, json }: JsonText, rewrite: BodyRewrite): Places | null {
  // A name may be spelt with escapes: its letters then begin with `\u00`.
  if (text.length > SEARCHED_CHARS_MAX || text.includes('\\u00')) return null;
  for (const { key, quoted } of QUOTED_KEYS) {
    // What is not there once is not there twice.
    if (json[key] === undefined) continue;
    const at = text.indexOf(quoted);
    if (at >= 0 && text.indexOf(quoted, at + quoted.length) >= 0) return null;
  }
  if (rewrite.includeUsage && json.stream_options !== undefined) return null;
  if (rewrite.temperatureZero !== 'keep' && json.temperature !== undefined) return null;
  const model = typeof json.model === 'string' ? modelSpan(text, json.model) : undefined;
  if (model === null) return null;
  return { model, options: undefined, temperature: undefined, close: text.lastIndexOf('}') };
}

/** Where the one `"model"` has its value, when both are written plainly. */
function modelSpan(text: string, value: string): JsonSpan | null {
  const mark = text.indexOf('"model":');
  if (mark < 0) return null;
  let start = mark + 8;
  while (text.charCodeAt(start) === SPACE) start += 1;
  const end = start + value.length + 2;
  const isPlain =
    text.charCodeAt(start) === QUOTE &&
    text.startsWith(value, start + 1) &&
    text.charCodeAt(end - 1) === QUOTE;
  return isPlain ? { start, end } : null;
}

const SPACE = 32;
const QUOTE = 34;

function read(text: string): Places {
  const { spans, close } = findTopLevel(text, SINGULAR_KEYS);
  for (const [key, found] of spans) {
    if (found.length < 2) continue;
    throw appError('invalid_request', { params: { detail: `'${key}' appears more than once` }, param: key });
  }
  const first = (key: string) => spans.get(key)?.[0];
  return {
    model: first('model'),
    options: first('stream_options'),
    temperature: first('temperature'),
    close,
  };
}

function usageEdit(text: string, options: JsonSpan | undefined, close: number): TextEdit {
  if (!options) return { start: close, end: close, text: ',"stream_options":{"include_usage":true}' };
  const given = text.slice(options.start, options.end);
  const wished = { ...(JSON.parse(given) as object | null), include_usage: true };
  return { ...options, text: JSON.stringify(wished) };
}
