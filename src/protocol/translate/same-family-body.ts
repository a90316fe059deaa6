// What must be taken out of a request that otherwise goes through byte for byte: reasoning of other providers (wire fact F18;
// Anthropic refuses signatures it did not make, OpenAI fields it does not know), and Claude Code's billing line on the way
// to Anthropic-shaped servers that are not Anthropic (F16). Untouched when there is none of it, as nearly always:
// the messages are looked through, which costs next to nothing where a search of a long text costs milliseconds.
import type { Dialect } from '../../core/wire.ts';
import { asArray, asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';
import { hasBillingLine, withoutBillingLine } from './billing-line.ts';
import { ANTHROPIC_FORMAT, GEMINI_FORMAT, objectsOf, openSeal } from './reasoning.ts';

/** Understands the details of both formats as its own. */
const KEEPS_DETAILS = 'openrouter';
/** Refuse fields of messages that they do not know. */
const STRICT: ReadonlySet<string> = new Set(['openai', 'azure']);

/** The text to send: as it came, or written anew without what belongs to another provider. */
export function sameFamilyBody(
  body: { readonly text: string; readonly json: JsonObject },
  dialect: Dialect,
  provider: string,
): string {
  if (dialect === 'anthropic-messages') return messagesBody(body, provider);
  if (dialect !== 'openai-chat' || provider === KEEPS_DETAILS) return body.text;
  const isStrict = STRICT.has(provider);
  if (!anyObject(body.json.messages, (message) => holdsDetails(message, isStrict))) return body.text;
  return rewritten(body.json, (message) => withoutDetails(message, isStrict));
}

function messagesBody(body: { readonly text: string; readonly json: JsonObject }, provider: string): string {
  const hasSeal = anyObject(body.json.messages, holdsSealed);
  const isBilled = provider !== 'anthropic' && hasBillingLine(body.json.system);
  if (!hasSeal && !isBilled) return body.text;
  const json = isBilled ? { ...body.json, system: withoutBillingLine(body.json.system) } : body.json;
  return hasSeal ? rewritten(json, withoutSealed) : JSON.stringify(json);
}

function rewritten(body: JsonObject, clean: (message: JsonObject) => JsonObject): string {
  return JSON.stringify({ ...body, messages: objectsOf(body.messages).map(clean) });
}

function holdsSealed({ content }: JsonObject): boolean {
  return Array.isArray(content) && content.some(isSealed);
}

function withoutSealed(message: JsonObject): JsonObject {
  if (!Array.isArray(message.content)) return message;
  return { ...message, content: message.content.filter((each) => !isSealed(each)) };
}

function isSealed(part: Json): boolean {
  return openSeal(asString(asObject(part)?.signature)) !== null;
}

function holdsDetails(message: JsonObject, isStrict: boolean): boolean {
  return isElsewheres(message) || (isStrict && anyObject(message.tool_calls, holdsExtra));
}

/** Signatures of calls are left to servers that may be Google's own; only strict ones are spared them. */
function withoutDetails(message: JsonObject, isStrict: boolean): JsonObject {
  const cleaned = { ...message };
  if (isElsewheres(message)) {
    delete cleaned.reasoning_details;
    delete cleaned.reasoning_content;
  }
  if (isStrict && Array.isArray(message.tool_calls))
    cleaned.tool_calls = objectsOf(message.tool_calls).map(({ extra_content: _, ...call }) => call);
  return cleaned;
}

/** Reasoning that another family signed. */
function isElsewheres({ reasoning_details: details }: JsonObject): boolean {
  return anyObject(details, ({ format }) => format === ANTHROPIC_FORMAT || format === GEMINI_FORMAT);
}

function anyObject(list: Json | undefined, holds: (each: JsonObject) => boolean): boolean {
  const meets = (each: Json) => {
    const object = asObject(each);
    return object !== null && holds(object);
  };
  return asArray(list)?.some(meets) ?? false;
}

function holdsExtra(call: JsonObject): boolean {
  return call.extra_content !== undefined;
}
