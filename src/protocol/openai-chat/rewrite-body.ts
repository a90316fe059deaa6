// The only changes a same-protocol chat body suffers: the model's name, and the wish for the usage chunk.
// Every other byte stays as it came.
import {
  type JsonSpan,
  type Member,
  type Outline,
  readOutline,
  type TextEdit,
} from '../../lib/json-spans.ts';

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

/** Where the deciding keys of a body are, and whether one is repeated. */
export function outlineOf(text: string): Outline {
  return readOutline(text, SINGULAR_KEYS);
}

/** What is to be changed in the text, whose outline is given. */
export function editsOf(text: string, outline: Outline, rewrite: BodyRewrite): readonly TextEdit[] {
  const { members, close } = outline;
  const edits: TextEdit[] = [];
  const model = rewrite.model === null ? undefined : spanOf(members, 'model');
  if (model) edits.push({ start: model.start, end: model.end, text: JSON.stringify(rewrite.model) });
  if (rewrite.includeUsage) edits.push(usageEdit(text, spanOf(members, 'stream_options'), close));
  const temperature = rewrite.temperatureZero === 'keep' ? undefined : spanOf(members, 'temperature');
  if (temperature && Number(text.slice(temperature.start, temperature.end)) === 0) {
    const { start, end } = temperature;
    // `null` says "not set" to every server of this format, and keeps the edit to one value.
    edits.push({ start, end, text: rewrite.temperatureZero === 'set' ? '1.0' : 'null' });
  }
  return edits;
}

function spanOf(members: readonly Member[], key: (typeof SINGULAR_KEYS)[number]): JsonSpan | undefined {
  return members.find((member) => member.key === key);
}

function usageEdit(text: string, options: JsonSpan | undefined, close: number): TextEdit {
  if (!options) return { start: close, end: close, text: ',"stream_options":{"include_usage":true}' };
  const given = text.slice(options.start, options.end);
  const wished = { ...(JSON.parse(given) as object | null), include_usage: true };
  return { start: options.start, end: options.end, text: JSON.stringify(wished) };
}
