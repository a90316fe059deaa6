// What must be taken out of a request that otherwise goes through byte for byte: reasoning of other providers (wire fact F18;
// Anthropic refuses signatures it did not make, OpenAI fields it does not know), and Claude Code's billing line on the way
// to Anthropic-shaped servers that are not Anthropic (F16). Untouched when there is none of it, as nearly always.
import type { Dialect } from '../../core/wire.ts';
import { asObject, asString, type JsonObject } from '../../lib/json.ts';
import { BILLING_PREFIX, withoutBillingLine } from './billing-line.ts';
import { ANTHROPIC_FORMAT, GEMINI_FORMAT, objectsOf, openSeal, SEAL } from './reasoning.ts';

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
  if (!body.text.includes('"reasoning_details"') && !body.text.includes('"thought_signature"'))
    return body.text;
  return rewritten(body.json, (message) => withoutDetails(message, STRICT.has(provider)));
}

function messagesBody(body: { readonly text: string; readonly json: JsonObject }, provider: string): string {
  const sealed = body.text.includes(`"${SEAL}`);
  const billed = provider !== 'anthropic' && body.text.includes(BILLING_PREFIX);
  if (!sealed && !billed) return body.text;
  const json = billed ? { ...body.json, system: withoutBillingLine(body.json.system) } : body.json;
  return sealed ? rewritten(json, withoutSealed) : JSON.stringify(json);
}

function rewritten(body: JsonObject, clean: (message: JsonObject) => JsonObject): string {
  return JSON.stringify({ ...body, messages: objectsOf(body.messages).map(clean) });
}

function withoutSealed(message: JsonObject): JsonObject {
  if (!Array.isArray(message.content)) return message;
  const content = message.content.filter((each) => openSeal(asString(asObject(each)?.signature)) === null);
  return { ...message, content };
}

/** Signatures of calls are left to servers that may be Google's own; only strict ones are spared them. */
function withoutDetails(message: JsonObject, strict: boolean): JsonObject {
  const cleaned = { ...message };
  const formats = objectsOf(message.reasoning_details).map((each) => each.format);
  if (formats.includes(ANTHROPIC_FORMAT) || formats.includes(GEMINI_FORMAT)) {
    delete cleaned.reasoning_details;
    delete cleaned.reasoning_content;
  }
  if (strict && Array.isArray(message.tool_calls))
    cleaned.tool_calls = objectsOf(message.tool_calls).map(({ extra_content: _, ...call }) => call);
  return cleaned;
}
