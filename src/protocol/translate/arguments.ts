// Tool call arguments: OpenAI's JSON text against the objects of Anthropic and Gemini. A malformed text is kept, never lost.
import { asObject, asString, type Json, type JsonObject, parseJson } from '../../lib/json.ts';

/** Where arguments that are no JSON object are kept, so that the model sees what it wrote. */
const RAW_KEY = 'raw_arguments';

export function argumentsToObject(text: Json | undefined): JsonObject {
  const given = asObject(text);
  if (given) return given;
  const raw = asString(text) ?? '';
  if (raw.trim() === '') return {};
  return asObject(parseJson(raw)) ?? { [RAW_KEY]: raw };
}

/** The text of the object, or the malformed text that was kept in it. */
export function objectToArguments(input: Json | undefined): string {
  const object = asObject(input) ?? {};
  const raw = asString(object[RAW_KEY]);
  if (raw !== null && Object.keys(object).length === 1) return raw;
  return JSON.stringify(object);
}

/** True when nothing is missing from these arguments, so that another block may begin. */
export function areComplete(text: string): boolean {
  // Most pieces do not end an object; looking at the last character spares parsing all of it each time.
  if (!/\}\s*$/.test(text.slice(-16))) return false;
  return asObject(parseJson(text)) !== null;
}
