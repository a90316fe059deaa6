// Claude Code's billing line: it changes from request to request and so defeats every prefix cache but Anthropic's own.
// It is taken out before a request reaches any other provider (wire fact F16) and left alone on the way to Anthropic.
import { asArray, asObject, asString, type Json } from '../../lib/json.ts';

const BILLING_PREFIX = 'x-anthropic-billing-header:';

export function hasBillingLine(system: Json | undefined): boolean {
  const text = asString(system);
  if (text !== null) return text.startsWith(BILLING_PREFIX);
  return asArray(system)?.some(isBillingBlock) ?? false;
}

/** The system prompt without the billing line, in the form it came in; undefined when nothing else was in it. */
export function withoutBillingLine(system: Json | undefined): Json | undefined {
  const text = asString(system);
  if (text !== null) return withoutLine(text) || undefined;
  const blocks = asArray(system);
  if (!blocks) return system;
  return blocks.filter((block) => !isBillingBlock(block));
}

function isBillingBlock(block: Json): boolean {
  return asString(asObject(block)?.text)?.startsWith(BILLING_PREFIX) ?? false;
}

function withoutLine(text: string): string {
  if (!text.startsWith(BILLING_PREFIX)) return text;
  const end = text.indexOf('\n');
  return end < 0 ? '' : text.slice(end + 1).trimStart();
}
