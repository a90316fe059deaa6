// Reads a provider's error answer, whatever its shape. Never throws; every text it gives is redacted and bounded.
import { asArray, asObject, asString, type Json, type JsonObject, parseJson } from '../lib/json.ts';
import { redactText } from '../lib/redact-text.ts';

/** More of an error body than this is never read. */
export const ERROR_BODY_BYTES_MAX = 65_536;

export interface ProviderError {
  readonly message: string;
  readonly type: string | null;
  readonly code: string | null;
  readonly param: string | null;
  /** Gemini's `details[].reason`, when there. */
  readonly reason: string | null;
}

/** The error inside a parsed body: OpenAI, Anthropic, Gemini (object or list), `{message}`, `{detail}`, plain text. */
export function readProviderError(
  text: string,
  secrets: readonly string[],
): { error: ProviderError; body: Json | null } {
  const body = parseJson(text) ?? null;
  const root = asObject(asArray(body)?.[0] ?? body);
  const inner = asObject(root?.error) ?? root;
  const clean = (value: string | null, max?: number) =>
    value === null ? null : redactText(value, secrets, max);
  const error: ProviderError = {
    message: clean(messageOf(root, inner) ?? plainText(text, body)) ?? '',
    type: clean(asString(inner?.type) ?? asString(inner?.status), 64),
    code: clean(scalar(inner?.code), 64),
    param: clean(asString(inner?.param), 128),
    reason: clean(reasonOf(inner), 64),
  };
  return { error, body };
}

function messageOf(root: JsonObject | null, inner: JsonObject | null): string | null {
  return (
    asString(inner?.message) ??
    asString(root?.error) ??
    asString(root?.message) ??
    asString(root?.detail) ??
    asString(asObject(asArray(root?.detail)?.[0])?.msg)
  );
}

/** A text that is no JSON is shown only when it is no page: HTML of some proxy tells a caller nothing. */
function plainText(text: string, body: Json | null): string {
  return body !== null || /<\w+[^>]*>/.test(text) ? '' : text.trim();
}

function scalar(value: Json | undefined): string | null {
  return typeof value === 'number' ? String(value) : asString(value);
}

function reasonOf(inner: JsonObject | null): string | null {
  for (const entry of asArray(inner?.details) ?? []) {
    const reason = asString(asObject(entry)?.reason);
    if (reason !== null) return reason;
  }
  return null;
}
