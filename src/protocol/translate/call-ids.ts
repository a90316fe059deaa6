// Ids of tool calls in the forms that providers accept. The same id always becomes the same id, so that calls and their
// results stay together through a whole conversation without anything being remembered.
import { createHash } from 'node:crypto';

/** OpenAI refuses ids longer than 40 characters; the end of our request ids is random and short enough. */
const REQUEST_CHARS = 20;

/** For a call that its provider gave no id; unique per request. */
export function makeCallId(prefix: 'call' | 'toolu', requestId: string, ordinal: string | number): string {
  return `${prefix}_${requestId.slice(-REQUEST_CHARS)}_${ordinal}`;
}

/** Anthropic takes letters, digits, `_` and `-` only. */
export function anthropicCallId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '_');
}

/** Mistral takes exactly nine letters and digits. */
export function nineCharCallId(id: string): string {
  return /^[a-zA-Z0-9]{9}$/.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 9);
}
