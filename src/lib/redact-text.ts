// Takes secrets out of other people's texts before they are stored or shown. The net is narrow on purpose:
// blunt redaction loses the message itself (the predecessor's E30).

/** Longest text of a foreign error that is kept (ERROR_MESSAGE_MAX_CHARS' default). */
export const REDACTED_CHARS_MAX = 500;

const MARK = '[redacted]';
const KEY_LIKE =
  /\b(?:(?:sk|pk|rk|tg|gsk|xai|nvapi|csk|cpk|pplx|fw|hf|key|r8)[-_][A-Za-z0-9_*.-]{6,}|AIza[A-Za-z0-9_*-]{6,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_.-]+)/g;
const CARRIER =
  /\b(bearer|basic|x-api-key|x-goog-api-key|api[-_ ]?key)(["']?\s*[:=]?\s*["']?)([A-Za-z0-9+/_*.-]{16,})/gi;

/** The text without `secrets` and without anything that looks like a key, cut to `charsMax`. */
export function redactText(
  text: string,
  secrets: readonly string[] = [],
  charsMax = REDACTED_CHARS_MAX,
): string {
  // Cutting first keeps the work bounded; the slack lets a key at the border be seen whole.
  let clean = text.slice(0, charsMax + 4_096);
  for (const secret of secrets) if (secret.length >= 4) clean = clean.replaceAll(secret, MARK);
  clean = clean.replace(CARRIER, `$1$2${MARK}`).replace(KEY_LIKE, MARK);
  return clean.length <= charsMax ? clean : `${clean.slice(0, charsMax - 1)}…`;
}

/** A secret as people may see it: enough to tell two keys apart, never enough to use one. */
export function maskSecret(secret: string): string {
  if (secret === '') return '(no key)';
  return secret.length < 20 ? '…' : `${secret.slice(0, 3)}…${secret.slice(-4)}`;
}
