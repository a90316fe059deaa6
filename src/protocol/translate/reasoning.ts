// Reasoning on its way through a conversation: as `reasoning_details` of chat messages and as Anthropic's thinking blocks.
// Signed reasoning goes back to the provider that made it and to nobody else (wire fact F18).
import { asArray, asObject, asString, type Json, type JsonObject, parseJson } from '../../lib/json.ts';

/** `format` of entries that hold Anthropic's own signatures. */
export const ANTHROPIC_FORMAT = 'anthropic-claude-v1';
/** `format` of entries that hold Gemini's thought signatures. */
export const GEMINI_FORMAT = 'google-gemini-v1';

/** Signatures that Tollgate makes begin so; no provider's do, since theirs are base64 without a dot. */
const SEAL = 'tollgate.';

/** What a thinking block of a foreign provider carries in its signature, to be unpacked when it comes back. */
export interface Sealed {
  readonly provider: string;
  readonly details: JsonObject[];
}

export function sealReasoning(sealed: Sealed): string {
  return SEAL + Buffer.from(JSON.stringify(sealed)).toString('base64url');
}

/** Null when the signature is not one of ours. */
export function openSeal(signature: string | null): Sealed | null {
  if (!signature?.startsWith(SEAL)) return null;
  const sealed = asObject(parseJson(Buffer.from(signature.slice(SEAL.length), 'base64url').toString('utf8')));
  return { provider: asString(sealed?.provider) ?? '', details: objectsOf(sealed?.details) };
}

export function objectsOf(list: Json | undefined): JsonObject[] {
  return (asArray(list) ?? []).map(asObject).filter((each) => each !== null);
}

/** How much of the answer stood before a piece of thinking: characters of text, and tool calls. */
export interface Place {
  readonly text: number;
  readonly calls: number;
}

/** Thinking that comes first, as it nearly always does, carries no mark. */
export function writePlace(place: Place): JsonObject {
  return place.text === 0 && place.calls === 0 ? {} : { after: { text: place.text, calls: place.calls } };
}

export function readPlace(detail: JsonObject): Place {
  const after = asObject(detail.after);
  const count = (value: Json | undefined) => (typeof value === 'number' && value > 0 ? Math.floor(value) : 0);
  return { text: count(after?.text), calls: count(after?.calls) };
}

/** Reasoning text under any of the names that OpenAI-shaped providers use. */
export function reasoningText(message: JsonObject): string {
  return asString(message.reasoning_content) ?? asString(message.reasoning) ?? '';
}

/** More reasoning than this is not kept for the way back; it is then left out as a whole. */
const DETAIL_CHARS_MAX = 4 * 1024 * 1024;
const DETAILS_MAX = 1_000;

/** Streamed details put together: fragments of one index grow one entry. */
export class DetailList {
  readonly #details: JsonObject[] = [];
  #chars = 0;

  add(fragment: JsonObject): void {
    this.#chars += JSON.stringify(fragment).length;
    if (this.#details.length >= DETAILS_MAX) this.#chars = Number.POSITIVE_INFINITY;
    if (this.#chars > DETAIL_CHARS_MAX) return;
    const same = this.#details.find(
      (each) => each.index !== undefined && each.index === fragment.index && each.type === fragment.type,
    );
    if (!same) this.#details.push({ ...fragment });
    else for (const [name, value] of Object.entries(fragment)) same[name] = grown(name, same[name], value);
  }

  /** Empties the list. */
  take(): JsonObject[] {
    const whole = this.#chars <= DETAIL_CHARS_MAX;
    this.#chars = 0;
    const details = this.#details.splice(0);
    return whole ? details : [];
  }
}

/** The details of a message. Clients that only collect a stream's fragments send them back unjoined. */
export function mergeDetails(fragments: Json | undefined): JsonObject[] {
  const list = new DetailList();
  for (const fragment of objectsOf(fragments)) list.add(fragment);
  return list.take();
}

const GROWING = new Set(['text', 'summary', 'data']);

function grown(name: string, earlier: Json | undefined, later: Json | undefined): Json | undefined {
  if (GROWING.has(name) && typeof earlier === 'string' && typeof later === 'string') return earlier + later;
  return later ?? earlier;
}
