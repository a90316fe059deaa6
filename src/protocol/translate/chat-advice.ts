// Advisory fields inside chat messages that no other format has a place for: named to the caller, never dropped in silence.
import { asObject, type JsonObject } from '../../lib/json.ts';
import { objectsOf } from './reasoning.ts';

/** `auto` is what every provider does anyway. */
export function adviceInMessages(body: JsonObject): string[] {
  const messages = objectsOf(body.messages);
  const parts = messages.flatMap((message) => objectsOf(message.content));
  const hasName = messages.some((message) => message.name != null && message.role !== 'tool');
  const hasDetail = parts.some((part) => ![undefined, null, 'auto'].includes(detailOf(part)));
  return [...(hasName ? ['messages.name'] : []), ...(hasDetail ? ['image_url.detail'] : [])];
}

function detailOf(part: JsonObject): string | null | undefined {
  const detail = asObject(part.image_url)?.detail;
  return typeof detail === 'string' ? detail : undefined;
}
